"""Twin of `market/PositionMath.sol`: what a fill does to a position."""

from dataclasses import dataclass

from keel.model.fixed import cast, mul_div_ceil_signed


@dataclass(frozen=True, slots=True)
class Fill:
    """One fill on the curve.

    Attributes:
        size: Base bought, WAD; negative = sold.
        cost: Quote paid before fees, WAD; negative = received.
        realized: Profit moved from the pool to the account's balance, quote WAD; negative = loss.
        size_after: Position after the fill, base WAD.
        notional_after: Quote paid for `size_after`, WAD.
    """

    size: int
    cost: int
    realized: int
    size_after: int
    notional_after: int


def fill(size_before: int, notional_before: int, size: int, cost: int) -> Fill:
    """Apply a fill of `size` at `cost` to a position.

    notional_after = notional_before + cost + realized holds to the wei. A reduction realises its share of the
    notional, ceil (profit is deferred, never advanced). A flip splits its cost by size, ceil for the closing
    part, and opens the rest.
    """
    size_after = _signed(size_before + size)
    held, moved = abs(size_before), abs(size)
    if size_before == 0 or (size_before > 0) == (size > 0):
        return Fill(size, cost, 0, size_after, _signed(notional_before + cost))
    if moved <= held:
        whole = moved == held
        released = notional_before if whole else mul_div_ceil_signed(notional_before, moved, held)
        return Fill(size, cost, _signed(-cost - released), size_after, _signed(notional_before - released))
    closing = mul_div_ceil_signed(cost, held, moved)
    realized = _signed(-closing - notional_before)
    return Fill(size, cost, realized, size_after, _signed(cost - closing))


def reduces(size_before: int, size: int) -> bool:
    """Whether a fill only shrinks a position."""
    return size_before != 0 and (size_before > 0) != (size > 0) and abs(size) <= abs(size_before)


def _signed(value: int) -> int:
    return cast(value, signed=True)
