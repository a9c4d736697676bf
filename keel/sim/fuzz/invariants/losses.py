"""What pools pay for debts: after the insurance, at most a day's cap, and each for its own market."""

from collections.abc import Iterator
from typing import NamedTuple

from keel.model.ledger.books import STATUS_SHUT
from keel.model.records import Market, Position, parse
from keel.sim.fuzz.ghost import Push
from keel.sim.fuzz.invariants.base import require
from keel.sim.fuzz.losses import lost
from keel.sim.fuzz.stage import Stage, Step


class _Debt(NamedTuple):
    """A debt beyond the insurance: all of it, the pool's part, and by how much equity was higher before."""

    rest: int
    from_pool: int
    more: int


def inv_39(step: Step) -> int:
    """A pool pays for debts up to what is left of a day's cap, which is forgotten evenly, and never more."""
    checked = 0
    for market in step.touched.markets:
        debts = list(_debts(step, market))
        if not debts or step.after.rules[market].config.status == STATUS_SHUT:
            continue
        known = dict(step.losses)
        for debt in debts:
            paid, cap = lost(step.after, known, market, debt.more)
            expected = min(debt.rest, max(cap - paid, 0))
            require(
                debt.from_pool == expected, "pool paid", debt.from_pool, "of", debt.rest, "room", cap - paid
            )
            known[market] = Push(paid + expected, step.after.now)
        kept = step.world.ghost.losses[market]
        require(kept == known[market], "market", market, "kept", kept, "expected", known[market])
        checked += len(debts)
    return checked


def _debts(step: Step, market: int) -> Iterator[_Debt]:
    """Debts of a call beyond the insurance, in order; the pool's equity is told back from its end."""
    found: list[_Debt] = []
    more = left = 0
    for log in reversed(step.receipt.logs):
        if log.args.get("market") != market:
            continue
        if log.event == "ProfitCut":
            more -= log.args["amount"]
        elif log.event == "DeficitLeft":
            left = log.args["amount"]
        elif log.event == "BadDebtCovered":
            rest, left = log.args["fromPool"] + left, 0
            more += rest
            if rest:
                found.append(_Debt(rest, log.args["fromPool"], more))
    return reversed(found)


def inv_39_others(step: Step) -> int:
    """A debt in one market changes nothing in another: no position, no pool, no funding."""
    hurt = [log for log in step.receipt.events("BadDebtCovered") if log.args["fromPool"]]
    if not hurt and not step.receipt.events("DeficitLeft"):
        return 0
    (market,) = step.touched.markets
    view, ids, books = step.world.protocol.view, step.world.ids, step.before.books
    for other in step.world.markets:
        if other == market:
            continue
        found = parse(Market, view("marketOf", other))
        require(found == books.markets[other], "market", other, "found", found)
        for place, account in enumerate(ids):
            position = parse(Position, view("positionOf", account, other))
            require(position == books.positions[place, other], "place", place, "found", position)
    return 1


def inv_37_deficit(step: Step) -> int:
    """Winners are asked only when the pool has paid all of a day's cap."""
    left = [log.args["market"] for log in step.receipt.events("DeficitLeft")]
    for market in left:
        paid, cap = step.world.protocol.view("lossesOf", market)
        require(paid >= cap, "market", market, "paid", paid, "of", cap)
    return len(left)


def shown(stage: Stage) -> int:
    """What a pool has paid of a day's cap is shown as events and time leave it."""
    for market in stage.world.markets:
        told = stage.world.protocol.view("lossesOf", market)
        expected = lost(stage.present, stage.world.ghost.losses, market)
        require(tuple(told) == expected, "market", market, "shown", tuple(told), "expected", expected)
    return len(stage.world.markets)
