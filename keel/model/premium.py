"""Twin of `funding/PremiumMath.sol` and `PremiumFunding.sol`: funding as exchanges charge it.

    dampened  F(p) = clamp(i + deadzone_d(kappa * p - i), -cap-, cap+)
    literal   F(p) = clamp((p + i) * scaling, -cap-, cap+)

Rates are WAD per 8 h, p the premium clamped to premiumMax, i the interest.
"""

from dataclasses import dataclass
from enum import IntEnum

from keel.model import interest as interest_math
from keel.model import model_state
from keel.model.decay import ONE, factor
from keel.model.fixed import div, unchecked
from keel.model.funding import FundingInput, FundingRates
from keel.model.interest import Source
from keel.model.paths import FINE_PER_WAD, HOUR, line, spring, to_integral
from keel.model.stability import check_held, check_rolling, within
from keel.units import WAD

_DAY = 86_400
_FAR = 2**127 - 1


class Smoothing(IntEnum):
    """How the premium becomes a rate over time."""

    SPOT = 0
    """The rate follows the premium at once."""
    EXPONENTIAL = 1
    """The premium is averaged exponentially; the rate follows the average."""
    SLEW = 2
    """The rate follows the premium at limited speed: from cap to cap in `smoothing_seconds`."""
    INTERVAL = 3
    """The premium is averaged over intervals of `smoothing_seconds`; each pays once, at its end."""
    WEIGHTED_INTERVAL = 4
    """The same, later samples weighing more (1, 2, ..., n)."""


@dataclass(frozen=True, slots=True)
class PremiumParams:
    """Parameters of the premium model; rates WAD per 8 h.

    Attributes:
        interest: Interest at or below the base volatility (i0), unless a source is given.
        interest_max: Highest interest, either sign (iMax), at most 1 %.
        interest_beta: Growth of interest per unit of relative excess volatility, WAD (beta), at most 10.
        base_sigma: Base volatility, annualised, WAD (sigma0), 1 % to 1,000 %.
        interest_source: Address of the source of the interest; zero: fixed.
        deadzone: Half-width of the dead zone around the interest (d), at most 1 %.
        premium_factor: Premium per 8 h that becomes rate per 8 h, WAD (kappa), at most 10.
        premium_max: Largest premium that counts, WAD, 0.1 % to 1.
        scaling: 0, or the literal form: rate = (premium + interest) * scaling, WAD, no dead zone; at most 10.
        cap_longs_pay: Most that longs pay, at most 10 %.
        cap_shorts_pay: Most that shorts pay, at most 10 %.
        smoothing: How the premium becomes a rate over time.
        smoothing_seconds: What the smoothing says, 1 minute to 30 days.
        offset_seconds: Intervals start at midnight UTC plus this.
        deviation: Standard deviation of the rate.
        mean_seconds: Time constant of the slow mean of the rate.
        gain: Arbitrage gain for which the set must be stable, per hour, WAD (see stability).
    """

    interest: int
    interest_max: int
    interest_beta: int
    base_sigma: int
    interest_source: str
    deadzone: int
    premium_factor: int
    premium_max: int
    scaling: int
    cap_longs_pay: int
    cap_shorts_pay: int
    smoothing: Smoothing
    smoothing_seconds: int
    offset_seconds: int
    deviation: int
    mean_seconds: int
    gain: int


def rate_of(p: PremiumParams, premium: int, interest: int) -> int:
    """F of a premium and an interest, both WAD; trunc."""
    if p.scaling != 0:
        rate = div(unchecked((premium + interest) * p.scaling), WAD)
    else:
        excess = div(unchecked(premium * p.premium_factor), WAD) - interest
        rate = interest + max(excess - p.deadzone, 0) + min(excess + p.deadzone, 0)
    return max(-p.cap_shorts_pay, min(rate, p.cap_longs_pay))


def spring_area(p: PremiumParams, average: int, premium: int, interest: int, elapsed: int) -> int:
    """Integral of F along an average premium that is drawn from `average` to `premium`, FINE * seconds.

    Args:
        p: Parameters.
        average: FINE units.
        premium: WAD.
        interest: WAD.
        elapsed: Seconds.
    """
    goal, i = premium * FINE_PER_WAD, interest * FINE_PER_WAD
    low, high = -p.cap_shorts_pay * FINE_PER_WAD, p.cap_longs_pay * FINE_PER_WAD
    tau = p.smoothing_seconds
    if p.scaling != 0:
        start = div(unchecked((average + i) * p.scaling), WAD)
        end = div(unchecked((goal + i) * p.scaling), WAD)
        return spring(start, end, tau, elapsed, low, high)[1]
    d = p.deadzone * FINE_PER_WAD
    average = div(unchecked(average * p.premium_factor), WAD) - i
    goal = div(unchecked(goal * p.premium_factor), WAD) - i
    _, area = spring(average, goal, tau, elapsed, low - i - d, high - i + d)
    _, damped = spring(average, goal, tau, elapsed, -d, d)
    return unchecked(area + i * elapsed - damped)


def weight(p: PremiumParams, start: int, end: int) -> int:
    """Weight of the time from `start` to `end` inside an interval, seconds, or seconds^2 where weighted."""
    return end * end - start * start if p.smoothing == Smoothing.WEIGHTED_INTERVAL else end - start


def check(p: PremiumParams) -> None:
    """The bounds that the contract's constructor enforces.

    Raises:
        Refused: `ParameterOutOfBounds` with name, value and bounds of the first parameter outside, or
            `Unstable` (see stability).
    """
    within("interestMax", p.interest_max, p.interest, WAD // 100)
    within("interestBeta", p.interest_beta, 0, 10 * WAD)
    within("baseSigma", p.base_sigma, WAD // 100, 10 * WAD)
    within("deadzone", p.deadzone, 0, WAD // 100)
    within("premiumFactor", p.premium_factor, 0, 10 * WAD)
    within("premiumMax", p.premium_max, WAD // 1_000, WAD)
    within("scaling", p.scaling, 0, 10 * WAD)
    within("capLongsPay", p.cap_longs_pay, p.interest_max, WAD // 10)
    within("capShortsPay", p.cap_shorts_pay, p.interest_max, WAD // 10)
    within("smoothingSeconds", p.smoothing_seconds, 60, 30 * _DAY)
    within("offsetSeconds", p.offset_seconds, 0, p.smoothing_seconds - 1)
    within("deviation", p.deviation, WAD // 10**6, WAD // 100)
    within("meanSeconds", p.mean_seconds, HOUR, 90 * _DAY)
    within("gain", p.gain, WAD // 1_000, 1_000 * WAD)
    slope = p.scaling or p.premium_factor
    if p.smoothing < Smoothing.INTERVAL:
        check_rolling(p.gain, slope)
    else:
        check_held(p.gain, slope, p.smoothing_seconds)


class PremiumFunding:
    """Twin of the contract: a `FundingModel` with fixed parameters.

    The value of its state is the average premium (EXPONENTIAL), the rate (SLEW), both in FINE units, or the
    sum of the interval's samples (INTERVAL, WEIGHTED_INTERVAL).

    Args:
        params: Parameters; checked against the contract's bounds.
        source: Asks the source of interest; None: it never answers.
    """

    __slots__ = ("params", "source")

    def __init__(self, params: PremiumParams, source: Source | None = None) -> None:
        check(params)
        self.params = params
        self.source = source

    def initial_state(self, given: FundingInput) -> bytes:
        """See `FundingModel.initial_state`."""
        p = self.params
        sample = interest_math.sample(p.interest_source, self.source, 0)
        premium = self._premium(given.premium)
        rate = rate_of(p, premium, self._interest(sample, given.sigma))
        value = 0
        if p.smoothing == Smoothing.EXPONENTIAL:
            value = premium * FINE_PER_WAD
        elif p.smoothing == Smoothing.SLEW:
            value = rate * FINE_PER_WAD
        elif p.smoothing >= Smoothing.INTERVAL:
            value = premium * weight(p, 0, self._position(given.since))
        return model_state.encode(value, rate, sample)

    def accrue(self, given: FundingInput) -> tuple[bytes, int, int]:
        """See `FundingModel.accrue`."""
        p, elapsed = self.params, given.elapsed
        value, mean, sample = model_state.decode(given.state)
        interest, premium = self._interest(sample, given.sigma), self._premium(given.premium)
        before = self._telling(self._rate(value, premium, interest, given.since), mean, given.since)
        value, area = self._advance(value, premium, interest, given.since, elapsed)
        end = given.since + elapsed
        rate = self._telling(self._rate(value, premium, interest, end), mean, end)
        mean = model_state.slow_mean(mean, before, rate, elapsed, p.mean_seconds)
        deviation = model_state.deviation(rate, mean, p.deviation)
        sample = interest_math.sample(p.interest_source, self.source, sample)
        return model_state.encode(value, mean, sample), to_integral(area), deviation

    def rates(self, given: FundingInput) -> FundingRates:
        """See `FundingModel.rates`."""
        value, mean, sample = model_state.decode(given.state)
        interest, premium = self._interest(sample, given.sigma), self._premium(given.premium)
        current = self._rate(value, premium, interest, given.since)
        return FundingRates(current, rate_of(self.params, premium, interest), interest, current, mean)

    def caps(self) -> tuple[int, int]:
        """See `FundingModel.caps`."""
        return self.params.cap_longs_pay, self.params.cap_shorts_pay

    def _advance(self, value: int, premium: int, interest: int, since: int, elapsed: int) -> tuple[int, int]:
        """Value at the end and integral of the rate, FINE * seconds."""
        p, aim = self.params, premium * FINE_PER_WAD
        if p.smoothing >= Smoothing.INTERVAL:
            return self._pay(value, premium, interest, since, elapsed)
        if p.smoothing == Smoothing.EXPONENTIAL:
            area = spring_area(p, value, premium, interest, elapsed)
            return aim + div((value - aim) * factor(elapsed, p.smoothing_seconds), ONE), area
        goal = rate_of(p, premium, interest) * FINE_PER_WAD
        if p.smoothing == Smoothing.SPOT:
            return 0, goal * elapsed
        speed = div((p.cap_longs_pay + p.cap_shorts_pay) * FINE_PER_WAD * HOUR, p.smoothing_seconds)
        if goal > value:
            return line(value, speed, elapsed, -_FAR, goal)
        return line(value, -speed, elapsed, goal, _FAR)

    def _pay(self, total: int, premium: int, interest: int, since: int, elapsed: int) -> tuple[int, int]:
        """Intervals that end inside the accrual pay at their ends.

        The first on what was sampled before and now, whole ones after it on the premium alone.
        """
        p, interval = self.params, self.params.smoothing_seconds
        start = self._position(since)
        end = start + elapsed
        if end < interval:
            return total + premium * weight(p, start, end), 0
        total += premium * weight(p, start, interval)
        area = rate_of(p, div(total, weight(p, 0, interval)), interest)
        area += rate_of(p, premium, interest) * (end // interval - 1)
        return premium * weight(p, 0, end % interval), area * interval * FINE_PER_WAD

    def _rate(self, value: int, premium: int, interest: int, at: int) -> int:
        """Rate now: of the average so far, or the slewed one."""
        p = self.params
        if p.smoothing == Smoothing.SLEW:
            return div(value, FINE_PER_WAD)
        if p.smoothing == Smoothing.EXPONENTIAL:
            premium = div(value, FINE_PER_WAD)
        if p.smoothing >= Smoothing.INTERVAL and (sampled := weight(p, 0, self._position(at))):
            premium = div(value, sampled)
        return rate_of(p, premium, interest)

    def _telling(self, rate: int, mean: int, at: int) -> int:
        """The rate as far as it tells of stress: an interval's average as far as the interval has gone."""
        p = self.params
        if p.smoothing < Smoothing.INTERVAL:
            return rate
        return mean + div((rate - mean) * self._position(at), p.smoothing_seconds)

    def _position(self, at: int) -> int:
        """Seconds since the interval began."""
        return (at - self.params.offset_seconds) % self.params.smoothing_seconds

    def _interest(self, sample: int, sigma: int) -> int:
        p = self.params
        base = p.interest if int(p.interest_source, 16) == 0 else interest_math.from_sample(sample)
        return interest_math.adjusted(base, p.interest_beta, p.base_sigma, p.interest_max, sigma)

    def _premium(self, premium: int) -> int:
        return max(-self.params.premium_max, min(premium, self.params.premium_max))
