"""One name for one thing, in Solidity and in Python; and the three rounding words."""

import ast
import dataclasses
import enum
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rules.report import Problem
from rules.solidity import Definition, Source

# `floor`, `ceil` and `trunc` say where a signed number goes; these do not.
_ROUNDING = re.compile(
    r"(?:(?<![A-Za-z])round|Round|ROUND)(?:s|ed|ing)?[ _-]?(?:[Dd]own|[Uu]p|DOWN|UP)\b"
    r"|\bmul_?(?:[Dd]own|[Uu]p)\b"
)
_TWIN = re.compile(r"Twin of `(?P<first>[\w/]+\.sol)`(?: and `(?P<second>[\w/]+\.sol)`)?")
_MEMBER = re.compile(r"(?P<type>[\w.\[\]]+)\s+(?P<name>\w+)\s*;")
# What Python has itself: floor division, and built-in functions.
_BUILT_IN = frozenset({"abs", "min", "max", "div_floor", "div_ceil"})


def rounding_words(texts: Mapping[str, str]) -> list[Problem]:
    """Words for rounding other than the three, by path."""
    return [
        Problem(path, f"line {text.count(chr(10), 0, found.start()) + 1} says {found.group()!r}")
        for path, text in texts.items()
        for found in _ROUNDING.finditer(text)
    ]


def structs(files: Iterable[Source]) -> dict[str, dict[str, str]]:
    """Fields of every struct that stands outside the contracts by name, in order, with their types."""
    found = {}
    for source in files:
        for one in source.definitions:
            if one.kind == "struct" and one.depth == 0:
                body = source.code[one.start : one.end].partition("{")[2]
                found[one.name] = {member["name"]: member["type"] for member in _MEMBER.finditer(body)}
    return found


def enums(files: Iterable[Source]) -> dict[str, tuple[str, ...]]:
    """Members of every enum by name, in order."""
    found = {}
    for source in files:
        for one in source.definitions:
            if one.kind == "enum":
                body = source.code[one.start : one.end].partition("{")[2]
                found[one.name] = tuple(re.findall(r"\w+", body))
    return found


def record_twins(solidity: Mapping[str, Iterable[str]], python: Mapping[str, type]) -> list[Problem]:
    """Python records and enums with other members than the Solidity type of that name, or another order."""
    found = []
    for name, kind in python.items():
        wanted = [snake(member) for member in solidity.get(name, ())]
        given = [member.lower() for member in _members(kind)]
        if given != wanted:
            what = f"has {', '.join(given)} in Python, {', '.join(wanted) or 'nothing'} in Solidity"
            found.append(Problem(name, what))
    return found


def abi_fields(
    solidity: Mapping[str, Mapping[str, str]], name: str, given: Mapping[str, Any]
) -> list[Problem]:
    """Fields of a struct that an argument for it lacks, or has in excess; structs inside it, too."""
    fields = solidity[name]
    found = [Problem(name, f"lacks {field}") for field in fields if field not in given]
    for field, value in given.items():
        if field not in fields:
            found.append(Problem(name, f"has no field {field}"))
        elif fields[field] in solidity:
            found += abi_fields(solidity, fields[field], value)
    return found


def function_twins(modules: Iterable[Path], libraries: Mapping[str, Source]) -> list[Problem]:
    """Functions of libraries that the Python module that calls itself their twin does not have.

    Args:
        modules: Python files; one that is a twin says so at its beginning, by path.
        libraries: Pure Solidity by path.
    """
    found = []
    for module in modules:
        tree = ast.parse(module.read_text())
        twin = _TWIN.match(ast.get_docstring(tree) or "")
        defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)} | _BUILT_IN
        # Python tells overloads for signed numbers apart by name.
        defined |= {name.removesuffix("_signed") for name in defined}
        for path in filter(None, twin.groups() if twin else ()):
            source = next((one for key, one in libraries.items() if key.endswith(path)), None)
            missing = {snake(name) for name in _library_functions(source)} - defined if source else set()
            found += [
                Problem(f"{module.name}: {name}", f"of {path} is not there") for name in sorted(missing)
            ]
    return found


def snake(name: str) -> str:
    """`maxSkewPpm` as `max_skew_ppm`; a trailing underscore goes."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().rstrip("_")


def _members(kind: type) -> list[str]:
    if issubclass(kind, enum.Enum):
        return [member.name for member in kind]
    return [field.name for field in dataclasses.fields(kind)]


def _library_functions(source: Source) -> set[str]:
    libraries = [one for one in source.contracts if one.kind == "library"]
    return {one.name for library in libraries for one in source.inside(library) if _is_offered(source, one)}


def _is_offered(source: Source, one: Definition) -> bool:
    header = source.code[one.start : one.end].split("{")[0]
    return one.kind == "function" and not re.search(r"\bprivate\b", header)
