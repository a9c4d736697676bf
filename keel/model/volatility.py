"""Twin of `oracle/Volatility.sol`: annualised EWMA volatility of clamped index returns.

With r the log return clamped to +-10 %, var <- var * x + (r^2 * year / dt) * (1 - x), x = exp(-dt / tau).
"""

from keel.model.fixed import cast, div, exp_wad, i256, ln_wad, sqrt, u256
from keel.units import WAD

YEAR = 365 * 86_400
# 86,400 / ln 2: a half-life of one day.
TAU = 124_649
MAX_RETURN = WAD // 10
# (1,000 % a year)^2.
MAX_VARIANCE = 100 * WAD

_SIGMA_UNIT = 10**9


def update(variance: int, price_before: int, price_after: int, elapsed: int) -> int:
    """Variance after one more return, WAD, floor.

    Args:
        variance: Annualised variance before, WAD.
        price_before: Index at the last update, WAD.
        price_after: Index now, WAD.
        elapsed: Seconds since the last update, above 0.
    """
    r = ln_wad(cast(div(u256(price_after * WAD), price_before), signed=True))
    r = max(-MAX_RETURN, min(r, MAX_RETURN))
    realised = div(r * r // WAD * YEAR, elapsed)
    keep = exp_wad(i256(-cast(u256(elapsed * WAD) // TAU, signed=True)))
    following = u256(u256(variance * keep) + u256(realised * (WAD - keep))) // WAD
    return min(following, MAX_VARIANCE)


def sigma(variance: int) -> int:
    """Volatility of a variance (WAD), 1e-9 units, floor."""
    return cast(sqrt(u256(variance * WAD)) // _SIGMA_UNIT, 40)
