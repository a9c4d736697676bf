"""How long a file, a function and a contract may be."""

import ast
from collections.abc import Iterable
from pathlib import Path

from rules.report import Problem
from rules.solidity import Definition, Source

FILE_LINES = 300
TEST_FILE_LINES = 400
FUNCTION_LINES = 40
CONTRACT_FUNCTIONS = 20

_CODE_KINDS = frozenset({"function", "modifier", "constructor", "fallback", "receive"})


def long_files(root: Path, paths: Iterable[str]) -> list[Problem]:
    """Python and Solidity files over their limit."""
    found = []
    for path in paths:
        if not path.endswith((".py", ".sol")):
            continue
        limit = TEST_FILE_LINES if path.startswith("tests/") else FILE_LINES
        lines = len((root / path).read_text().splitlines())
        if lines > limit:
            found.append(Problem(path, f"{lines} lines, {limit} allowed"))
    return found


def long_functions(root: Path, paths: Iterable[str]) -> list[Problem]:
    """Functions over the limit: in Python with their docstring, in Solidity without comments."""
    found = []
    for path in paths:
        if path.endswith(".py"):
            lengths = _python_functions(root / path)
        elif path.endswith(".sol"):
            source = Source(root / path)
            lengths = [
                (one.name, source.code_lines(one)) for one in source.definitions if one.kind in _CODE_KINDS
            ]
        else:
            continue
        found += [
            Problem(f"{path}: {name}", f"{lines} lines, {FUNCTION_LINES} allowed")
            for name, lines in lengths
            if lines > FUNCTION_LINES
        ]
    return found


def wide_contracts(root: Path, paths: Iterable[str]) -> list[Problem]:
    """Contracts and libraries that define too many functions; an interface may list as many as it needs."""
    found = []
    for path in paths:
        if not path.endswith(".sol"):
            continue
        source = Source(root / path)
        for contract in source.contracts:
            count = _function_count(source, contract)
            if contract.kind != "interface" and count > CONTRACT_FUNCTIONS:
                what = f"{count} functions, {CONTRACT_FUNCTIONS} allowed"
                found.append(Problem(f"{path}: {contract.name}", what))
    return found


def _function_count(source: Source, contract: Definition) -> int:
    return sum(1 for one in source.inside(contract) if one.kind == "function")


def _python_functions(path: Path) -> list[tuple[str, int]]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds))
    return [(node.name, (node.end_lineno or node.lineno) - node.lineno + 1) for node in nodes]
