"""Twin of `margin/MultiplierMath.sol`: multipliers of margin, 1e-6 (1e6 = one).

    volatility  clamp(sigma / sigma0, 1, 4)
    funding     1 + 0.25 * clamp(|z| - 2, 0, 4)
    crowding    1 + clamp(2 v - 1, 0, 1), v = value of the larger side / what one side may hold

Their product counts at once for new risk. For maintenance a ramp counts, and nothing else: with time it
follows the product, down at once, up by a tenth an hour at most.
"""

from keel.model import pool
from keel.model.fixed import cast, div
from keel.model.records import Market, MarketConfig
from keel.units import BPS, WAD

ONE = 10**6
MAX_VOLATILITY = 4 * ONE
# ln(1.1) per hour, 1e-9 a second: however often a market is touched, an hour adds a tenth at most.
RAMP_PER_SECOND = 26_475
# Stress comes in eighths of a deviation, at most 32: a quarter per deviation is a thirty-second per eighth.
STRESS_UNITS = 32

_RAMP_UNIT = 10**9


def initial(market: Market, config: MarketConfig) -> int:
    """Multiplier of the initial margin, 1 to 16, 1e-6, floor."""
    product = volatility(market.price.sigma, config.base_sigma_bps) * (STRESS_UNITS + market.stress)
    return cast(product * crowding(market, config)) // (STRESS_UNITS * ONE)


def volatility(sigma: int, base_sigma_bps: int) -> int:
    """clamp(sigma / sigma0, 1, 4), 1e-6, floor.

    Args:
        sigma: Annualised volatility, 1e-6.
        base_sigma_bps: Volatility at which the multiplier is one, bps.
    """
    return min(max(div(sigma * BPS, base_sigma_bps), ONE), MAX_VOLATILITY)


def crowding(market: Market, config: MarketConfig) -> int:
    """One up to half of what one side may hold, then rising to two, 1e-6, floor."""
    side = max(market.long_interest, market.short_interest)
    if side == 0:
        return ONE
    equity = pool.equity_of(market, config)
    used = pool.utilization(market.price.index, side, equity, config.max_side_ppm)
    if 2 * used <= WAD:
        return ONE
    return 2 * used // (WAD // ONE) if used < WAD else 2 * ONE


def ramped(ramp: int, target: int, elapsed: int) -> int:
    """A ramp after `elapsed` seconds: at `target` if that is lower, else on its way there.

    A step is floored, and at least one: however low the ramp is, and however often it is touched, it arrives.
    """
    if target <= ramp:
        return target
    step = max(cast(ramp * elapsed * RAMP_PER_SECOND) // _RAMP_UNIT, 1)
    return min(ramp + step, target)
