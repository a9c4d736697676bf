"""What the insurance would have to hold: the loss of the positions liquidated within a drop.

For a drop x in one step, before anybody can act, the positions below maintenance at the lower price are
those liquidated within it. They close together, along the curve: each gets the average price of all. What an
account lacks then is the loss. The fund for a drop is the largest loss of all drops up to it.

Analysis in floats; nothing of it reaches a chain.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

DROPS = (0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.125, 0.15, 0.2, 0.25, 0.3)
_FINE = 400
_MOST = 0.4


class Holding(NamedTuple):
    """A position: quote, value at the index; side 1 long, -1 short; maintenance as a part of the value."""

    side: int
    value: float
    equity: float
    maintenance: float


@dataclass(frozen=True, slots=True)
class Book:
    """All positions of a market at one moment, and the curve they close on.

    Attributes:
        market: Name.
        depth: Value of the curve's depth, quote.
        skew: Value of the net position, quote.
        holdings: The positions.
    """

    market: str
    depth: float
    skew: float
    holdings: tuple[Holding, ...]

    def closing(self, drop: float) -> list[Holding]:
        """Longs below maintenance after a drop of the index, as of before it."""
        return [
            one
            for one in self.holdings
            if one.side > 0 and one.equity - drop * one.value < one.maintenance * (1 - drop) * one.value
        ]

    def impact(self, closed: float) -> float:
        """How far below the index all that closes is sold on average, a fraction; negative above it.

        Args:
            closed: Value of what closes, before the drop, quote.
        """
        if closed <= 0:
            return 0.0
        after = self.skew - closed
        received = _worth(self.depth, self.skew) - _worth(self.depth, after)
        return 1 - received / closed

    def loss(self, drop: float) -> float:
        """What the accounts that close lack together, quote."""
        closing = self.closing(drop)
        impact = self.impact(sum(one.value for one in closing))
        return sum(max(0.0, (drop + (1 - drop) * impact) * one.value - one.equity) for one in closing)


class Need(NamedTuple):
    """One drop: value closed, its average impact and the fund it asks for, over all markets, quote."""

    drop: float
    closed: float
    impact: float
    fund: float


@dataclass(frozen=True, slots=True)
class Sizing:
    """The fund against drops.

    Attributes:
        books: Books that are measured together: one moment, all markets.
        fund: Assets of the insurance, quote.
        largest: Largest fall of an index from one price to the next in the window, a fraction.
    """

    books: tuple[Book, ...]
    fund: float
    largest: float

    def needs(self, drops: Sequence[float] = DROPS) -> list[Need]:
        """What each drop asks for, in order; the fund never falls."""
        found: list[Need] = []
        most = 0.0
        for drop in sorted(drops):
            closed = [sum(one.value for one in book.closing(drop)) for book in self.books]
            impacts = [book.impact(value) * value for book, value in zip(self.books, closed, strict=True)]
            most = max(most, sum(book.loss(drop) for book in self.books))
            whole = sum(closed)
            found.append(Need(drop, whole, sum(impacts) / whole if whole else 0.0, most))
        return found

    def curve(self) -> list[Need]:
        """Fine drops, for a plot."""
        return self.needs([_MOST * place / _FINE for place in range(_FINE + 1)])

    def required(self) -> float:
        """Fund for the largest fall of the window, quote."""
        fine = [self.largest * place / _FINE for place in range(_FINE + 1)]
        return self.needs(fine)[-1].fund

    def carries(self) -> float:
        """Largest drop that the fund pays for, a fraction, to 0.1 %."""
        return max(need.drop for need in self.curve() if need.fund <= self.fund)


def _worth(depth: float, skew: float) -> float:
    """Value of closing a net position on the curve, in units of the index: D q / (D - q)."""
    return depth * skew / (depth - skew)
