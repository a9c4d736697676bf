"""The stored price is the one that the sources, the clamp and the average give."""

from keel.model.oracle import sample_of
from keel.model.validity import Defect
from keel.sim.fuzz.invariants.base import require
from keel.sim.fuzz.stage import Step

_WINDOW_SECONDS = 300


def inv_47(step: Step) -> int:
    """The average lies between the smallest and the largest sample of its window."""
    (market,) = step.touched.markets
    price, old = step.after.books.markets[market].price, step.before.books.markets[market].price
    if price.at == old.at or price.flags & Defect.SHORT_TWAP:
        return 0
    oracle = step.world.ghost.oracles[market]
    seen = [s.average for s in oracle.history.stretches if s.end > step.after.now - _WINDOW_SECONDS]
    # The newest stretch may have begun with other samples, before the window.
    seen.append(sample_of(old, oracle.limits.clamp_bps))
    low, high = min(seen), max(seen)
    require(low - 1 <= price.twap <= high + 1, "average", price.twap, "low", low, "high", high)
    return 1


def inv_48(step: Step) -> int:
    """The average covers its whole window or is marked short; a market takes one price per block."""
    (market,) = step.touched.markets
    found, expected = step.after.books.markets[market].price, step.world.ghost.expected[market]
    require(found == expected, "stored", found, "expected", expected)
    old = step.before.books.markets[market].price
    require(found.at >= old.at, "from", old.at, "to", found.at)
    require(old.at != step.before.now or found == old, "second price in a block", found)
    return 1


def inv_51(step: Step) -> int:
    """An index that is taken lies inside the sane bounds."""
    (market,) = step.touched.markets
    price, limits = step.after.books.markets[market].price, step.world.ghost.oracles[market].limits
    if price.at != step.after.now:
        return 0
    old = step.before.books.markets[market].price
    sane = limits.min_price <= price.index <= limits.max_price or price == old
    require(sane, "index", price.index, "low", limits.min_price, "high", limits.max_price)
    return 1
