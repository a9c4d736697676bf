"""One fault of a feed: what happens, and how good the price must be after it."""

from collections.abc import Callable
from dataclasses import dataclass

from support.bench import PRICE
from support.hub import DECIMALS, Defect, code_that_answers, point
from support.oracle_market import World

from keel.model.validity import Validity
from keel.units import WAD

P = PRICE * 10**8
HALTED = Defect.INVALID | Defect.SEQUENCER_DOWN


@dataclass(frozen=True)
class Fault:
    """One value of one thing that a feed says or does.

    Attributes:
        name: What happens.
        shape: The feeds it happens to, see oracle_market.SHAPES.
        validity: What the stored price is good for afterwards.
        flags: Its defects.
        index: The price that is stored, WAD; None where it depends on a pool.
        hurt: Make it happen, a second after the last good price; the market then takes a price.
        wait: Seconds that pass after that.
    """

    name: str
    shape: str
    validity: Validity
    hurt: Callable[[World], object]
    flags: int = 0
    index: int | None = PRICE * WAD
    wait: int = 0

    def __str__(self):
        return f"{self.shape}: {self.name}"

    @property
    def usable(self):
        """Whether the market found a price."""
        return not self.flags & Defect.INVALID


def inject(world, fault):
    """Make it happen, and let the market take a price; gives the receipt of that."""
    world.later()
    fault.hurt(world)
    taken = world.update()
    if fault.wait:
        world.later(fault.wait)
    return taken


def good(shape, name, hurt, index=PRICE * WAD, **fields):
    """No fault to be seen."""
    return Fault(name, shape, Validity.VALID, hurt, index=index, **fields)


def silent(shape, name, hurt, flags=Defect.INVALID, **fields):
    """No price."""
    return Fault(name, shape, Validity.INVALID, hurt, flags, **fields)


def doubt(shape, name, hurt, index=PRICE * WAD, **fields):
    return Fault(name, shape, Validity.UNCERTAIN, hurt, Defect.UNCERTAIN, index, **fields)


def wild(shape, name, hurt, index=PRICE * WAD, **fields):
    return Fault(name, shape, Validity.VOLATILE, hurt, Defect.VOLATILE, index, **fields)


def nothing(_world):
    """All is well."""


def answer(value, feed=0):
    """The next round of a Chainlink feed, with 8 decimals."""
    return lambda w: w.feeds[feed].publish(value)


def moved(bps, feed=0):
    return answer(P * (10_000 + bps) // 10_000, feed)


def aged(seconds):
    """The last news are so old."""

    def hurt(w):
        w.publish(PRICE)
        w.later(seconds)

    return hurt


def behind_the_proxy(code):
    """The aggregator under the adapter becomes this code."""
    return lambda w: point(
        w.chain, w.feeds[0].proxy, code_that_answers(w.chain, (DECIMALS, 8), otherwise=code)
    )
