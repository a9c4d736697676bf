"""From candles to the price at every step.

What happens inside a bar is not in the data. The path taken here touches everything that the bar tells: it
goes from the open to the nearer extreme in the sense of the bar (low first if the bar rose, high first if it
fell), across to the other one, and to the close. The extremes are reached at the quarter points, so the main
swing takes half of the bar; between these points the path is a straight line.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from keel.sim.candles import Candle, Candles

_STEP_SECONDS = 60
# The fewest steps that can show both extremes and the close.
_MIN_STEPS = 3


class Step(NamedTuple):
    """One moment of a path: seconds since 1970 UTC, and the price in 1e-8 quote per base."""

    time: int
    price: int


def steps(candles: Candles) -> list[Step]:
    """One step a minute; three to a bar of one minute. The first step is the first open."""
    first = candles.bars[0]
    return [
        Step(first.time, first.open),
        *(s for bar in candles.bars for s in _inside(bar, candles.interval)),
    ]


def _inside(bar: Candle, interval: int) -> Iterator[Step]:
    """Steps after the open, the close included; prices between the knots floor."""
    count = max(interval // _STEP_SECONDS, _MIN_STEPS)
    rose = bar.close >= bar.open
    near, far = (bar.low, bar.high) if rose else (bar.high, bar.low)
    early = max(count // 4, 1)
    late = count - early
    knots = [(0, bar.open), (early, near), (late, far), (count, bar.close)]
    for (begin, start), (end, goal) in pairwise(knots):
        for k in range(begin + 1, end + 1):
            price = start + (goal - start) * (k - begin) // (end - begin)
            yield Step(bar.time + interval * k // count, price)
