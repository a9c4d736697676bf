"""Twin of `margin/MarketSet.sol`: at most eight 16-bit market ids in 128 bits, packed from the low end."""

from collections.abc import Iterator

from keel.model.errors import Refused

LIMIT = 8

_BITS = 16
_MASK = 0xFFFF


def add(members: int, market: int) -> int:
    """The set with `market` added; unchanged when present.

    Raises:
        Refused: `TooManyMarkets`, when eight others are in it.
    """
    for place in range(LIMIT):
        member = members >> _BITS * place & _MASK
        if member == market:
            return members
        if member == 0:
            return members | market << _BITS * place
    raise Refused("TooManyMarkets", LIMIT)


def remove(members: int, market: int) -> int:
    """The set without `market`: the members behind it move up; unchanged when absent."""
    for place in range(length(members)):
        shift = _BITS * place
        if members >> shift & _MASK == market:
            return members & (1 << shift) - 1 | members >> shift + _BITS << shift
    return members


def length(members: int) -> int:
    """Number of members."""
    return -(-members.bit_length() // _BITS)


def iterate(members: int) -> Iterator[int]:
    """The members from the low end, in the order in which the contract walks them."""
    while members:
        yield members & _MASK
        members >>= _BITS
