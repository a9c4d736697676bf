"""Twin of `liquidation/LiquidationMath.sol`: tiers, penalty and closed-form size of a liquidation."""

from enum import IntEnum

from keel.model.fixed import PPM, cast, i256, mul_div_ceil, mul_div_floor, u256
from keel.units import WAD

TRIM_FROM = 8 * WAD // 10
DELEVERAGE_FROM = 5 * WAD // 10
TRIM_LIMIT = 25 * WAD // 100
# Margin ratio of an account without maintenance and debt, WAD.
RATIO_MAX = WAD * WAD
# Time in which a full window empties.
WINDOW_SECONDS = 300
# Time in which the pool's losses up to its cap are forgotten.
LOSS_SECONDS = 86_400


class Tier(IntEnum):
    """How much of a position a liquidation takes; numbered as in Solidity."""

    HEALTHY = 0
    TRIM = 1
    DELEVERAGE = 2
    CLOSE = 3


def margin_ratio(equity: int, maintenance: int) -> int:
    """Equity over maintenance, WAD, floor, clamped to 0 .. 1e36; 1e36 without maintenance and debt."""
    if equity < 0:
        return 0
    if maintenance == 0:
        return RATIO_MAX
    return min(mul_div_floor(equity, WAD, maintenance), RATIO_MAX)


def tier(ratio: int) -> Tier:
    """Tier of a margin ratio, WAD: trim from 0.8, deleverage from 0.5, else close; healthy from 1."""
    if ratio >= WAD:
        return Tier.HEALTHY
    if ratio >= TRIM_FROM:
        return Tier.TRIM
    return Tier.DELEVERAGE if ratio >= DELEVERAGE_FROM else Tier.CLOSE


def penalty_rate(ratio: int, min_bps: int, max_bps: int) -> int:
    """Penalty on closed value, bps * WAD: linear from `min_bps` at ratio 1 to `max_bps` at ratio 0."""
    gap = max(WAD - ratio, 0)
    return u256(u256(min_bps * WAD) + u256(u256(max_bps - min_bps) * gap))


def window_capacity(index: int, depth: int, window_ppm: int) -> int:
    """Value that liquidations may push through a curve of `depth` in one window, quote WAD, floor."""
    return u256(u256(index * depth) // WAD * window_ppm) // PPM


def cut_of(profit: int, profits: int, cut: int) -> int:
    """What one profit gives of a cut shared in proportion, quote WAD, ceil, never more than the profit."""
    return 0 if profit == 0 else mul_div_ceil(profit, cut, profits)


def fallen(amount: int, full: int, elapsed: int, seconds: int) -> int:
    """What is left of a window's amount, quote WAD, ceil.

    Args:
        amount: What was in it, quote WAD.
        full: What empties in `seconds`, quote WAD.
        elapsed: Time since then, seconds.
        seconds: Time in which a full window empties.
    """
    return max(amount - u256(full * elapsed) // seconds, 0)


def close_fraction(tier_: Tier, equity: int, target: int, target_here: int, cost_all: int) -> int:
    """Fraction of the position to close so that equity reaches the target, WAD, ceil; 1e18 = all.

    f = (T - e) / (t - c). Closing the fraction x costs at most x * c (slippage is convex) and frees at least
    x * t (brackets are convex), so the target is met or passed.

    Args:
        tier_: Tier of the account; a trim closes at most a quarter.
        equity: Equity of the account, quote WAD; not above the target.
        target: Target equity of the account (T).
        target_here: The part of it that this position asks for (t).
        cost_all: Cost of closing all of it, penalty and slippage (c).
    """
    if tier_ == Tier.CLOSE or equity <= cast(cost_all, 256, signed=True) or target_here <= cost_all:
        return WAD
    missing = cast(i256(cast(target, 256, signed=True) - equity))
    fraction = mul_div_ceil(missing, WAD, target_here - cost_all)
    return min(fraction, TRIM_LIMIT if tier_ == Tier.TRIM else WAD)
