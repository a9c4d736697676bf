"""Twin of `funding/LayeredMath.sol` and `LayeredFunding.sol`: leaky integrators over a non-linear target.

    interest  i = clamp(i0 * (1 + beta * max(0, sigma / sigma0 - 1)), -iMax, iMax)
    premium   b = clamp(i + C(deadzone_d(kappa * p - i)), -(cap- - k0 - k1), cap+ - k0 - k1)
              C(z) = sign(z) * xc * (exp(min(|z|, 3 xc) / xc) - 1)
    skew      s = sign(u) * (k0 * |u| / u*  below the kink,  k0 + k1 * (|u| - u*) / (1 - u*)  up to |u| = 1)
    layers    fast -> b, slow -> b, skew -> s, each with its own time constant
    rate      r = (1 - w) * fast + w * slow + skew

Rates are WAD per 8 h. Layers are kept in LAYER units (1e-22 per 8 h), so that many short steps lose nothing.
"""

from dataclasses import dataclass

from keel.model import interest as interest_math
from keel.model.decay import ONE, factor
from keel.model.fixed import div, exp_wad, unchecked
from keel.model.funding import EIGHT_HOURS, FundingInput, FundingRates
from keel.model.interest import NO_SOURCE, Source
from keel.model.model_state import pack, unpack
from keel.model.stability import check_rolling, within
from keel.units import RAY, WAD

LAYER = 10**22

_LAYER_PER_WAD = LAYER // WAD
_WIDTHS = (72, 72, 72, 40)
_MINUTE = 60
_UTILIZATION_PER_PREMIUM = 25
_MONTH = 30 * 86_400


@dataclass(frozen=True, slots=True)
class LayeredParams:
    """Parameters of the layered model; rates WAD per 8 h.

    Attributes:
        interest: Interest at or below the base volatility (i0), unless a source is given.
        interest_max: Highest interest (iMax), at most 1 %.
        interest_beta: Growth of interest per unit of relative excess volatility, WAD (beta), at most 10.
        base_sigma: Base volatility, annualised, WAD (sigma0), 1 % to 1,000 %.
        deadzone: Half-width of the dead zone around the interest (d), at most 1 %.
        convexity: Scale of the convexity (xc), 1 bp to 1.
        premium_factor: Premium per 8 h that becomes rate per 8 h, WAD (kappa), at most 10.
        kink_rate: Rate added at the kink (k0).
        slope_rate: Rate added beyond the kink at full utilization (k1).
        kink: Utilization at the kink, WAD (u*), 1 % to 99 %.
        cap_longs_pay: Most that longs pay, at most 10 %.
        cap_shorts_pay: Most that shorts pay, at most 10 %.
        slow_weight: Weight of the slow layer, WAD, at most 1; the fast layer weighs the rest.
        fast_seconds: Time constant of the fast layer; `slow_seconds`, `skew_seconds` those of the others.
        deviation: Standard deviation of the rate: the unit of its distance from the slow layer.
        gain: Arbitrage gain for which the set must be stable, per hour, WAD (see stability).
        interest_source: Address of the source of the interest; zero: fixed.
    """

    interest: int
    interest_max: int
    interest_beta: int
    base_sigma: int
    deadzone: int
    convexity: int
    premium_factor: int
    kink_rate: int
    slope_rate: int
    kink: int
    cap_longs_pay: int
    cap_shorts_pay: int
    slow_weight: int
    fast_seconds: int
    slow_seconds: int
    skew_seconds: int
    deviation: int
    gain: int
    interest_source: str = NO_SOURCE


def steepest(p: LayeredParams) -> int:
    """Steepest rise of the rate's target with the premium, WAD, floor: of its convex and of its skew part."""
    cap = max(p.cap_longs_pay, p.cap_shorts_pay)
    below, above = p.kink_rate * WAD // p.kink, p.slope_rate * WAD // (WAD - p.kink)
    skew = max(below, above) * _UTILIZATION_PER_PREMIUM
    return p.premium_factor * (p.convexity + cap) // p.convexity + skew


def interest(p: LayeredParams, sample: int, sigma: int) -> int:
    """Interest at a volatility (annualised, WAD), trunc; the sample of the source is in 1e-12 per 8 h."""
    base = p.interest if int(p.interest_source, 16) == 0 else interest_math.from_sample(sample)
    return interest_math.adjusted(base, p.interest_beta, p.base_sigma, p.interest_max, sigma)


def convex(p: LayeredParams, e: int) -> int:
    """C(deadzone_d(e)): zero inside the dead zone, exponential outside; trunc. Odd and non-decreasing."""
    size = abs(e)
    if size <= p.deadzone:
        return 0
    z = min(size - p.deadzone, 3 * p.convexity)
    grown = exp_wad(z * WAD // p.convexity) - WAD
    bent = p.convexity * grown // WAD
    return -bent if e < 0 else bent


def premium_target(p: LayeredParams, premium: int, i: int) -> int:
    """Target of the fast and slow layers.

    Args:
        p: Parameters.
        premium: mark / index - 1, WAD.
        i: Interest, WAD per 8 h.
    """
    b = i + convex(p, div(unchecked(premium * p.premium_factor), WAD) - i)
    headroom = p.kink_rate + p.slope_rate
    top, bottom = p.cap_longs_pay - headroom, headroom - p.cap_shorts_pay
    return top if b > top else max(b, bottom)


def skew_target(p: LayeredParams, utilization: int) -> int:
    """Target of the skew layer at a signed utilization (WAD), trunc."""
    u = min(abs(utilization), WAD)
    if u <= p.kink:
        k = p.kink_rate * u // p.kink
    else:
        k = p.kink_rate + p.slope_rate * (u - p.kink) // (WAD - p.kink)
    return -k if utilization < 0 else k


def relax(layer: int, goal: int, elapsed: int, tau: int) -> tuple[int, int]:
    """One layer after `elapsed` seconds, and its integral.

    e(t) = g + (e - g) * x, x = exp(-t / tau); integral = g * t + (e - g) * tau * (1 - x). trunc.

    Args:
        layer: Value at the start, LAYER units.
        goal: Target, WAD.
        elapsed: Seconds.
        tau: Time constant, seconds.

    Returns:
        Value at the end, LAYER units; integral, LAYER * seconds.
    """
    goal_fine = from_rate(goal)
    decay = factor(elapsed, tau)
    gap = unchecked(layer - goal_fine)
    end = goal_fine + div(unchecked(gap * decay), ONE)
    faded = div(unchecked(gap * tau * (ONE - decay)), ONE)
    return end, unchecked(goal_fine * elapsed + faded)


def weigh(p: LayeredParams, fast: int, slow: int, skew: int) -> int:
    """Weighted sum of the layers, in the units of the layers, trunc."""
    w = p.slow_weight
    return unchecked(div(unchecked(fast * (WAD - w) + slow * w), WAD) + skew)


def deviation(p: LayeredParams, fast: int, slow: int) -> int:
    """Distance of the rate from what it would be were fast where slow is, in deviations, WAD, trunc."""
    return div(unchecked((fast - slow) * (WAD - p.slow_weight)), p.deviation * _LAYER_PER_WAD)


def to_integral(area: int) -> int:
    """LAYER * seconds to RAY * 8 hours, trunc."""
    return div(unchecked(area * (RAY // LAYER)), EIGHT_HOURS)


def to_rate(layer: int) -> int:
    """LAYER units to WAD, trunc."""
    return div(layer, _LAYER_PER_WAD)


def from_rate(rate: int) -> int:
    """WAD to LAYER units."""
    return unchecked(rate * _LAYER_PER_WAD)


def encode(fast: int, slow: int, skew: int, sample: int = 0) -> bytes:
    """State word of three layers, 72 bits each from the low end, LAYER units, and a sample of 40 bits."""
    return pack((fast, slow, skew, sample), _WIDTHS)


def layers(state: bytes) -> tuple[int, int, int, int]:
    """The fast, slow and skew layers of a state word, LAYER units, and the sample, 1e-12 per 8 h."""
    fast, slow, skew, sample = unpack(state, _WIDTHS)
    return fast, slow, skew, sample


def check(p: LayeredParams) -> None:
    """The bounds that the contract's constructor enforces.

    Raises:
        Refused: `ParameterOutOfBounds` with name, value and bounds of the first parameter outside, or
            `Unstable` (see stability).
    """
    headroom = p.kink_rate + p.slope_rate
    within("interestMax", p.interest_max, p.interest, WAD // 100)
    within("interestBeta", p.interest_beta, 0, 10 * WAD)
    within("baseSigma", p.base_sigma, WAD // 100, 10 * WAD)
    within("deadzone", p.deadzone, 0, WAD // 100)
    within("convexity", p.convexity, WAD // 10_000, WAD)
    within("premiumFactor", p.premium_factor, 0, 10 * WAD)
    within("kink", p.kink, WAD // 100, 99 * WAD // 100)
    within("kinkRate", p.kink_rate, 0, WAD // 10)
    within("slopeRate", p.slope_rate, 0, WAD // 10)
    within("capLongsPay", p.cap_longs_pay, headroom + p.interest_max, WAD // 10)
    within("capShortsPay", p.cap_shorts_pay, headroom, WAD // 10)
    within("slowWeight", p.slow_weight, 0, WAD)
    within("fastSeconds", p.fast_seconds, _MINUTE, _MONTH)
    within("slowSeconds", p.slow_seconds, p.fast_seconds, _MONTH)
    within("skewSeconds", p.skew_seconds, _MINUTE, _MONTH)
    within("deviation", p.deviation, WAD // 10**6, WAD // 100)
    within("gain", p.gain, WAD // 1_000, 1_000 * WAD)
    check_rolling(p.gain, steepest(p))


class LayeredFunding:
    """Twin of the contract: a `FundingModel` with fixed parameters.

    Args:
        params: Parameters; checked against the contract's bounds.
        source: Asks the source of interest; None: it never answers.
    """

    __slots__ = ("params", "source")

    def __init__(self, params: LayeredParams, source: Source | None = None) -> None:
        check(params)
        self.params = params
        self.source = source

    def initial_state(self, given: FundingInput) -> bytes:
        """See `FundingModel.initial_state`."""
        p = self.params
        sample = interest_math.sample(p.interest_source, self.source, 0)
        base = from_rate(premium_target(p, given.premium, interest(p, sample, given.sigma)))
        return encode(base, base, from_rate(skew_target(p, given.utilization)), sample)

    def accrue(self, given: FundingInput) -> tuple[bytes, int, int]:
        """See `FundingModel.accrue`."""
        p = self.params
        fast, slow, skew, sample = layers(given.state)
        base = premium_target(p, given.premium, interest(p, sample, given.sigma))
        fast, fast_area = relax(fast, base, given.elapsed, p.fast_seconds)
        slow, slow_area = relax(slow, base, given.elapsed, p.slow_seconds)
        skew, skew_area = relax(skew, skew_target(p, given.utilization), given.elapsed, p.skew_seconds)
        if int(p.interest_source, 16) != 0:
            sample = interest_math.sample(p.interest_source, self.source, sample)
        integral = to_integral(weigh(p, fast_area, slow_area, skew_area))
        return encode(fast, slow, skew, sample), integral, deviation(p, fast, slow)

    def rates(self, given: FundingInput) -> FundingRates:
        """See `FundingModel.rates`."""
        p = self.params
        fast, slow, skew, sample = layers(given.state)
        i = interest(p, sample, given.sigma)
        return FundingRates(
            current=to_rate(weigh(p, fast, slow, skew)),
            target=premium_target(p, given.premium, i) + skew_target(p, given.utilization),
            interest=i,
            fast=to_rate(fast),
            slow=to_rate(slow),
        )

    def caps(self) -> tuple[int, int]:
        """See `FundingModel.caps`."""
        return self.params.cap_longs_pay, self.params.cap_shorts_pay
