"""What the documents say is there: links, commands, invariants."""

import ast
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
from rules.report import Problem

_FENCE = re.compile(r"^(?P<fence>`{3,}|~{3,})[^\n]*\n(?P<body>.*?)^(?P=fence)\s*$", re.DOTALL | re.MULTILINE)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"!?\[[^\]\n]*\]\(\s*<?(?P<target>[^)\s>]+)")
_HEADING = re.compile(r"^#{1,6}\s+(?P<title>.+?)\s*#*$", re.MULTILINE)
_COMMAND = re.compile(r"^(?:\$ )?(?:\.venv/bin/)?(?P<program>keel|make)(?:\s+(?P<rest>[^|;&#>]*))?")
_OPTION = re.compile(r"--[a-z][a-z0-9-]*")
_TARGET = re.compile(r"^(?P<name>[a-z][\w-]*):", re.MULTILINE)
_VARIABLE = re.compile(r"^(?P<name>[A-Z][A-Z_]*)\s*[?:]?=", re.MULTILINE)
_INVARIANT = re.compile(r"\bINV-\d+\b")


def broken_links(root: Path, texts: Mapping[str, str]) -> list[Problem]:
    """Relative links to a file, or to a heading, that is not there."""
    found = []
    for path, text in texts.items():
        for link in _LINK.finditer(_FENCE.sub("", text)):
            target, _, anchor = link["target"].partition("#")
            if re.match(r"[a-z][a-z+.-]*:", target):
                continue
            file = (root / path).parent / target if target else root / path
            if not file.exists():
                found.append(Problem(path, f"links to {target}, which is not there"))
            elif anchor and file.suffix == ".md" and anchor not in _anchors(file.read_text()):
                found.append(Problem(path, f"links to {target}#{anchor}, a heading that is not there"))
    return found


def unknown_commands(texts: Mapping[str, str], keel: click.Group, makefile: str) -> list[Problem]:
    """`keel ...` and `make ...` in code that the command line or the Makefile does not know."""
    targets = {found["name"] for found in _TARGET.finditer(makefile)}
    variables = {found["name"] for found in _VARIABLE.finditer(makefile)}
    found = []
    for path, text in texts.items():
        for command in _code_lines(text):
            called = _COMMAND.match(command)
            if called is None:
                continue
            rest = called["rest"] or ""
            complaint = _make(rest, targets, variables) if called["program"] == "make" else _keel(rest, keel)
            if complaint:
                found.append(Problem(path, f"`{command.strip()}`: {complaint}"))
    return found


def unknown_invariants(texts: Mapping[str, str], catalogue: Path) -> list[Problem]:
    """Invariant ids that the catalogue in that folder of Python files does not have."""
    known = {text for file in sorted(catalogue.rglob("*.py")) for text in _constants(file)}
    return [
        Problem(path, f"{found} is not in the catalogue")
        for path, text in texts.items()
        for found in sorted(set(_INVARIANT.findall(text)))
        if found not in known
    ]


def _code_lines(text: str) -> Iterator[str]:
    """Lines of fenced and indented code, and inline code."""
    for block in _FENCE.finditer(text):
        yield from (line.strip() for line in block["body"].splitlines())
    prose = _FENCE.sub("", text)
    yield from (line.strip() for line in prose.splitlines() if line.startswith("    "))
    yield from (span.strip() for span in _SPAN.findall(prose))


def _make(rest: str, targets: set[str], variables: set[str]) -> str:
    for word in shlex.split(rest):
        name, is_assignment, _ = word.partition("=")
        if name not in (variables if is_assignment else targets):
            return f"the Makefile has no {name}"
    return ""


def _keel(rest: str, group: click.Group) -> str:
    """Follow the words as far as they name commands, then look the options up."""
    command: click.Command = group
    context = click.Context(group)
    for word in rest.split():
        if not isinstance(command, click.Group) or not re.fullmatch(r"[a-z][a-z0-9-]*", word):
            break
        below = command.get_command(context, word)
        if below is None:
            return f"there is no command {word}"
        command = below
    known = {
        option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
    }
    unknown = [option for option in _OPTION.findall(rest) if option not in known | {"--help", "--version"}]
    return f"there is no option {unknown[0]}" if unknown else ""


def _anchors(text: str) -> set[str]:
    """Anchors of the headings, as code hosts make them."""
    titles = (found["title"] for found in _HEADING.finditer(_FENCE.sub("", text)))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def _constants(file: Path) -> Iterator[str]:
    nodes = ast.walk(ast.parse(file.read_text()))
    return (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
