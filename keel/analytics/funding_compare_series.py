"""A series of premiums, what an exchange charged, and the CSV files both come from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import polars as pl

from keel.errors import DataError

# A value of a file is taken to 1e-12: far finer than any exchange publishes, and exact in a 64-bit float.
_FILE_UNITS = 10**12
_WAD_PER_FILE_UNIT = 10**6
# Beyond it the values are surely percentages or basis points.
_MOST = 0.9


@dataclass(frozen=True, slots=True)
class Series:
    """Premiums over time. Each holds until the next one is seen, as between two touches of a market.

    Attributes:
        source: Where they come from, for people.
        times: When a premium was seen, Unix seconds, strictly increasing; at least two.
        premiums: mark / index - 1, WAD.
        spots: Spot prices at the same times, WAD; empty where the source has premiums only.
        published: Rate that the exchange charged, WAD per 8 h, by settlement time.
        gaps: Number of times that the distance between two samples is more than the usual one.
    """

    source: str
    times: tuple[int, ...]
    premiums: tuple[int, ...]
    spots: tuple[int, ...]
    published: Mapping[int, int]

    @property
    def interval(self) -> int:
        """Shortest distance between two samples, seconds."""
        return min(self._distances())

    @property
    def gaps(self) -> int:
        """How often the distance between two samples is more than `interval`."""
        usual = self.interval
        return sum(distance > usual for distance in self._distances())

    def between(self, start: int | None, end: int | None) -> Self:
        """The samples seen from `start` to `end` (both included), Unix seconds; None is unbounded.

        Raises:
            DataError: Fewer than two samples are left.
        """
        first = 0 if start is None else start
        last = self.times[-1] if end is None else end
        kept = [i for i, time in enumerate(self.times) if first <= time <= last]
        if len(kept) < 2:
            raise DataError(
                f"{self.source} has {len(kept)} samples in that window", "choose other --from and --to"
            )
        cut = slice(kept[0], kept[-1] + 1)
        published = {time: rate for time, rate in self.published.items() if first <= time <= last}
        return replace(
            self,
            times=self.times[cut],
            premiums=self.premiums[cut],
            spots=self.spots[cut],
            published=published,
        )

    def _distances(self) -> Iterator[int]:
        return (later - earlier for earlier, later in zip(self.times, self.times[1:], strict=False))


class Table:
    """A CSV file, plain or .gz, whose cells are checked when they are asked for.

    Args:
        path: The file; its first line names the columns.

    Raises:
        DataError: The file is missing, unreadable or has fewer than two rows.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._frame = pl.read_csv(path, infer_schema=False)
        except OSError as problem:
            reason = problem.strerror or "no such file"
            raise DataError(f"cannot read {path} ({reason})", "check the path") from None
        except pl.exceptions.PolarsError as problem:
            reason = str(problem).partition("\n")[0]
            raise DataError(f"{path.name} is no CSV ({reason})", "give a CSV file or a .csv.gz") from None
        if self._frame.height < 2:
            raise DataError(f"{path.name} has {self._frame.height} rows", "give at least two")

    def column(self, *names: str) -> str | None:
        """The first of the names that is a column."""
        return next((name for name in names if name in self._frame.columns), None)

    def times(self, *names: str) -> pl.Series:
        """Times in Unix seconds, from numbers in s, ms or us or from ISO text (UTC), strictly increasing."""
        name = self._need(*names)
        text = self._frame[name].str.strip_chars()
        numbers = text.cast(pl.Int64, strict=False)
        if numbers[0] is None:
            moments = text.str.replace("Z$", "").str.to_datetime(strict=False, time_unit="us")
            seconds = moments.dt.epoch("s")
        else:
            digits = len(str(numbers[0]))
            seconds = numbers // 10 ** (digits - 10) if digits in (13, 16) else numbers
        self._refuse(seconds.is_null(), name, "is no time", "give Unix seconds or 2021-05-19T12:00:00, UTC")
        backwards = (seconds.diff() <= 0).fill_null(value=False)
        self._refuse(backwards, name, "is not later than the row before", "sort by time, drop doubles")
        return seconds

    def prices(self, *names: str) -> pl.Series:
        """Positive numbers."""
        name = self._need(*names)
        values = self.numbers(name)
        self._refuse((values <= 0) | values.is_null(), name, "is not positive", "drop or correct the row")
        return values

    def rates(self, *names: str, sparse: bool = False) -> pl.Series:
        """Fractions (10 bp is 0.001); empty cells are None if `sparse`, else refused."""
        name = self._need(*names)
        values = self.numbers(name)
        if not sparse:
            self._refuse(values.is_null(), name, "is empty", "drop or correct the row")
        large = (values.abs() >= _MOST).fill_null(value=False)
        self._refuse(large, name, "is too large", "give fractions: 10 bp is 0.001")
        return values

    def _need(self, *names: str) -> str:
        name = self.column(*names)
        if name is None:
            found = ", ".join(self._frame.columns[:8])
            raise DataError(f"{self.path.name} has no column {' or '.join(names)} (it has {found})", "add it")
        return name

    def numbers(self, name: str) -> pl.Series:
        """Finite numbers of any size; empty cells are None."""
        text = self._frame[name].str.strip_chars()
        text = text.set((text == "").fill_null(value=False), None)
        values = text.cast(pl.Float64, strict=False)
        broken = (text.is_not_null() & values.is_null()) | (~values.is_finite()).fill_null(value=False)
        self._refuse(broken, name, "is no number", "give plain decimal numbers")
        return values

    def _refuse(self, wrong: pl.Series, name: str, what: str, remedy: str) -> None:
        row = wrong.fill_null(value=True).arg_true()
        if row.len():
            cell = self._frame[name][row[0]]
            raise DataError(f"{self.path.name} line {row[0] + 2}: {name} {cell!r} {what}", remedy)


def read_series(path: Path) -> Series:
    """Read a file with columns time, premium (or perp and spot), and published where it is known.

    Raises:
        DataError: The file cannot be used; line and column are named.
    """
    table = Table(path)
    times = table.times("time", "ts")
    spots: tuple[int, ...] = ()
    if table.column("premium"):
        premium = table.rates("premium")
        if table.column("spot", "close"):
            spots = wads(table.prices("spot", "close"))
    else:
        if not table.column("perp"):
            raise DataError(f"{path.name} has neither premium nor perp", "add premium, or perp and spot")
        spot = table.prices("spot", "close")
        premium, spots = table.prices("perp") / spot - 1, wads(spot)
    published = {}
    if table.column("published"):
        pairs = zip(times, table.rates("published", sparse=True), strict=True)
        published = {time: wad(rate) for time, rate in pairs if rate is not None}
    return Series(path.name, tuple(times), wads(premium), spots, published)


def wads(values: pl.Series) -> tuple[int, ...]:
    """Floats of a file as WAD, to 1e-12."""
    return tuple(units * _WAD_PER_FILE_UNIT for units in (values * _FILE_UNITS).round().cast(pl.Int64))


def wad(value: float) -> int:
    """A float of a file as WAD, to 1e-12."""
    return round(value * _FILE_UNITS) * _WAD_PER_FILE_UNIT
