"""The crashes over which models are compared, and how long after the basis each rate turns."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from keel.analytics.funding_compare_run import Run
from keel.analytics.funding_compare_series import Series

_DAY = 86_400
# Layers and leaks have forgotten how they started.
WARM_UP = 3 * _DAY
# An extreme of the rate after it belongs to a later move of the basis: every interval of 8 hours has paid.
HORIZON = 12 * 3_600


@dataclass(frozen=True, slots=True)
class Window:
    """Five days around a crash.

    Attributes:
        name: Year and month.
        start: Begin, Unix seconds, at 00:00 UTC.
    """

    name: str
    start: int

    @property
    def end(self) -> int:
        """Five days later."""
        return self.start + 5 * _DAY

    def covered(self, series: Series) -> bool:
        """Whether the series has all of it."""
        return series.times[0] <= self.start and self.end <= series.times[-1]


def _window(year: int, month: int, day: int) -> Window:
    return Window(f"{year}-{month:02}", int(datetime(year, month, day, tzinfo=UTC).timestamp()))


WINDOWS = (
    _window(2020, 3, 12),
    _window(2021, 5, 19),
    _window(2022, 5, 9),
    _window(2022, 11, 8),
    _window(2025, 10, 10),
)


@dataclass(frozen=True, slots=True)
class Replay:
    """What the models did in a window, on the finest series that covers it.

    Attributes:
        window: The window.
        series: The series, from before the window on.
        runs: By model; with what was published, where it is known.
        extreme: The largest premium in size inside the window, WAD.
        extreme_at: When it was seen, Unix seconds.
        lags: Seconds from then to the extreme of the rate on the same side, by model; None where the rate was
            still moving away after `HORIZON`.
    """

    window: Window
    series: Series
    runs: Mapping[str, Run]
    extreme: int
    extreme_at: int
    lags: Mapping[str, int | None]


def finest(window: Window, candidates: Iterable[Series]) -> Series:
    """The series of shortest distance between samples that covers a window, cut to it and its warm-up."""
    covering = (series for series in candidates if window.covered(series))
    return min(covering, key=lambda series: series.interval).between(window.start - WARM_UP, window.end)


def replay(window: Window, series: Series, runs: Mapping[str, Run]) -> Replay:
    """Measure the lags of runs over a series that covers the window."""
    seen = zip(series.times, series.premiums, strict=True)
    inside = [(premium, time) for time, premium in seen if window.start <= time < window.end]
    extreme, at = max(inside, key=lambda sample: abs(sample[0]))
    side = 1 if extreme > 0 else -1
    lags = {name: _lag(run, side, at) for name, run in runs.items()}
    return Replay(window, series, runs, extreme, at, lags)


def inside(run: Run, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Times and rates in force after `start`, up to and with `end`."""
    pairs = zip(run.times, run.rates, strict=True)
    return ((time, rate) for time, rate in pairs if start < time <= end)


def _lag(run: Run, side: int, at: int) -> int | None:
    """Seconds from `at` to the first extreme of side * rate, None if that is the last thing seen."""
    path = list(inside(run, at - 1, at + HORIZON))
    most = max((side * rate for _, rate in path), default=None)
    first = next((time for time, rate in path if side * rate == most), None)
    # Settlements are few, and none of them need be the end of a movement.
    moving = first == path[-1][0] if path and len(run.times) > len(run.settled) else False
    return None if first is None or moving else first - at
