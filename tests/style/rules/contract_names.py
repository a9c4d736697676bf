"""One contract in a file, named as the file, and no name twice: ape drops the second without a word."""

from collections.abc import Iterable
from pathlib import Path

from rules.report import Problem
from rules.solidity import CONTRACT_KINDS, Source, sources

_TYPE_KINDS = frozenset({"struct", "enum", "type"})


def naming(root: Path) -> list[Problem]:
    """What breaks the naming rule below a folder of contracts."""
    files = sources(root)
    found = []
    for file, source in files.items():
        found += _type_file(file, source) if file.startswith("types/") else _contract_file(file, source)
    return found + _repeated(files)


def not_compiled(root: Path, compiled: Iterable[str]) -> list[Problem]:
    """Contracts that are in the sources or in the compiler's output, but not in both."""
    defined = {one.name: file for file, source in sources(root).items() for one in source.contracts}
    known = set(compiled)
    missing = [
        Problem(file, f"{name} was not compiled") for name, file in defined.items() if name not in known
    ]
    # ape keeps what it compiled of a file that is gone.
    left = "was compiled, but no source defines it: remove .build and run `make compile`"
    return missing + [Problem(name, left) for name in known - set(defined)]


def _contract_file(file: str, source: Source) -> list[Problem]:
    names = [one.name for one in source.contracts]
    if names == [Path(file).stem]:
        return []
    return [Problem(file, f"defines {', '.join(names) or 'no contract'} instead of {Path(file).stem} alone")]


def _type_file(file: str, source: Source) -> list[Problem]:
    """A file of types bears the name of one of them, and holds no contract but a library on them."""
    found = []
    if Path(file).stem not in {one.name for one in source.definitions if one.kind in _TYPE_KINDS}:
        found.append(Problem(file, f"defines no type {Path(file).stem}"))
    strange = [one.name for one in source.contracts if one.kind != "library"]
    return found + [Problem(file, f"{name} does not belong among the types") for name in strange]


def _repeated(files: dict[str, Source]) -> list[Problem]:
    kinds = CONTRACT_KINDS | _TYPE_KINDS
    places: dict[str, list[str]] = {}
    for file, source in files.items():
        for one in source.definitions:
            if one.depth == 0 and one.kind in kinds:
                places.setdefault(one.name, []).append(file)
    return [
        Problem(name, f"is defined in {', '.join(where)}") for name, where in places.items() if len(where) > 1
    ]
