"""Twin of `market/Curve.sol`: constant product, anchored to the index.

With depth D and net trader position q (both base WAD, long positive) and index P (WAD):

    value  V(q) = P * D * q / (D - q)
    mark        = P * (D / (D - q))^2
    premium     = (D / (D - q))^2 - 1

Every function needs q < D; D and |q| below 2^112, P below 2^88.
"""

from keel.model.errors import Refused
from keel.model.fixed import cast, i256, mul_div_ceil, mul_div_floor, u256
from keel.units import WAD

# Where the curve ends for reductions and liquidations: a mark of 16 or 0.33 times the index.
HARD_SKEW_PPM = 750_000


def value_ceil(index: int, depth: int, skew: int) -> int:
    """ceil(V(q)), quote WAD."""
    if skew == 0:
        return 0
    scaled = cast(_reserve(depth, skew) * WAD)
    if skew > 0:
        return _signed(mul_div_ceil(cast(index * skew), depth, scaled))
    return -_signed(mul_div_floor(cast(index * -skew), depth, scaled))


def value_floor(index: int, depth: int, skew: int) -> int:
    """floor(V(q)), quote WAD."""
    if skew == 0:
        return 0
    scaled = cast(_reserve(depth, skew) * WAD)
    if skew > 0:
        return _signed(mul_div_floor(cast(index * skew), depth, scaled))
    return -_signed(mul_div_ceil(cast(index * -skew), depth, scaled))


def cost(index: int, depth: int, skew: int, size: int) -> int:
    """Quote to pay for moving the net position from `skew` to `skew + size`; negative = received.

    ceil(V(q + d)) - floor(V(q)): never below the exact cost, at most 2 wei above it, so that no closed path
    of trades gains.

    Args:
        index: Index price, WAD.
        depth: Curve depth, base WAD.
        skew: Net trader position before, base WAD.
        size: Base bought (positive) or sold, WAD.
    """
    return _signed(value_ceil(index, depth, _signed(skew + size)) - value_floor(index, depth, skew))


def size_for(index: int, depth: int, skew: int, quote: int) -> int:
    """Largest base size that costs at most `quote` WAD.

    Negative `quote`: the smallest sale that yields at least it. Inverse of `cost`: with
    v = floor(V(q)) + quote, q' = floor(v * D / (P * D + v)).
    """
    value = i256(value_floor(index, depth, skew) + quote)
    scaled = u256(abs(value) * WAD)
    whole = u256(index * depth)
    if value >= 0:
        return i256(_signed(mul_div_floor(scaled, depth, u256(whole + scaled))) - skew)
    if scaled >= whole:
        raise Refused("QuoteExhausted", index, depth, value)
    return i256(-_signed(mul_div_ceil(scaled, depth, whole - scaled)) - skew)


def mark(index: int, depth: int, skew: int) -> int:
    """Marginal price, WAD, floor."""
    reserve = _reserve(depth, skew)
    return mul_div_floor(index, u256(depth * depth), u256(reserve * reserve))


def premium(depth: int, skew: int) -> int:
    """Excess of the mark over the index, mark / index - 1, WAD, trunc."""
    if skew == 0:
        return 0
    left = cast(_reserve(depth, skew) ** 2)
    whole = cast(depth * depth)
    if skew > 0:
        return _signed(mul_div_floor(WAD, whole - left, left))
    return -_signed(mul_div_floor(WAD, left - whole, left))


def _reserve(depth: int, skew: int) -> int:
    """Base reserve D - q; refused where the curve has none left."""
    reserve = i256(_signed(depth) - skew)
    if reserve <= 0:
        raise Refused("ReserveEmpty", depth, skew)
    return reserve


def _signed(value: int) -> int:
    return cast(value, signed=True)
