"""What positions ask for, as the fuzzer expects it: brackets, multipliers, the ramp, and hedges."""

from collections.abc import Iterable
from typing import NamedTuple

from keel.model import pool
from keel.model.records import Brackets, Market, MarketConfig
from keel.units import BPS, WAD

ONE = 10**6
_PERCENT = 100
# A tenth an hour, continuously: ln(1.1) / 3600, 1e-9 a second.
_RAMP_PER_SECOND = 26_475
_RAMP_UNIT = 10**9
_MOST_VOLATILE = 4 * ONE
_EIGHTHS = 32


class Part(NamedTuple):
    """What one position asks for, quote WAD: by itself, and of that what a common move explains, signed."""

    initial: int
    maintenance: int
    initial_common: int
    maintenance_common: int


def part(market: Market, config: MarketConfig, size: int, factor: int | None = None) -> Part:
    """What a position of `size` (base WAD) asks for; `factor` is the market's product if it is known."""
    value = -(-abs(size) * market.price.index // WAD)
    kept, needed = required(config.brackets, value)
    factor = multiplier(market, config) if factor is None else factor
    # Whoever comes new is asked for the ramp as well; who stays, for nothing else.
    factor, ramp = max(factor, market.ramp), market.ramp
    initial = needed * factor
    if initial > value * ONE:
        # No more than the value; maintenance keeps its proportion.
        ramp, initial = min(ramp, value * ONE * factor // initial), value * ONE
    initial = -(-initial // ONE)
    maintenance = -(-kept * ramp // ONE)
    sign = 1 if size > 0 else -1
    common = (sign * (asked * config.hedge_percent // _PERCENT) for asked in (initial, maintenance))
    return Part(initial, maintenance, *common)


def netted(parts: Iterable[Part]) -> Part:
    """What positions ask for together: each its own part, and the size of the sum of what is common."""
    initial = maintenance = initial_common = maintenance_common = 0
    for one in parts:
        initial += one.initial - abs(one.initial_common)
        maintenance += one.maintenance - abs(one.maintenance_common)
        initial_common += one.initial_common
        maintenance_common += one.maintenance_common
    return Part(
        initial + abs(initial_common),
        maintenance + abs(maintenance_common),
        initial_common,
        maintenance_common,
    )


def multiplier(market: Market, config: MarketConfig) -> int:
    """Volatility, distance of the rate and crowding multiplied, 1e-6, floor."""
    volatile = min(max(market.price.sigma * BPS // config.base_sigma_bps, ONE), _MOST_VOLATILE)
    return volatile * (_EIGHTHS + market.stress) * crowding(market, config) // (_EIGHTHS * ONE)


def crowding(market: Market, config: MarketConfig) -> int:
    """One up to half of what a side may hold, two at all of it, linear between, 1e-6, floor."""
    if not (market.long_interest or market.short_interest):
        return ONE
    used = side_used(market, config, long=market.long_interest > market.short_interest)
    return min(max(2 * used * ONE // WAD, ONE), 2 * ONE)


def side_used(market: Market, config: MarketConfig, *, long: bool) -> int:
    """Value of one side over what the pool may face, WAD, ceil."""
    side = market.long_interest if long else market.short_interest
    depth = pool.depth(config.depth_per_share, market.shares)
    index = market.price.index
    equity = pool.equity(market.cash, market.open_notional, index, depth, market.skew)
    return pool.utilization(index, side, equity, config.max_side_ppm)


def ramp_after(market: Market, config: MarketConfig, now: int) -> int:
    """The multiplier of maintenance after some time: down at once, up by a tenth an hour at most, 1e-6."""
    elapsed = now - market.accrued_at
    if elapsed == 0:
        return market.ramp
    reach = market.ramp * elapsed * _RAMP_PER_SECOND // _RAMP_UNIT
    # A step is one at least: what is low arrives, too.
    return min(multiplier(market, config), market.ramp + max(reach, 1))


def required(b: Brackets, value: int) -> tuple[int, int]:
    """Maintenance and initial margin of a position value, quote WAD, ceil: each rate on its bracket."""
    low = maintenance = initial = 0
    for high, kept, needed in (
        (b.limit1 * WAD, b.maintenance1, b.initial1),
        (b.limit2 * WAD, b.maintenance2, b.initial2),
        (b.limit3 * WAD, b.maintenance3, b.initial3),
        (value, b.maintenance4, b.initial4),
    ):
        if value <= low:
            break
        inside = min(value, high) - low
        maintenance, initial, low = maintenance + inside * kept, initial + inside * needed, high
    return -(-maintenance // BPS), -(-initial // BPS)
