"""Twin of `market/Filling.sol`: a fill on the curve, for trades and liquidations alike."""

from keel.model import curve, pool, position
from keel.model.errors import Refused
from keel.model.fixed import PPM, checked, div_ceil, i256, safe_cast, u256
from keel.model.ledger.books import MAX_SIZE, add, add_balance
from keel.model.ledger.positions import Touch
from keel.model.position import Fill
from keel.model.records import Market, MarketConfig
from keel.model.validity import Price
from keel.units import BPS

_INTEREST_BITS = 112


def fill(t: Touch, size: int, *, bounded: bool) -> Fill:
    """Move net position, position, balance and pool cash by one fill on the curve.

    `bounded` stops at the band, otherwise at the hard end of the curve.
    """
    skew, depth = t.skew, depth_of(t)
    limit = u256(depth * (t.config.max_skew_ppm if bounded else curve.HARD_SKEW_PPM)) // PPM
    if not in_band(skew, i256(skew + size), limit):
        raise Refused("BandExceeded", skew + size, limit)
    return book(t, size, fill_cost(t.fill_price, depth, skew, size))


def book(t: Touch, size: int, cost: int) -> Fill:
    """Book a fill at a cost, quote WAD."""
    market, before, notional = t.market, t.position.size, t.position.notional
    filled = position.fill(before, notional, size, cost)
    if abs(filled.size_after) > MAX_SIZE:
        raise Refused("SizeOutOfRange", filled.size_after, MAX_SIZE)
    t.position.size = filled.size_after
    t.position.notional = safe_cast(filled.notional_after, 128, signed=True)
    market.open_notional = add(market.open_notional, filled.notional_after - notional)
    market.cash = add(market.cash, -filled.realized)
    t.account.balance = add_balance(t.account.balance, filled.realized)
    _move_interest(market, before, filled.size_after)
    return filled


def depth_of(t: Touch) -> int:
    """Curve depth, base WAD."""
    return pool.depth(t.config.depth_per_share, t.market.shares)


def fee_on(config: MarketConfig, cost: int) -> int:
    """Fee of a trade on its cost, taker fee and surcharge, quote WAD, ceil."""
    return div_ceil(abs(cost) * (config.taker_fee_ppm + config.deviation_fee_ppm), PPM)


def fill_cost(price: Price, depth: int, skew: int, size: int) -> int:
    """Cost of a fill at the worse for its side of TWAP and index moved by its spread, quote WAD."""
    return curve.cost(worse_for(price, buys=size > 0), depth, skew, size)


def worse_for(price: Price, *, buys: bool) -> int:
    """The worse of TWAP and index moved by its spread, ceil, for who buys or sells, WAD."""
    spread = div_ceil(price.index * price.spread_bps, BPS)
    return max(price.index + spread, price.twap) if buys else min(price.index - spread, price.twap)


def room(t: Touch, *, sale: bool) -> int:
    """Base that a sale (or a purchase) can still move before the hard end of the curve."""
    limit = u256(depth_of(t) * curve.HARD_SKEW_PPM) // PPM
    return max(limit + t.skew if sale else limit - t.skew, 0)


def in_band(before: int, skew_after: int, limit: int) -> bool:
    """Towards zero always; away from zero only inside the limit, base WAD."""
    size = abs(skew_after)
    return size <= limit or (size <= abs(before) and (skew_after > 0) == (before > 0))


def _move_interest(market: Market, before: int, after: int) -> None:
    longs, shorts = market.long_interest, market.short_interest
    market.long_interest = checked(longs - max(before, 0) + max(after, 0), _INTEREST_BITS)
    market.short_interest = checked(shorts + min(before, 0) - min(after, 0), _INTEREST_BITS)
