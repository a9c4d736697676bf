"""Twin of `funding/AdaptiveFunding.sol`: funding that adapts until the sides balance.

With the imbalance d = |L - S| / (L + S): while the rate points at the larger side it rises by d * increase
where d > increaseThreshold, falls by `decrease` to zero where d < decreaseThreshold, rests between; while it
points at the smaller side it moves over by d * increase. Charged is the rate, its size clamped to rateMin ..
rateMax; at zero it points at the larger side. Rates are WAD per 8 h, the state keeps the rate in FINE units.
"""

from dataclasses import dataclass

from keel.model import model_state
from keel.model.fixed import div, i256
from keel.model.funding import FundingInput, FundingRates
from keel.model.paths import FINE_PER_WAD, HOUR, line, to_integral
from keel.model.stability import within
from keel.units import WAD

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class AdaptiveParams:
    """Parameters of the adaptive model; rates WAD per 8 h.

    Attributes:
        increase: Rise of the rate per hour, per unit of imbalance, at most `rate_max`.
        decrease: Fall of the rate per hour, whatever the imbalance, at most `rate_max`.
        increase_threshold: Imbalance above which the rate rises, WAD, at most 1.
        decrease_threshold: Imbalance below which it falls, WAD; between the two it rests.
        rate_min: Least that the crowded side pays.
        rate_max: Most that the crowded side pays, 0.01 bp to 10 %.
        deviation: Standard deviation of the rate.
        mean_seconds: Time constant of the slow mean of the rate.
    """

    increase: int
    decrease: int
    increase_threshold: int
    decrease_threshold: int
    rate_min: int
    rate_max: int
    deviation: int
    mean_seconds: int


@dataclass(frozen=True, slots=True)
class _Step:
    """A step, mirrored so that the larger side is the long one.

    Attributes:
        side: 1, or -1 where it was mirrored.
        least: What is charged at least, none in a balanced market at zero, FINE units.
        start: Where the path starts.
        speed: FINE units per hour.
        low: Where the path stops; `high` the same upwards.
    """

    side: int
    least: int
    start: int
    speed: int
    low: int
    high: int

    def integrate(self, elapsed: int) -> tuple[int, int]:
        """End of the path, and integral of what is charged along it."""
        least = self.least
        end, area = line(self.start, self.speed, elapsed, self.low, self.high)
        if least == 0:
            return end, area
        low, high = max(self.low, -least), min(self.high, least)
        area += least * elapsed - line(self.start, self.speed, elapsed, low, high)[1]
        return end, area - self._twice(elapsed) if self.start < 0 else area

    def charged(self, value: int) -> int:
        """The rate charged at a point of the path, unmirrored, WAD, trunc."""
        rate = -max(-value, self.least) if value < 0 else max(value, self.least)
        return div(rate * self.side, FINE_PER_WAD)

    def _twice(self, elapsed: int) -> int:
        """Twice the least rate over the time spent below zero."""
        if self.start + div(self.speed * elapsed, HOUR) <= 0:
            return 2 * self.least * elapsed
        return div(2 * self.least * -self.start * HOUR, self.speed)


def check(p: AdaptiveParams) -> None:
    """The bounds that the contract's constructor enforces.

    Raises:
        Refused: `ParameterOutOfBounds` with name, value and bounds of the first parameter outside.
    """
    within("rateMax", p.rate_max, WAD // 10**6, WAD // 10)
    within("rateMin", p.rate_min, 0, p.rate_max)
    within("increase", p.increase, 0, p.rate_max)
    within("decrease", p.decrease, 0, p.rate_max)
    within("increaseThreshold", p.increase_threshold, 0, WAD)
    within("decreaseThreshold", p.decrease_threshold, 0, p.increase_threshold)
    within("deviation", p.deviation, WAD // 10**6, WAD // 100)
    within("meanSeconds", p.mean_seconds, HOUR, 90 * _DAY)


class AdaptiveFunding:
    """Twin of the contract: a `FundingModel` with fixed parameters.

    Args:
        params: Parameters; checked against the contract's bounds.
    """

    __slots__ = ("params",)

    def __init__(self, params: AdaptiveParams) -> None:
        check(params)
        self.params = params

    def initial_state(self, _given: FundingInput) -> bytes:
        """The rate starts at zero: an adapting rate has no place where it has always rested."""
        return model_state.encode(0, 0, 0)

    def accrue(self, given: FundingInput) -> tuple[bytes, int, int]:
        """See `FundingModel.accrue`."""
        p = self.params
        value, mean, _ = model_state.decode(given.state)
        step = self._step(given, value)
        end, area = step.integrate(given.elapsed)
        rate = step.charged(end)
        mean = model_state.slow_mean(mean, step.charged(step.start), rate, given.elapsed, p.mean_seconds)
        deviation = model_state.deviation(rate, mean, p.deviation)
        return model_state.encode(end * step.side, mean, 0), to_integral(area * step.side), deviation

    def rates(self, given: FundingInput) -> FundingRates:
        """See `FundingModel.rates`."""
        value, mean, _ = model_state.decode(given.state)
        step = self._step(given, value)
        settled = step.start
        if step.speed != 0:
            settled = step.high if step.speed > 0 else step.low
        current = step.charged(step.start)
        return FundingRates(current, step.charged(settled), 0, current, mean)

    def caps(self) -> tuple[int, int]:
        """See `FundingModel.caps`."""
        return self.params.rate_max, self.params.rate_max

    def _step(self, given: FundingInput, value: int) -> _Step:
        """Which way the rate moves. A path that would cross zero without rising beyond it stops there."""
        p = self.params
        most = p.rate_max * FINE_PER_WAD
        skew = given.long_interest - given.short_interest
        side = -1 if skew < 0 or (skew == 0 and value < 0) else 1
        start, speed, low, high = value * side, 0, -most, most
        least = p.rate_min * FINE_PER_WAD if skew != 0 or value != 0 else 0
        if skew != 0:
            imbalance = div(i256(skew * side * WAD), given.long_interest + given.short_interest)
            rise = div(p.increase * FINE_PER_WAD * imbalance, WAD)
            if imbalance > p.increase_threshold:
                speed = rise
            elif start < 0:
                speed, high = rise, 0
            elif imbalance < p.decrease_threshold:
                speed, low = -p.decrease * FINE_PER_WAD, 0
        return _Step(side, least, start, speed, low, high)
