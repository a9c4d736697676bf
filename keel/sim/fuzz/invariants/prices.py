"""The stored price is the one that the sources, the clamp and the average give."""

from itertools import pairwise

from keel.model.price_history import PriceHistory
from keel.sim.fuzz.invariants.base import require
from keel.sim.fuzz.stage import Step

_WINDOW_SECONDS = 300


def inv_47(step: Step) -> int:
    """The average lies between the smallest and the largest sample of its window."""
    (market,) = step.touched.markets
    price, old = step.after.books.markets[market].price, step.before.books.markets[market].price
    if price.at == old.at or price.flags & 1:
        return 0
    low, high = _extremes(step.world.ghost.oracles[market].history, step.after.now)
    require(low - 1 <= price.twap <= high + 1, "average", price.twap, "low", low, "high", high)
    return 1


def _extremes(history: PriceHistory, now: int) -> tuple[int, int]:
    """Smallest and largest slope of the time integral over the window, WAD."""
    points = [(seen.at, seen.cumulative) for seen in history.observations]
    if points[-1][0] != now:
        points.append((now, history.cumulative + history.sample * (now - history.at)))
    slopes = [
        (later[1] - earlier[1]) // (later[0] - earlier[0])
        for earlier, later in pairwise(points)
        if later[0] > now - _WINDOW_SECONDS
    ]
    return min(slopes), max(slopes)


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
