"""Rounds of a Chainlink feed, as its proxy once answered them: `ts,round,answer`, 8 decimals."""

import csv
import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path

from keel.errors import DataError

ROUND_DECIMALS = 8

_COLUMNS = ("ts", "round", "answer")


@dataclass(frozen=True, slots=True, order=True)
class Round:
    """One answer of a feed.

    Attributes:
        at: When it was published, seconds since 1970 UTC.
        number: Round number; of two rounds in one second, the higher one is the later.
        answer: Quote per base, 8 decimals.
    """

    at: int
    number: int
    answer: int


def rounds_file(folder: Path | None, market: str) -> Path:
    """The file of a market's rounds in a folder of market data.

    Raises:
        DataError: There is no folder, or no such file in it.
    """
    if folder is None:
        raise DataError("there is no folder of market data", "name one with --data-dir or KEEL_DATA")
    pattern = f"{market.lower()}usd_chainlink_*_rounds_*.csv*"
    found = sorted(folder.glob(pattern)) if folder.is_dir() else []
    if not found:
        raise DataError(f"{folder} has no {pattern}", "name the folder that has it with --data-dir")
    return found[0]


def read_rounds(path: Path) -> tuple[Round, ...]:
    """Read a file, plain or gzipped; rounds in order of time.

    Raises:
        DataError: The file cannot be read, a row is malformed, or there are fewer than two rounds.
    """
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw).decode()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as problem:
        raise DataError(f"cannot read {path.name} ({problem})", "check the file") from None
    rows = csv.DictReader(text.splitlines())
    if tuple(rows.fieldnames or ()) != _COLUMNS:
        raise DataError(f"{path.name} has other columns than {','.join(_COLUMNS)}", "check the file")
    rounds = sorted(_round(row, f"{path.name} line {line}") for line, row in enumerate(rows, start=2))
    if len(rounds) < 2:
        raise DataError(f"{path.name} has {len(rounds)} rounds", "give at least two")
    return tuple(rounds)


def _round(row: dict[str, str], where: str) -> Round:
    try:
        at, number, answer = (int(row[name]) for name in _COLUMNS)
    except (TypeError, ValueError):
        raise DataError(f"{where} is no round", "give three whole numbers") from None
    if at <= 0 or answer <= 0:
        raise DataError(f"{where} has a time or an answer that is not positive", "drop or correct the row")
    return Round(at, number, answer)
