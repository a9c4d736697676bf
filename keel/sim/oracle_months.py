"""What a replay of rounds says of each month: gaps, time at each validity, averages, volatility."""

import math
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise

from keel.model.validity import Defect, Price, Validity, validity
from keel.sim.rounds import ROUND_DECIMALS, Round
from keel.units import BPS, WAD_DECIMALS

TWAP_WINDOW = 300
YEAR = 365 * 86_400

_WAD_PER_ANSWER = 10 ** (WAD_DECIMALS - ROUND_DECIMALS)
_SIGMA_ONE = 10**6


@dataclass(frozen=True, slots=True)
class Update:
    """What the core stored at one update; prices WAD.

    Attributes:
        time: Of the update, seconds since 1970 UTC.
        index: Stored index.
        twap: Stored 5-minute average.
        sigma: Annualised volatility, 1e-6.
        at: When a usable price was last stored.
        defects: Stored with it.
    """

    time: int
    index: int
    twap: int
    sigma: int
    at: int
    defects: Defect

    @property
    def invalid(self) -> bool:
        """Whether no price was usable."""
        return Defect.INVALID in self.defects


@dataclass(slots=True)
class MonthStats:
    """One month.

    Attributes:
        month: Such as 2023-04.
        rounds: Published in it.
        largest_gap: Longest time from one round to the next, seconds.
        seconds: Time at each validity.
        updates: Updates sent; those that would change nothing are left out.
        averages: Stored averages that were compared.
        worst_average: Largest distance of a stored average from the exact one of the samples, WAD.
        worst_lag: Largest distance of a stored average from that of the rounds at their own times, bps.
        volatility: Root of the mean variance that the hub reported, a fraction a year.
        realised: Volatility of the rounds, a fraction a year.
    """

    month: str
    rounds: int = 0
    largest_gap: int = 0
    seconds: Counter[Validity] = field(default_factory=Counter)
    updates: int = 0
    averages: int = 0
    worst_average: int = 0
    worst_lag: float = 0.0
    volatility: float = 0.0
    realised: float = 0.0


class RunningAverage:
    """Exact average of a step function over the last five minutes."""

    def __init__(self) -> None:
        self._steps: deque[tuple[int, int]] = deque()

    def step(self, time: int, value: int) -> None:
        """From `time` on, the function has this value; forget what no later average needs."""
        self._steps.append((time, value))
        while len(self._steps) > 1 and self._steps[1][0] <= time - TWAP_WINDOW:
            self._steps.popleft()

    def at(self, now: int) -> int | None:
        """Floor; None where the function does not reach back far enough."""
        start = now - TWAP_WINDOW
        if not self._steps or self._steps[0][0] > start:
            return None
        ends = [*[time for time, _ in self._steps][1:], now]
        stretches = zip(self._steps, ends, strict=True)
        whole = sum(max(0, end - max(time, start)) * value for (time, value), end in stretches)
        return whole // TWAP_WINDOW


class MonthBook:
    """Collects updates month by month.

    Args:
        rounds: All rounds, in order.
        interval: Time between two updates of the keeper, seconds.
        fresh_seconds: Of the market.
        stale_seconds: Of the market.
        clamp_bps: Largest step of a sample away from the average.
    """

    def __init__(
        self, rounds: Sequence[Round], interval: int, fresh_seconds: int, stale_seconds: int, clamp_bps: int
    ) -> None:
        self._rounds, self._interval, self._clamp_bps = rounds, interval, clamp_bps
        self._fresh, self._stale = fresh_seconds, stale_seconds
        self._months: dict[str, MonthStats] = {}
        self._variance: defaultdict[str, float] = defaultdict(float)
        self._samples, self._true = RunningAverage(), RunningAverage()
        self._place = 0
        self._last: Update | None = None

    def add(self, update: Update) -> None:
        """One more update, later than those before."""
        if self._last is not None:
            self._elapse(self._last, update.time, update.sigma)
        stats = self._month(update.time)
        stats.updates += 1
        while self._place < len(self._rounds) and self._rounds[self._place].at < update.time:
            one = self._rounds[self._place]
            self._true.step(one.at, one.answer * _WAD_PER_ANSWER)
            self._place += 1
        if not update.invalid:
            self._compare(stats, update)
            self._samples.step(update.time, self._sample(update))
        self._last = update

    def close(self, end: int) -> tuple[MonthStats, ...]:
        """All months up to `end`."""
        if self._last is not None:
            self._elapse(self._last, end, self._last.sigma)
            self._add_rounds(end)
        for stats in self._months.values():
            spent = stats.seconds.total()
            if spent:
                stats.volatility = math.sqrt(self._variance[stats.month] / spent) / _SIGMA_ONE
        return tuple(self._months.values())

    def _add_rounds(self, end: int) -> None:
        squares: defaultdict[str, float] = defaultdict(float)
        start = self._rounds[0].at
        for before, one in pairwise(self._rounds):
            if one.at > end:
                break
            stats = self._month(one.at)
            stats.rounds += 1
            stats.largest_gap = max(stats.largest_gap, one.at - before.at)
            squares[stats.month] += math.log(one.answer / before.answer) ** 2
        self._month(start).rounds += 1
        for month, total in squares.items():
            spent = self._months[month].seconds.total()
            self._months[month].realised = math.sqrt(total * YEAR / spent) if spent else 0.0

    def _compare(self, stats: MonthStats, update: Update) -> None:
        exact = self._samples.at(update.time)
        if exact is None or Defect.SHORT_TWAP in update.defects:
            return
        stats.averages += 1
        stats.worst_average = max(stats.worst_average, abs(update.twap - exact))
        true = self._true.at(update.time)
        if true is not None:
            stats.worst_lag = max(stats.worst_lag, abs(update.twap / true - 1) * BPS)

    def _sample(self, update: Update) -> int:
        reach = update.twap * self._clamp_bps // BPS
        return max(update.twap - reach, min(update.index, update.twap + reach))

    def _elapse(self, update: Update, until: int, sigma: int) -> None:
        """Time since an update; one that is a whole skip of updates stayed as fresh as they had kept it."""
        stats = self._month(update.time)
        whole, rest = divmod(until - update.time, self._interval)
        if update.invalid or whole == 0:
            self._spend(stats, update, update.time - update.at, until - update.at)
        else:
            self._spend(stats, update, 0, self._interval, times=whole)
            self._spend(stats, update, 0, rest)
        mean = (update.sigma**2 + sigma**2) / 2
        self._variance[stats.month] += mean * (until - update.time)

    def _spend(self, stats: MonthStats, update: Update, low: int, high: int, times: int = 1) -> None:
        """Seconds at ages `low` to `high`, the latter excluded, so many times."""
        edges = sorted(
            {low, high, *(edge for edge in (self._fresh + 1, self._stale + 1) if low < edge < high)}
        )
        price = Price(index=update.index, at=update.at, flags=update.defects)
        for begin, end in pairwise(edges):
            found = validity(price, self._fresh, self._stale, update.at + begin)
            stats.seconds[found] += (end - begin) * times

    def _month(self, time: int) -> MonthStats:
        name = f"{datetime.fromtimestamp(time, UTC):%Y-%m}"
        return self._months.setdefault(name, MonthStats(name))
