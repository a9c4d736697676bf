"""Twin of `margin/MarginMath.sol`: margin brackets, requirements with their multipliers, and hedges."""

from keel.model import multiplier
from keel.model.fixed import cast, div, div_ceil
from keel.model.records import Brackets, Market, MarketConfig
from keel.units import BPS, WAD

_QUOTE = WAD
_PERCENT = 100


def maintenance(b: Brackets, value: int) -> int:
    """Maintenance margin of a position value, quote WAD, ceil."""
    return _marginal(b, value, (b.maintenance1, b.maintenance2, b.maintenance3, b.maintenance4))


def initial(b: Brackets, value: int) -> int:
    """Initial margin of a position value before multipliers, quote WAD, ceil."""
    return _marginal(b, value, (b.initial1, b.initial2, b.initial3, b.initial4))


def requirements(market: Market, config: MarketConfig, size: int, *, whole: bool = True) -> tuple[int, int]:
    """Initial and maintenance margin of a position of `size` with their multipliers, quote WAD, ceil.

    No more than its value is ever asked for, and then the maintenance keeps its proportion. Without `whole`
    the initial margin is left at 0.
    """
    value = div_ceil(cast(abs(size) * market.price.index), WAD)
    plain, most, ramp = initial(config.brackets, value), cast(value * multiplier.ONE), market.ramp
    asked = 0
    if whole:
        # What is maintained is asked of whoever comes new, too.
        asked = min(cast(plain * max(multiplier.initial(market, config), ramp)), most)
    if cast(plain * ramp) > most:
        ramp = most // plain
    kept = cast(maintenance(config.brackets, value) * ramp)
    return div_ceil(asked, multiplier.ONE), div_ceil(kept, multiplier.ONE)


def common(requirement: int, hedge_percent: int, size: int) -> int:
    """Part of a requirement that nets between opposite positions, signed like `size`, trunc."""
    part = cast(requirement * hedge_percent) // _PERCENT
    return part if size > 0 else -part


def damped(ramp: int, old: Brackets, new: Brackets) -> int:
    """A ramp that takes back by how much new brackets ask for more than old ones, 1e-6, floor.

    At the value where that is most: the ratio of two such sums is largest at an end of a bracket or far
    beyond the last one.
    """
    ends = (1, old.limit1, old.limit2, old.limit3, new.limit1, new.limit2, new.limit3)
    values = [end * _QUOTE for end in ends]
    scaled = (div(ramp * maintenance(old, value), maintenance(new, value)) for value in values)
    return min(ramp, *scaled, div(ramp * old.maintenance4, new.maintenance4))


def _marginal(b: Brackets, value: int, rates: tuple[int, int, int, int]) -> int:
    total = cast(value * rates[0])
    for limit, below, above in zip((b.limit1, b.limit2, b.limit3), rates, rates[1:], strict=False):
        inside = max(value - limit * _QUOTE, 0)
        total = cast(total + inside * cast(above - below, 16))
    return div_ceil(total, BPS)
