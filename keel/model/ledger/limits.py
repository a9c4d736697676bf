"""Twin of the limits in `core/MarketBase.sol`: how much the pool carries."""

from keel.model import pool
from keel.model.errors import Refused
from keel.model.records import Market, MarketConfig
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


def larger_side(market: Market) -> int:
    """Open interest of the larger side, base WAD."""
    return max(market.long_interest, market.short_interest)
