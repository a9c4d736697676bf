"""Candles from files in the exchanges' public archive format.

Two layouts, told apart by themselves: `open_time,open,high,low,close,...` as in Binance's kline archives
(time in seconds, milliseconds or microseconds, with or without a header) and
`ts,open,high,low,close[,volume]`. Plain text, gzip, or a zip with one file inside.
"""

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from keel.errors import DataError
from keel.units import parse_units

PRICE_DECIMALS = 8

_COLUMNS = ("time", "open", "high", "low", "close")
_SHORTEST_BAR = 60
# Bounds of what fits the contracts' price field with room for moves, quote per base.
_MAX_PRICE = 10**7 * 10**PRICE_DECIMALS


@dataclass(frozen=True, slots=True)
class Candle:
    """One bar. Prices in 1e-8 quote per base, high and low inclusive.

    Attributes:
        time: Open of the bar, seconds since 1970 UTC.
    """

    time: int
    open: int
    high: int
    low: int
    close: int


@dataclass(frozen=True, slots=True)
class Candles:
    """A series of bars, in order, possibly with gaps.

    Attributes:
        bars: At least two bars.
        interval: Length of a bar, seconds: the shortest distance between two.
        source: Where they come from, for people.
    """

    bars: tuple[Candle, ...]
    interval: int
    source: str

    @property
    def start(self) -> int:
        """Open of the first bar, seconds since 1970 UTC."""
        return self.bars[0].time

    @property
    def end(self) -> int:
        """Close of the last bar, seconds since 1970 UTC."""
        return self.bars[-1].time + self.interval


def read_candles(path: Path) -> Candles:
    """Read and check a file.

    Raises:
        DataError: The file is missing or unreadable, or a row is malformed, out of order, not positive or
            contradicts itself; the row is named by its line.
    """
    rows = csv.reader(io.StringIO(_text(path), newline=""))
    bars: list[Candle] = []
    for line, row in enumerate(rows, start=1):
        if not row or (line == 1 and _is_header(row)):
            continue
        bar = _candle(row, f"{path.name} line {line}")
        if bars and bar.time <= bars[-1].time:
            raise DataError(f"{path.name} line {line}: not later than the row before", "sort by time")
        bars.append(bar)
    return make_candles(bars, path.name)


def make_candles(bars: Sequence[Candle], source: str) -> Candles:
    """A series of bars that are in order.

    Raises:
        DataError: Fewer than two bars, or bars shorter than a minute.
    """
    if len(bars) < 2:
        raise DataError(f"{source} has {len(bars)} candles", "give at least two")
    interval = min(later.time - earlier.time for earlier, later in pairwise(bars))
    if interval < _SHORTEST_BAR:
        raise DataError(f"{source} has bars of {interval} seconds", "use candles of one minute or more")
    return Candles(tuple(bars), interval, source)


def between(candles: Candles, start: int, end: int) -> Candles:
    """The bars that open at or after `start` and close at or before `end`, seconds since 1970 UTC.

    Raises:
        DataError: Fewer than two bars are left.
    """
    bars = [bar for bar in candles.bars if start <= bar.time and bar.time + candles.interval <= end]
    if len(bars) < 2:
        raise DataError(
            f"{candles.source} has no candles in that window", "choose another start or more hours"
        )
    return Candles(tuple(bars), candles.interval, candles.source)


def around_sharpest(candles: Candles, seconds: int) -> Candles:
    """The window of that length around the bar with the widest range; the whole series if it is shorter."""
    sharpest = max(candles.bars, key=lambda bar: (bar.high - bar.low) / bar.open)
    start = max(sharpest.time - seconds // 2, candles.start)
    start = max(min(start, candles.end - seconds), candles.start)
    return between(candles, start, start + max(seconds, 2 * candles.interval))


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        raise DataError(f"cannot read {path} ({reason})", "check the path") from None
    try:
        if raw.startswith(b"\x1f\x8b"):
            raw = gzip.decompress(raw)
        elif raw.startswith(b"PK"):
            raw = _only_member(raw, path.name)
        return raw.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, UnicodeDecodeError) as problem:
        raise DataError(f"{path.name} is damaged ({problem})", "download it again") from None


def _only_member(raw: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        members = [member for member in archive.namelist() if not member.endswith("/")]
        if len(members) != 1:
            raise DataError(f"{name} holds {len(members)} files", "give an archive with one CSV inside")
        return archive.read(members[0])


def _is_header(row: Sequence[str]) -> bool:
    """Names only: a row with a number in it is data, if damaged."""
    return not any(character.isdigit() for cell in row[: len(_COLUMNS)] for character in cell)


def _candle(row: Sequence[str], where: str) -> Candle:
    if len(row) < len(_COLUMNS):
        raise DataError(f"{where}: {len(row)} columns", f"give {', '.join(_COLUMNS)}")
    time, *prices = _numbers(row, where)
    opened, high, low, close = prices
    if min(prices) <= 0:
        raise DataError(f"{where}: a price is not positive", "drop or correct the row")
    if max(prices) > _MAX_PRICE:
        raise DataError(f"{where}: a price above {_MAX_PRICE // 10**PRICE_DECIMALS}", "check the columns")
    if not low <= min(opened, close) <= max(opened, close) <= high:
        raise DataError(f"{where}: open or close outside low..high", "drop or correct the row")
    return Candle(time, opened, high, low, close)


def _numbers(row: Sequence[str], where: str) -> Iterator[int]:
    for name, text in zip(_COLUMNS, row, strict=False):
        try:
            yield _seconds(text) if name == "time" else parse_units(text, PRICE_DECIMALS)
        except (DataError, ValueError):
            raise DataError(f"{where}: {name} is {text!r}", "give plain decimal numbers") from None


def _seconds(text: str) -> int:
    """Seconds of a time in seconds, milli- or microseconds: 10, 13 and 16 digits until the year 2286."""
    time = int(text)
    digits = len(str(time))
    if digits not in (10, 13, 16):
        raise ValueError
    return time // int(10 ** (digits - 10))
