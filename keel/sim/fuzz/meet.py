"""What liquidations met, for the campaign's table: one sees that every way of it really happens."""

from collections.abc import Iterator
from typing import Any

from keel.model.ledger.books import STATUS_SHUT
from keel.sim.fuzz.invariants.backstop import cheap
from keel.sim.fuzz.stage import Step
from keel.sim.fuzz.windows import pushes, room, worth
from keel.sim.fuzz.world import BACKSTOP

_TIERS = ("", "trim", "deleverage", "close")
_SHARED = {
    "DeficitLeft": "deficit",
    "ResolutionBegun": "begun",
    "ResolutionEnded": "ended",
    "PositionCounted": "counted",
    "PositionShut": "ended with its market",
}


def met(step: Step) -> Iterator[str]:
    """Kinds of what happened in a call that succeeded.

    `curve` and `absorbed` say where a position went, `absorbed: ...` why, `forced` that the curve had to take
    more than its window because the insurance could not; `chosen` that there was more than one position to
    choose from, `hedged` that the account's margin was netted; `unwound` is a piece of the insurance's own.
    """
    for log in step.logs:
        if log.event in ("Liquidated", "Absorbed"):
            yield from _closed(step, log.event, log.args)
        elif log.event == "BadDebtCovered":
            yield (
                "bad debt" if log.args["account"] != step.world.ids[BACKSTOP] else "bad debt of the insurance"
            )
    if step.action.name == "unwind":
        yield "unwound"


def shared(step: Step) -> Iterator[str]:
    """Kinds of what happened in a call to a loss that is shared out.

    `deficit` is what no pool may pay, `paid by a pool` what it did; `begun`, `counted` (a position), `gave`
    (a winner, something) and `ended` are stations of a resolution; `all gave all`: profits did not suffice,
    `still poor`: the pool has less than nothing all the same.
    """
    for log in step.logs:
        if log.event in _SHARED:
            yield _SHARED[log.event]
            if log.event == "ResolutionEnded" and _poor(step, log.args["market"]):
                yield "still poor"
        elif log.event == "ProfitCut" and log.args["amount"]:
            yield "gave"
        elif log.event == "BadDebtCovered" and log.args["fromPool"]:
            yield "paid by a pool"
        elif log.event == "ResolutionCounted" and log.args["cut"]:
            shut = step.after.rules[log.args["market"]].config.status == STATUS_SHUT
            yield "cut of a shut market" if shut else "cut"
            if log.args["cut"] == log.args["profits"]:
                yield "all gave all"


def leaned(step: Step) -> Iterator[str]:
    """Kinds of what happened in a call to collateral that stands for a debt.

    `sold: ...` says of whom and at what discount; `covered after a sale`, that it did not bring the debt;
    `backed`, that a last position ended with a debt that collateral brings.
    """
    for log in step.logs:
        if log.event == "CollateralSold":
            yield from _sold(step, log.args)
        elif log.event == "BadDebtCovered" and step.action.name == "collateral_buy":
            yield "covered after a sale"
    for place in step.touched.accounts:
        old, new = step.before.books.accounts[place], step.after.books.accounts[place]
        if old.markets and not new.markets and new.balance < 0 and new.collateral:
            yield "backed"


def _sold(step: Step, args: dict[str, Any]) -> Iterator[str]:
    place, kind = step.world.ids.index(args["account"]), step.after.books.kinds[args["kind"]]
    health, discount = step.before.health(place), args["discountBps"]
    yield "sold: unhealthy" if health.equity_better < health.maintenance else "sold: indebted"
    least, most = kind.least_discount(step.after.now), kind.haircut(step.after.now)
    which = (
        "least discount" if discount == least else "whole haircut" if discount == most else "grown discount"
    )
    yield f"sold: at the {which}"
    if (place, args["kind"]) not in step.after.books.holdings:
        yield "sold: all"


def _poor(step: Step, market: int) -> bool:
    """Whether `deleverage` could begin again."""
    price = step.after.books.markets[market].price
    shut = step.after.rules[market].config.status == STATUS_SHUT
    return not shut and max(step.after.equity(market, at) for at in (price.index, price.twap)) < 0


def _closed(step: Step, event: str, args: dict[str, Any]) -> Iterator[str]:
    place, market = step.world.ids.index(args["account"]), args["market"]
    health = step.before.health(place)
    absorbed = event == "Absorbed"
    yield "absorbed" if absorbed else "curve"
    yield _TIERS[args["tier"]]
    if args["fill"].sizeAfter:
        yield "partial"
    if len(step.before.held(place)) > 1:
        yield "chosen"
    alone = sum(step.before.part(place, where).maintenance for where in step.before.held(place))
    if health.maintenance < alone:
        yield "hedged"
    before = room(step.before, step.pushes, market)
    value = worth(step.before, market, args["fill"].size)
    over = before.pushed + value > before.capacity
    if absorbed:
        cost = not cheap(step.before, market, args["fill"].size)
        why = "equity" if health.equity <= 0 else "window" if over else "cost" if cost else "band"
        yield f"absorbed: {why}"
    elif over and any(True for _ in pushes(step.receipt)):
        yield "forced"
