"""What liquidations push through the curve of a market, as the fuzzer counts it from their events."""

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import NamedTuple

from keel.evm.chain import Receipt
from keel.sim.fuzz.ghost import Push
from keel.sim.fuzz.moment import Moment
from keel.units import WAD

SECONDS = 300
# Actions that may push something through a curve's window.
CLOSING = frozenset({"liquidate", "liquidate_batch", "unwind"})
_PPM = 10**6


class Room(NamedTuple):
    """What a window holds and how much it may hold, quote WAD."""

    pushed: int
    capacity: int


def room(moment: Moment, known: Mapping[int, Push], market: int) -> Room:
    """What is left of what was pushed: it falls evenly, from a full window to none in five minutes."""
    index, rules = moment.books.markets[market].price.index, moment.rules[market]
    capacity = index * moment.depth(market) // WAD * rules.links.window_ppm // _PPM
    last = known.get(market)
    if last is None:
        return Room(0, capacity)
    fallen = capacity * (moment.now - last.at) // SECONDS
    return Room(max(last.pushed - fallen, 0), capacity)


def count(moment: Moment, known: dict[int, Push], receipt: Receipt) -> None:
    """Enter what a call pushed. The moment is one in which prices and depths are those of the call."""
    for market, size in pushes(receipt):
        value = worth(moment, market, size)
        known[market] = Push(room(moment, known, market).pushed + value, moment.now)


def pushes(receipt: Receipt) -> Iterator[tuple[int, int]]:
    """Market and size of each fill through the curve that counts, in order.

    A fill of the insurance's account counts unless it takes a position over: then the other side comes next.
    """
    logs = [log for log in receipt.logs if log.event in ("Liquidated", "Absorbed", "BackstopFilled")]
    for log, after in zip_longest(logs, logs[1:]):
        taken = log.event == "BackstopFilled" and after is not None and after.event == "Absorbed"
        if log.event != "Absorbed" and not taken:
            yield log.args["market"], log.args["fill"].size


def worth(moment: Moment, market: int, size: int) -> int:
    """Value of a size at the index, quote WAD, ceil."""
    return -(-abs(size) * moment.books.markets[market].price.index // WAD)
