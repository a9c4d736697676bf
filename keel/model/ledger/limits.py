"""Twin of `core/MarketBase.sol`: how much the pool carries, and what the stored price is good for."""

from keel.model import curve, pool, validity
from keel.model.errors import Refused
from keel.model.fixed import PPM, u256
from keel.model.ledger.books import STATUS_SHUT
from keel.model.records import Market, MarketConfig
from keel.model.validity import Action, Validity
from keel.units import WAD


def check_limits(market: Market, config: MarketConfig, net: int, side: int) -> None:
    """The pool carries what it may: net, or of one side, which is left to carry when the other one closes.

    Args:
        market: Working copy.
        config: Its parameters.
        net: Position to carry, base WAD; 0 = any.
        side: Open interest of one side, base WAD.

    Raises:
        Refused: `UtilizationExceeded`, then `SideExceeded`.
    """
    equity, index = pool.equity_of(market, config), market.price.index
    used = pool.utilization(index, net, equity, config.max_exposure_ppm)
    if used > WAD:
        raise Refused("UtilizationExceeded", used, WAD)
    used = pool.utilization(index, side, equity, config.max_side_ppm)
    if used > WAD:
        raise Refused("SideExceeded", used, WAD)


def check_side(side: int, depth: int) -> None:
    """Either side, base WAD, can close whole, alone, on a curve of that depth.

    Raises:
        Refused: `BandExceeded`.
    """
    limit = u256(depth * curve.HARD_SKEW_PPM) // PPM
    if side > limit:
        raise Refused("BandExceeded", side, limit)


def require(market: Market, config: MarketConfig, action: Action, now: int) -> Validity:
    """Validity of the market's price, which allows the action; the price of a shut market is final.

    Raises:
        Refused: `PriceNotGoodFor`.
    """
    if config.status == STATUS_SHUT:
        return Validity.VALID
    return validity.require(market.price, action, config.fresh_seconds, config.stale_seconds, now)


def larger_side(market: Market) -> int:
    """Open interest of the larger side, base WAD."""
    return max(market.long_interest, market.short_interest)
