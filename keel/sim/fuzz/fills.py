"""At which price a fill is made."""

from keel.model.fixed import div_ceil
from keel.model.validity import Price
from keel.units import BPS


def worse_price(price: Price, buys: bool, *, spread: bool = True) -> int:
    """The worse for a side of TWAP and index, the index moved by its spread unless that is left out; WAD."""
    doubt = div_ceil(price.index * price.spread_bps, BPS) if spread else 0
    return max(price.index + doubt, price.twap) if buys else min(price.index - doubt, price.twap)
