"""Inside a call: after accrual and a new price, before anybody's position is touched."""

from keel.sim.fuzz.invariants.base import require
from keel.sim.fuzz.moment import Moment
from keel.sim.fuzz.stage import Step
from keel.sim.fuzz.touch import take


def midway(step: Step) -> Moment:
    """The moment before the call, or with the price that the call took where it took one."""
    if step.middle is None:
        step.middle = _midway(step)
    return step.middle


def _midway(step: Step) -> Moment:
    before, after = step.before, step.after
    moved = [m for m in step.touched.markets if before.books.markets[m].price != after.books.markets[m].price]
    if not moved:
        return before
    books = before.books.copy()
    books.stretches = after.books.stretches
    for market in moved:
        price, stretches = after.books.markets[market].price, books.stretches.get(market, ())
        foretold = step.world.ghost.expected[market]
        require(price == foretold, "market", market, "stored", price, "expected", foretold)
        taken = take(before.market(market), before.escrow(market), price, stretches)
        books.markets[market], books.escrows[market] = taken
    return Moment(books, before.rules)
