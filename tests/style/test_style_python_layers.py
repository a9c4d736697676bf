"""The Python package imports one way."""

import pytest
from rules.python_layers import layering
from rules.report import ROOT, assert_clean


def package(folder, files):
    """A package `keel` with these files."""
    for name, text in {"__init__.py": "", **files}.items():
        path = folder / "keel" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_layers__of_the_package__import_one_way():
    assert_clean("Python layers", layering(ROOT))


@pytest.mark.parametrize(
    "statement",
    [
        "import keel.cli.main",
        "from keel.cli import main",
        "from keel.cli.main import run",
        "from ..cli.main import run",
        "from ..cli import main as entry",
        "def late():\n    from keel.cli.main import run\n    return run",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from keel.cli.main import run",
        "import importlib\n\ndef late():\n    return importlib.import_module('keel.cli.main')",
    ],
)
def test_layers__upward_import__is_found(tmp_path, statement):
    root = package(tmp_path, {"model/curve.py": statement, "cli/__init__.py": "", "cli/main.py": "run = 1"})
    (problem,) = layering(root)
    assert problem.where == "keel.model.curve"
    assert "in layer model, imports keel.cli" in problem.what


def test_layers__downward_import__is_fine(tmp_path):
    files = {"cli/main.py": "from keel.model import curve", "model/__init__.py": "", "model/curve.py": ""}
    assert layering(package(tmp_path, files)) == []


def test_layers__import_cycle_inside_a_layer__is_found(tmp_path):
    files = {
        "model/a.py": "from keel.model.b import x",
        "model/b.py": "from keel.model import c",
        "model/c.py": "def late():\n    from . import a\n    return a",
    }
    (problem,) = layering(package(tmp_path, files))
    assert problem.what.startswith("import cycle")
    assert all(f"keel.model.{name}" in problem.what for name in "abc")


def test_layers__module_without_a_layer__is_found(tmp_path):
    (problem,) = layering(package(tmp_path, {"helpers.py": ""}))
    assert (problem.where, "has no layer" in problem.what) == ("keel.helpers", True)


def test_layers__package_that_imports_its_own_parts__is_found(tmp_path):
    (problem,) = layering(
        package(tmp_path, {"__init__.py": "from keel.units import WAD", "units.py": "WAD = 1"})
    )
    assert problem.where == "keel"
