"""Twin of `oracle/Volatility.sol`: annualised EWMA volatility of clamped index returns.

With r the size of the return over the middle of the two prices, at most 10 %,
var <- var * x + (r^2 * year / dt) * (1 - x), x = exp(-dt / tau).
"""

from keel.model.fixed import cast, div, exp_wad, sqrt
from keel.units import WAD

YEAR = 365 * 86_400
# 86,400 / ln 2: a half-life of one day.
TAU = 124_649
MAX_RETURN = WAD // 10
# (1,000 % a year)^2.
MAX_VARIANCE = 100 * WAD

_SIGMA_UNIT = 10**12


def update(variance_: int, price_before: int, price_after: int, elapsed: int) -> int:
    """Variance after one more return, WAD, floor.

    Args:
        variance_: Annualised variance before, WAD.
        price_before: Index at the last update, WAD.
        price_after: Index now, WAD.
        elapsed: Seconds since the last update, above 0.
    """
    r = min(div(2 * abs(price_after - price_before) * WAD, price_after + price_before), MAX_RETURN)
    realised = div(r * r // WAD * YEAR, elapsed)
    keep = exp_wad(-(elapsed * WAD // TAU))
    following = cast(variance_ * keep + realised * (WAD - keep)) // WAD
    return min(following, MAX_VARIANCE)


def variance(sigma_: int) -> int:
    """Variance of a volatility in 1e-6 units, WAD, exact."""
    return cast(sigma_ * sigma_ * 10**6, 72)


def sigma(variance_: int) -> int:
    """Volatility of a variance (WAD), 1e-6 units, floor."""
    return cast(sqrt(variance_ * WAD) // _SIGMA_UNIT, 24)
