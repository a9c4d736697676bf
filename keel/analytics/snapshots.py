"""Figures kept in the repository: a change of gas or size shows in a diff, and is meant."""

import json
from collections.abc import Mapping
from pathlib import Path

from keel.errors import DataError

Figures = Mapping[str, int]

SNAPSHOTS = Path(__file__).resolve().parent.parent.parent / "snapshots"


def write_figures(name: str, kind: str, figures: Figures) -> Path:
    """Keep figures as `snapshots/NAME.json`; gives the path.

    Args:
        name: File name without its ending.
        kind: What the figures are of; the key they stand under.
        figures: Name to figure.
    """
    SNAPSHOTS.mkdir(exist_ok=True)
    path = _path(name)
    path.write_text(json.dumps({kind: dict(figures)}, indent=2) + "\n")
    return path


def read_figures(name: str, kind: str) -> dict[str, int]:
    """The figures kept before.

    Raises:
        DataError: There are none, or the file is damaged.
    """
    path = _path(name)
    try:
        return {str(key): int(value) for key, value in json.loads(path.read_text())[kind].items()}
    except FileNotFoundError:
        raise DataError(f"no snapshot {path.name}", "write one with `keel gas --write`") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise DataError(
            f"cannot read {path.name} ({type(problem).__name__})", "write it anew with `keel gas --write`"
        ) from None


def differences(kept: Figures, found: Figures) -> list[str]:
    """One line per figure that is not the one kept; empty when they agree."""
    names = [*kept, *(name for name in found if name not in kept)]
    pairs = [(name, kept.get(name), found.get(name)) for name in names]
    return [
        f"{name}: {_text(before)} -> {_text(after)}{_change(before, after)}"
        for name, before, after in pairs
        if before != after
    ]


def _path(name: str) -> Path:
    return SNAPSHOTS / f"{name}.json"


def _text(figure: int | None) -> str:
    return "none" if figure is None else f"{figure:,}"


def _change(kept: int | None, found: int | None) -> str:
    return "" if kept is None or found is None else f" ({found - kept:+,})"
