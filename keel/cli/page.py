"""Pages that commands write: the folder is made, and a disk that refuses is one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keel.errors import ConfigError


@contextmanager
def writing(path: Path, instead: str = "choose another --out") -> Iterator[None]:
    """Make the folder of a page that is written inside.

    Args:
        path: File of the page.
        instead: What to do where it cannot be written.

    Raises:
        ConfigError: The folder cannot be made or the page not be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        raise ConfigError(f"cannot write {path} ({reason})", instead) from None


def write_page(path: Path, page: str, instead: str = "choose another --out") -> None:
    """Write a page; see `writing`."""
    with writing(path, instead):
        path.write_text(page)
