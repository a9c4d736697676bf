"""One-way imports in the Python package."""

import ast
from collections.abc import Iterator
from pathlib import Path

from rules.graph import cycles, upward
from rules.report import Problem

PACKAGE = "keel"
# Each row imports from itself and from the rows above it. The package itself (its version) is below them all.
LAYERS = (
    ("units", "errors", "sources"),
    ("config", "artifacts"),
    ("model",),
    ("evm",),
    ("sdk",),
    ("analytics",),
    ("keepers",),
    ("sim",),
    ("cli",),
)

_NAMES = tuple(", ".join(row) for row in LAYERS)
_ALLOWED = {PACKAGE: {PACKAGE}} | {name: {PACKAGE, *_NAMES[: place + 1]} for place, name in enumerate(_NAMES)}


def layering(root: Path) -> list[Problem]:
    """Imports of a higher layer, modules without a layer and import cycles, below the package's folder."""
    graph = import_graph(root)
    return upward(graph, _layer_of, _ALLOWED) + cycles(graph)


def import_graph(root: Path) -> dict[str, set[str]]:
    """Module to the modules of the package that it imports, wherever in the file and for whatever purpose."""
    files = {_dotted(path.relative_to(root)): path for path in sorted((root / PACKAGE).rglob("*.py"))}
    graph = {}
    for module, path in files.items():
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        names = _imported(ast.parse(path.read_text()), package)
        targets = {_known(name, files) for name in names if name.split(".")[0] == PACKAGE}
        graph[module] = {target for target in targets if target is not None} - {module}
    return graph


def _imported(tree: ast.Module, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and _called(node) in {"import_module", "__import__"}:
            yield from (str(name.value) for name in node.args[:1] if isinstance(name, ast.Constant))


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    return ".".join([*parts[: len(parts) - node.level + 1], *([node.module] if node.module else [])])


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _known(name: str, files: dict[str, Path]) -> str | None:
    """The module that a dotted name leads to: itself, or the module that defines its last part."""
    while name and name not in files:
        name = name.rpartition(".")[0]
    return name or None


def _dotted(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _layer_of(module: str) -> str | None:
    if module == PACKAGE:
        return PACKAGE
    part = module.split(".")[1]
    return next((name for name, row in zip(_NAMES, LAYERS, strict=True) if part in row), None)
