"""Twin of `funding/LayeredMath.sol` and `LayeredFunding.sol`: leaky integrators over a non-linear target.

    interest  i = min(i0 * (1 + beta * max(0, sigma / sigma0 - 1)), iMax)
    premium   b = clamp(i + C(deadzone_d(kappa * p - i)), -(cap- - k0 - k1), cap+ - k0 - k1)
              C(z) = sign(z) * xc * (exp(min(|z|, 3 xc) / xc) - 1)
    skew      s = sign(u) * (k0 * |u| / u*  below the kink,  k0 + k1 * (|u| - u*) / (1 - u*)  up to |u| = 1)
    layers    fast -> b, slow -> b, skew -> s, each with its own time constant
    rate      r = (1 - w) * fast + w * slow + skew

Rates are WAD per 8 h. Layers are kept in LAYER units (1e-22 per 8 h), so that many short steps lose nothing.
"""

from dataclasses import dataclass

from keel.model.errors import Refused
from keel.model.fixed import cast, div, exp_wad
from keel.model.funding import EIGHT_HOURS, FundingInput
from keel.units import RAY, WAD

LAYER = 10**22

_LAYER_PER_WAD = LAYER // WAD
_LAYER_BITS = 80
_MINUTE = 60
_MONTH = 30 * 86_400


@dataclass(frozen=True, slots=True)
class LayeredParams:
    """Parameters of the layered model; rates WAD per 8 h.

    Attributes:
        interest: Interest at or below the base volatility (i0).
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


def interest(p: LayeredParams, sigma: int) -> int:
    """Interest at a volatility (annualised, WAD), floor."""
    if sigma <= p.base_sigma:
        return p.interest
    excess = cast((sigma - p.base_sigma) * WAD) // p.base_sigma
    growth = cast(p.interest * (cast(p.interest_beta * excess) // WAD)) // WAD
    return min(p.interest + growth, p.interest_max)


def convex(p: LayeredParams, e: int) -> int:
    """C(deadzone_d(e)): zero inside the dead zone, exponential outside; trunc. Odd and non-decreasing."""
    size = abs(e)
    if size <= p.deadzone:
        return 0
    z = min(size - p.deadzone, 3 * p.convexity)
    grown = exp_wad(z * WAD // p.convexity) - WAD
    bent = p.convexity * grown // WAD
    return -bent if e < 0 else bent


def premium_target(p: LayeredParams, premium: int, sigma: int) -> int:
    """Target of the fast and slow layers.

    Args:
        p: Parameters.
        premium: mark / index - 1, WAD.
        sigma: Annualised volatility, WAD.
    """
    i = interest(p, sigma)
    b = i + convex(p, div(_signed(premium * p.premium_factor), WAD) - i)
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
    decay = exp_wad(-(cast(elapsed * WAD) // tau))
    gap = _signed(layer - goal_fine)
    end = goal_fine + div(_signed(gap * decay), WAD)
    faded = div(_signed(gap * tau * (WAD - decay)), WAD)
    return end, _signed(goal_fine * elapsed + faded)


def weigh(p: LayeredParams, fast: int, slow: int, skew: int) -> int:
    """Weighted sum of the layers, in the units of the layers, trunc."""
    w = p.slow_weight
    return _signed(div(_signed(fast * (WAD - w) + slow * w), WAD) + skew)


def to_integral(area: int) -> int:
    """LAYER * seconds to RAY * 8 hours, trunc."""
    return div(_signed(area * (RAY // LAYER)), EIGHT_HOURS)


def to_rate(layer: int) -> int:
    """LAYER units to WAD, trunc."""
    return div(layer, _LAYER_PER_WAD)


def from_rate(rate: int) -> int:
    """WAD to LAYER units."""
    return _signed(rate * _LAYER_PER_WAD)


def encode(fast: int, slow: int, skew: int) -> bytes:
    """State word of three layers, 80 bits each from the low end, LAYER units."""
    word = 0
    for place, layer in enumerate((fast, slow, skew)):
        word |= cast(layer, _LAYER_BITS, signed=True) % (1 << _LAYER_BITS) << _LAYER_BITS * place
    return word.to_bytes(32, "big")


def layers(state: bytes) -> tuple[int, int, int]:
    """The fast, slow and skew layers of a state word, LAYER units."""
    word = int.from_bytes(state, "big")
    return _layer(word, 0), _layer(word, 1), _layer(word, 2)


def check(p: LayeredParams) -> None:
    """The bounds that the contract's constructor enforces.

    Raises:
        Refused: `ParameterOutOfBounds` with name, value and bounds of the first parameter outside.
    """
    headroom = p.kink_rate + p.slope_rate
    for name, given, low, high in (
        ("interestMax", p.interest_max, p.interest, WAD // 100),
        ("interestBeta", p.interest_beta, 0, 10 * WAD),
        ("baseSigma", p.base_sigma, WAD // 100, 10 * WAD),
        ("deadzone", p.deadzone, 0, WAD // 100),
        ("convexity", p.convexity, WAD // 10_000, WAD),
        ("premiumFactor", p.premium_factor, 0, 10 * WAD),
        ("kink", p.kink, WAD // 100, 99 * WAD // 100),
        ("kinkRate", p.kink_rate, 0, WAD // 10),
        ("slopeRate", p.slope_rate, 0, WAD // 10),
        ("capLongsPay", p.cap_longs_pay, headroom + p.interest_max, WAD // 10),
        ("capShortsPay", p.cap_shorts_pay, headroom, WAD // 10),
        ("slowWeight", p.slow_weight, 0, WAD),
        ("fastSeconds", p.fast_seconds, _MINUTE, _MONTH),
        ("slowSeconds", p.slow_seconds, p.fast_seconds, _MONTH),
        ("skewSeconds", p.skew_seconds, _MINUTE, _MONTH),
    ):
        if not low <= given <= high:
            raise Refused("ParameterOutOfBounds", name, given, low, high)


class LayeredFunding:
    """Twin of the contract: a `FundingModel` with fixed parameters.

    Args:
        params: Parameters; checked against the contract's bounds.
    """

    __slots__ = ("params",)

    def __init__(self, params: LayeredParams) -> None:
        check(params)
        self.params = params

    def initial_state(self, given: FundingInput) -> bytes:
        """See `FundingModel.initial_state`."""
        base = from_rate(premium_target(self.params, given.premium, given.sigma))
        return encode(base, base, from_rate(skew_target(self.params, given.utilization)))

    def accrue(self, given: FundingInput) -> tuple[bytes, int]:
        """See `FundingModel.accrue`."""
        p = self.params
        base = premium_target(p, given.premium, given.sigma)
        fast, slow, skew = layers(given.state)
        fast, fast_area = relax(fast, base, given.elapsed, p.fast_seconds)
        slow, slow_area = relax(slow, base, given.elapsed, p.slow_seconds)
        skew, skew_area = relax(skew, skew_target(p, given.utilization), given.elapsed, p.skew_seconds)
        return encode(fast, slow, skew), to_integral(weigh(p, fast_area, slow_area, skew_area))

    def rate(self, given: FundingInput) -> int:
        """See `FundingModel.rate`."""
        return to_rate(weigh(self.params, *layers(given.state)))

    def target(self, given: FundingInput) -> int:
        """See `FundingModel.target`."""
        base = premium_target(self.params, given.premium, given.sigma)
        return base + skew_target(self.params, given.utilization)

    def caps(self) -> tuple[int, int]:
        """Most that longs pay and most that shorts pay."""
        return self.params.cap_longs_pay, self.params.cap_shorts_pay


def _layer(word: int, place: int) -> int:
    raw = word >> _LAYER_BITS * place & (1 << _LAYER_BITS) - 1
    return raw - (1 << _LAYER_BITS) if raw >> _LAYER_BITS - 1 else raw


def _signed(value: int) -> int:
    return cast(value, signed=True)
