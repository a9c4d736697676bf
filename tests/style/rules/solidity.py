"""Solidity sources as text: imports, definitions and functions, with comments and strings out of the way.

A scanner, not a parser: it relies on sources that the compiler accepts, and it resolves nothing but paths.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

CONTRACT_KINDS = frozenset({"contract", "abstract contract", "library", "interface"})

_COMMENT = r"//[^\n]*|/\*.*?\*/"
_STRING = r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
_LEXEME = re.compile(f"(?P<comment>{_COMMENT})|(?P<string>{_STRING})", re.DOTALL)
_IMPORT = re.compile(
    r"\bimport\s+(?:(?P<what>\{[^}]*\}|[\w*]+[^;\"']*?)\s+from\s+)?[\"'](?P<path>[^\"']+)[\"']"
)
_NATSPEC = re.compile(r"(?:[ \t]*///[^\n]*\n)+[ \t]*\Z|/\*\*(?:(?!\*/).)*\*/\s*\Z", re.DOTALL)
_TYPE = re.compile(
    r"\b(abstract\s+contract|contract|library|interface|struct|enum|type|event|error)\s+(\w+)\b"
)
_FUNCTION = re.compile(r"\b(?:(function|modifier)\s+(\w+)|(constructor|fallback|receive)(?=\s*\())")


@dataclass(frozen=True, slots=True)
class Import:
    """One import: where from, and whether it lists the names that it takes."""

    path: str
    named: bool


@dataclass(frozen=True, slots=True)
class Definition:
    """A contract, type, event, error or function, and where its text stands.

    Attributes:
        kind: Keyword; `abstract contract` is one, `constructor`, `fallback` and `receive` are their own name.
        depth: Braces around it: 0 in the file, 1 in a contract.
    """

    kind: str
    name: str
    depth: int
    start: int
    end: int


class Source:
    """One file.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text()

    @cached_property
    def code(self) -> str:
        """The text with comments and the contents of strings blanked, at the same places."""
        return _LEXEME.sub(lambda found: _blank(found.group()), self.text)

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """Every import in either form."""
        bare = _LEXEME.sub(lambda found: found.group("string") or _blank(found.group()), self.text)
        found = (one for one in _IMPORT.finditer(bare) if self.code.startswith("import", one.start()))
        return tuple(Import(one["path"], (one["what"] or "").startswith("{")) for one in found)

    @cached_property
    def definitions(self) -> tuple[Definition, ...]:
        """What the file defines, in order of the text."""
        found = [
            self._define(" ".join(one[1].split()), one[2], one.start()) for one in _TYPE.finditer(self.code)
        ]
        for one in _FUNCTION.finditer(self.code):
            kind = one[1] or one[3]
            found.append(self._define(kind, one[2] or kind, one.start()))
        return tuple(sorted(found, key=lambda definition: definition.start))

    @property
    def contracts(self) -> tuple[Definition, ...]:
        """Contracts, libraries and interfaces."""
        return tuple(one for one in self.definitions if one.kind in CONTRACT_KINDS)

    def inside(self, outer: Definition) -> Iterator[Definition]:
        """What stands directly or deeper inside a definition."""
        return (one for one in self.definitions if outer.start < one.start < outer.end)

    def code_lines(self, definition: Definition) -> int:
        """Lines of a definition that hold more than a comment."""
        lines = self.code[definition.start : definition.end].splitlines()
        return sum(1 for line in lines if line.strip())

    def comment_on(self, definition: Definition) -> str:
        """The NatSpec comment right above a definition; empty without one."""
        found = _NATSPEC.search(self.text[: definition.start])
        return found.group().strip() if found else ""

    def _define(self, kind: str, name: str, start: int) -> Definition:
        before = self.code[:start]
        return Definition(kind, name, before.count("{") - before.count("}"), start, _end(self.code, start))


def sources(root: Path) -> dict[str, Source]:
    """Every Solidity file below a folder by its path there, without what tools left behind."""
    found = (path for path in sorted(root.rglob("*.sol")) if ".cache" not in path.relative_to(root).parts)
    return {path.relative_to(root).as_posix(): Source(path) for path in found}


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _end(code: str, start: int) -> int:
    """Where a declaration ends: its semicolon, or the brace that closes its body."""
    depth = 0
    for place in range(start, len(code)):
        match code[place]:
            case "{":
                depth += 1
            case "}":
                depth -= 1
                if depth == 0:
                    return place + 1
            case ";" if depth == 0:
                return place + 1
    return len(code)
