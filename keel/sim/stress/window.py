"""Which crash is replayed: a day of candles for one or more markets, and the path through each candle.

Nothing is interpolated. A candle is four prices at the quarters of its time: open, high, low, close. The
whole range of the candle falls in one step then, the worst order for longs. A mirrored window rises instead:
open, low, high, close.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from keel.errors import ConfigError, DataError
from keel.sim.candles import Candle, Candles, between, make_candles, read_candles
from keel.sim.synthetic import crash_day

SIMULATED = "simulated"
KNOTS = ("open", "high", "low", "close")

_DAY = 86_400
_HOUR = 3_600


class Knot(NamedTuple):
    """One price of one market: seconds since 1970, place of the market, price in 1e-8 quote per base."""

    time: int
    market: int
    price: int


class Files(NamedTuple):
    """Where the candles of a window are, by market, and the day it is, UTC."""

    day: datetime
    names: Mapping[str, str]


WINDOWS: Mapping[str, Files] = {
    "2021-05-19": Files(
        datetime(2021, 5, 19, tzinfo=UTC),
        {
            "BTC": "btcusdt_spot_binance_1m_2021-04-20_2021-05-20.csv.gz",
            "ETH": "ethusdt_spot_binance_1m_2021-04-20_2021-05-20.csv.gz",
        },
    ),
    "2025-10-10": Files(
        datetime(2025, 10, 10, tzinfo=UTC),
        {"BTC": "btcusdt_spot_bybit_5m_2025-09-16_2025-10-16.csv.gz"},
    ),
}


@dataclass(frozen=True, slots=True)
class Window:
    """What is replayed.

    Attributes:
        name: Name of the window.
        candles: Candles by market name, all over the same time and of the same length.
        real: Whether they are market data.
        rising: Whether each candle rises its whole range in one step instead.
    """

    name: str
    candles: Mapping[str, Candles]
    real: bool
    rising: bool = False

    @property
    def markets(self) -> tuple[str, ...]:
        """Names of the markets, in order of their places."""
        return tuple(self.candles)

    @property
    def start(self) -> int:
        """Time of the first price, seconds since 1970."""
        return min(one.start for one in self.candles.values())

    @property
    def interval(self) -> int:
        """Length of a candle, seconds."""
        return next(iter(self.candles.values())).interval

    def knots(self) -> list[Knot]:
        """Every price, in order of time, then of market."""
        return sorted(
            knot for place, one in enumerate(self.candles.values()) for knot in _path(place, one, self.rising)
        )

    def brink(self) -> int:
        """Begin of the hour with the deepest fall of the first market, seconds since 1970.

        The fall is from the open of the hour's first candle to the lowest low of the hour; where the window
        rises it is the rise to the highest high.
        """
        bars = next(iter(self.candles.values())).bars
        moves = {}
        for place, first in enumerate(bars):
            near = bars[place : place + max(_HOUR // self.interval, 1)]
            hour = [bar for bar in near if bar.time < first.time + _HOUR]
            low, high = min(bar.low for bar in hour), max(bar.high for bar in hour)
            moves[first.time] = (high - first.open if self.rising else first.open - low) / first.open
        return max(moves, key=lambda time: (moves[time], -time))

    def mirrored(self) -> "Window":
        """The same moves upwards: each price is the first one's square over it, floor; the name says so."""
        candles = {name: _mirrored(one) for name, one in self.candles.items()}
        return Window(f"{self.name} mirrored", candles, self.real, not self.rising)


def make_window(name: str, candles: Mapping[str, Candles], *, real: bool) -> Window:
    """A window over candles.

    Raises:
        ConfigError: There is no market, or the markets' candles differ in length.
    """
    if not candles:
        raise ConfigError("a window without a market", "give candles of at least one")
    if len({one.interval for one in candles.values()}) > 1:
        raise ConfigError("candles of different lengths", "give the same length for every market")
    return Window(name, dict(candles), real)


def read_window(name: str, folder: Path | None, seed: int = 7) -> Window:
    """A window by name; the simulated one needs no folder.

    Args:
        name: Of WINDOWS, or `simulated`.
        folder: Market data.
        seed: Of the simulated path.

    Raises:
        DataError: There is no folder, or no such file in it.
        ConfigError: There is no window of that name.
    """
    if name == SIMULATED:
        return make_window(name, {"BTC": crash_day(seed)}, real=False)
    if name not in WINDOWS:
        raise ConfigError(f"no window {name!r}", f"use {', '.join([*WINDOWS, SIMULATED])}")
    if folder is None:
        raise DataError("there is no folder of market data", f"name one with --data-dir, or use {SIMULATED}")
    day, names = WINDOWS[name]
    start = int(day.timestamp())
    candles = {
        market: between(read_candles(folder / file), start, start + _DAY) for market, file in names.items()
    }
    return make_window(name, candles, real=True)


def has_data(name: str, folder: Path | None) -> bool:
    """Whether the folder holds every file of a window."""
    return folder is not None and all((folder / file).is_file() for file in WINDOWS[name].names.values())


def sharpest(knots: list[Knot], market: int) -> tuple[Knot, float]:
    """The price with the largest fall from the one before it in a market, and that fall as a fraction."""
    path = [knot for knot in knots if knot.market == market]
    before, knot = max(pairwise(path), key=lambda pair: (pair[0].price - pair[1].price) / pair[0].price)
    return knot, (before.price - knot.price) / before.price


def _mirrored(candles: Candles) -> Candles:
    square = candles.bars[0].open ** 2
    bars = [
        Candle(bar.time, square // bar.open, square // bar.low, square // bar.high, square // bar.close)
        for bar in candles.bars
    ]
    return make_candles(bars, candles.source)


def _path(place: int, candles: Candles, rising: bool) -> Iterator[Knot]:
    quarter = candles.interval // len(KNOTS)
    for bar in candles.bars:
        wicks = (bar.low, bar.high) if rising else (bar.high, bar.low)
        for number, price in enumerate((bar.open, *wicks, bar.close)):
            yield Knot(bar.time + number * quarter, place, price)
