"""Twin of `funding/VelocityFunding.sol`: funding whose rate drifts with the skew.

dr/dt = velocity * clamp(skew / skewScale, -1, 1) - r / leak, |r| capped; integrated exactly. Rates are WAD
per 8 h, the state keeps the rate in FINE units.
"""

from dataclasses import dataclass

from keel.model import model_state
from keel.model.fixed import div, i256
from keel.model.funding import FundingInput, FundingRates
from keel.model.paths import FINE_PER_WAD, HOUR, line, spring, to_integral
from keel.model.stability import within
from keel.units import WAD

_HOURS_PER_DAY = 24
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class VelocityParams:
    """Parameters of the velocity model; rates WAD per 8 h.

    Attributes:
        velocity: Change of the rate per day at full skew; it takes an hour at least to a cap.
        skew_scale: Net position that counts as full skew, base WAD, 1 to 2**112.
        deadband: Part of full skew below which the rate rests (or only leaks), WAD, at most 99 %.
        leak_seconds: Time constant with which the rate leaks to zero; 0: none.
        cap_longs_pay: Most that longs pay, 1 bp to 10 %.
        cap_shorts_pay: Most that shorts pay, 1 bp to 10 %.
        deviation: Standard deviation of the rate.
        mean_seconds: Time constant of the slow mean of the rate.
    """

    velocity: int
    skew_scale: int
    deadband: int
    leak_seconds: int
    cap_longs_pay: int
    cap_shorts_pay: int
    deviation: int
    mean_seconds: int


def check(p: VelocityParams) -> None:
    """The bounds that the contract's constructor enforces.

    Raises:
        Refused: `ParameterOutOfBounds` with name, value and bounds of the first parameter outside.
    """
    within("capLongsPay", p.cap_longs_pay, WAD // 10_000, WAD // 10)
    within("capShortsPay", p.cap_shorts_pay, WAD // 10_000, WAD // 10)
    within("velocity", p.velocity, 0, min(p.cap_longs_pay, p.cap_shorts_pay) * _HOURS_PER_DAY)
    within("skewScale", p.skew_scale, 1, 2**112)
    within("deadband", p.deadband, 0, 99 * WAD // 100)
    if p.leak_seconds != 0:
        within("leakSeconds", p.leak_seconds, 60, 90 * _DAY)
    within("deviation", p.deviation, WAD // 10**6, WAD // 100)
    within("meanSeconds", p.mean_seconds, HOUR, 90 * _DAY)


class VelocityFunding:
    """Twin of the contract: a `FundingModel` with fixed parameters.

    Args:
        params: Parameters; checked against the contract's bounds.
    """

    __slots__ = ("params",)

    def __init__(self, params: VelocityParams) -> None:
        check(params)
        self.params = params

    def initial_state(self, _given: FundingInput) -> bytes:
        """The rate starts at zero: a drift has no place where it has always rested."""
        return model_state.encode(0, 0, 0)

    def accrue(self, given: FundingInput) -> tuple[bytes, int, int]:
        """See `FundingModel.accrue`."""
        p = self.params
        value, mean, _ = model_state.decode(given.state)
        before, speed = div(value, FINE_PER_WAD), self._speed(given)
        low, high = self._bounds()
        if p.leak_seconds == 0:
            value, area = line(value, speed, given.elapsed, low, high)
        else:
            value, area = spring(value, self._goal(speed), p.leak_seconds, given.elapsed, low, high)
        rate = div(value, FINE_PER_WAD)
        mean = model_state.slow_mean(mean, before, rate, given.elapsed, p.mean_seconds)
        deviation = model_state.deviation(rate, mean, p.deviation)
        return model_state.encode(value, mean, 0), to_integral(area), deviation

    def rates(self, given: FundingInput) -> FundingRates:
        """See `FundingModel.rates`. Without leak the rate settles at a cap, or where it is."""
        value, mean, _ = model_state.decode(given.state)
        speed = self._speed(given)
        low, high = self._bounds()
        if self.params.leak_seconds != 0:
            goal = max(low, min(self._goal(speed), high))
        elif speed == 0:
            goal = value
        else:
            goal = high if speed > 0 else low
        current = div(value, FINE_PER_WAD)
        return FundingRates(current, div(goal, FINE_PER_WAD), 0, current, mean)

    def caps(self) -> tuple[int, int]:
        """See `FundingModel.caps`."""
        return self.params.cap_longs_pay, self.params.cap_shorts_pay

    def _speed(self, given: FundingInput) -> int:
        """FINE units per hour, trunc."""
        p = self.params
        skew = given.long_interest - given.short_interest
        share = max(-WAD, min(div(i256(skew * WAD), p.skew_scale), WAD))
        if -p.deadband < share < p.deadband:
            return 0
        return div(div(p.velocity * FINE_PER_WAD * share, WAD), _HOURS_PER_DAY)

    def _goal(self, speed: int) -> int:
        """Where the leak balances the drift, FINE units, trunc."""
        return div(speed * self.params.leak_seconds, HOUR)

    def _bounds(self) -> tuple[int, int]:
        return -self.params.cap_shorts_pay * FINE_PER_WAD, self.params.cap_longs_pay * FINE_PER_WAD
