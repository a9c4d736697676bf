"""Twin of `pool/PoolMath.sol`: pool equity, shares, the redemption charge, utilization.

    equity       E = C - (V(q) - N)
    deposit  a:  floor(a * (S + 1e6) / max(E + 1, (S + 1e6) / 1e12)) shares
    redeem   s:  floor(s * (E + 1) / (S + 1e6)) - max(0, V_D'(q) - V_D(q)),  D' = kappa * (S - s)

Assets are quote WAD, shares have 24 decimals.
"""

from keel.model import curve
from keel.model.fixed import PPM, cast, div_ceil, i256, mul_div_ceil, mul_div_floor, u256
from keel.model.records import Market, MarketConfig
from keel.units import WAD

VIRTUAL_SHARES = 10**6
SHARE_UNIT = 10**24
# The first price is 1 wei per 1e6 share units; shares are never sold below a millionth of it.
LEAST_PRICE_DIVISOR = 10**12
# Utilization of a pool that can carry nothing, WAD.
UTILIZATION_MAX = WAD * WAD


def depth(depth_per_share: int, shares: int) -> int:
    """Curve depth, base WAD, floor.

    Args:
        depth_per_share: Base WAD per whole share.
        shares: Pool shares, 24 decimals.
    """
    return cast(depth_per_share * shares) // SHARE_UNIT


def equity(cash: int, open_notional: int, index: int, depth_: int, skew: int) -> int:
    """Pool equity if every trader closed now, quote WAD, floor (the traders' exit value is a ceil)."""
    return cast(cash + open_notional - curve.value_ceil(index, depth_, skew), signed=True)


def equity_of(market: Market, config: MarketConfig) -> int:
    """Pool equity of a market at its index, quote WAD, floor."""
    depth_ = depth(config.depth_per_share, market.shares)
    return equity(market.cash, market.open_notional, market.price.index, depth_, market.skew)


def shares_for(assets: int, equity_: int, shares: int) -> int:
    """Shares for a deposit of `assets` into equity `equity_`, floor."""
    return mul_div_floor(assets, u256(shares + VIRTUAL_SHARES), _selling_equity(equity_, shares))


def assets_to_mint(minted: int, equity_: int, shares: int) -> int:
    """Assets that mint `minted` shares, ceil."""
    return mul_div_ceil(minted, _selling_equity(equity_, shares), u256(shares + VIRTUAL_SHARES))


def assets_for(burnt: int, equity_: int, shares: int) -> int:
    """Assets that `burnt` shares stand for before any charge, floor."""
    return mul_div_floor(burnt, u256(equity_ + 1), u256(shares + VIRTUAL_SHARES))


def redemption_charge(index: int, depth_before: int, depth_after: int, skew: int) -> int:
    """What the traders would gain from a curve that shrinks to `depth_after`, quote WAD, ceil."""
    charge = curve.value_ceil(index, depth_after, skew) - curve.value_floor(index, depth_before, skew)
    return max(i256(charge), 0)


def utilization(index: int, skew: int, equity_: int, max_exposure_ppm: int) -> int:
    """|q| * P / (E * maxExposure), WAD, ceil, at most 1e36; an empty or insolvent pool is over any limit."""
    if skew == 0:
        return 0
    capacity = cast(equity_ * max_exposure_ppm) // PPM if equity_ > 0 else 0
    value = div_ceil(cast(abs(skew) * index), WAD)
    if value >= cast(capacity * WAD):
        return UTILIZATION_MAX
    return div_ceil(cast(value * WAD), capacity)


def _selling_equity(equity_: int, shares: int) -> int:
    """Equity that new shares are sold at; a wiped-out fund could sell none at its own."""
    return max(u256(equity_ + 1), u256(shares + VIRTUAL_SHARES) // LEAST_PRICE_DIVISOR)
