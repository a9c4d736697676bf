"""Probes of who comes first and of waiting: neither changes what funding moves."""

from keel.model.validity import Validity
from keel.sim.fuzz.action import Action
from keel.sim.fuzz.ghost import PRICE_UNIT
from keel.sim.fuzz.invariants.base import require
from keel.sim.fuzz.perform import ANY_PRICE
from keel.sim.fuzz.stage import Stage, Step
from keel.sim.fuzz.world import ACCOUNTS, SOURCES

_CALM_SECONDS = 301
# Each of two settlements rounds twice, live and in escrow.
_DUST = 8
# A confidence of this part of the price is doubted under any limit.
_DOUBT = 5

# What a call says it settled of an account's funding, live and in escrow, and what a claim brought.
_Moves = list[tuple[int, ...]]


def order(stage: Stage, one: int, other: int, market: int) -> int:
    """Whether one account or the other is settled first changes nothing that either of them pays or gets."""
    if one == other:
        return 0
    first, second = _settle(stage, (one, other), market), _settle(stage, (other, one), market)
    if first is None or second is None:
        return 0
    require(first == second, "one first", first, "other first", second)
    return 1


def _settle(stage: Stage, places: tuple[int, int], market: int) -> dict[int, _Moves] | None:
    """What each account is told when half of each position is closed and claims are taken, in this order."""
    moves: dict[int, _Moves] = {}
    with stage.aside():
        for place in places:
            size = stage.present.position(place, market).size
            owner = ACCOUNTS[place][0]
            if size:
                half = -(size // 2) or -size
                step = stage.apply(Action("trade", (owner, place, market, half, ANY_PRICE, 0)))
                if step.refusal is not None:
                    return None
                moves[place] = _told(step)
            if stage.present.credit(place, market) is not None:
                step = stage.apply(Action("claim_funding", (owner, place, market)))
                require(step.refusal is None, "place", place, "claim refused", step.refusal)
                moves[place] = moves.get(place, []) + _told(step)
    return moves


def _told(step: Step) -> _Moves:
    fills = [tuple(log.args["settled"][2:]) for log in step.receipt.events("Traded")]
    held = [
        (log.args["paid"], log.args["received"], log.args["surplus"])
        for log in step.receipt.events("EscrowHeld")
    ]
    return [*fills, *held, *((log.args["credit"],) for log in step.receipt.events("EscrowReleased"))]


def wait(stage: Stage, place: int, market: int, seconds: int, doubted: int) -> int:
    """Whoever waits while others only hold gains at a constant index no more than the funding due to him.

    A doubt about the price meanwhile, which the same price ends, changes nothing of that.
    """
    with stage.aside():
        if not stage.present.position(place, market).size or not _calm(stage, market):
            return 0
        index, before = _index(stage, market), _exit(stage, place, market)
        pending = _due(stage, place, market)
        if doubted:
            for source in range(SOURCES):
                spread = index // (_DOUBT * PRICE_UNIT)
                stage.apply(Action("widen", (market, source, spread)))
            stage.apply(Action("warp", (1,)))
            stage.apply(Action("tick", (market, index // PRICE_UNIT)))
            for source in range(SOURCES):
                stage.apply(Action("widen", (market, source, 0)))
        stage.apply(Action("warp", (seconds,)))
        stage.apply(Action("tick", (market, index // PRICE_UNIT)))
        after, owed = _exit(stage, place, market), _due(stage, place, market)
        if before is None or after is None or not _sharp(stage, market) or _index(stage, market) != index:
            return 0
    gain, due = after - before, owed - pending
    require(abs(gain - due) <= _DUST, "gain", gain, "funding", due, "seconds", seconds, "doubted", doubted)
    return 1


def _calm(stage: Stage, market: int) -> bool:
    """Let sources answer and the average meet the index."""
    for source in range(SOURCES):
        stage.apply(Action("fail", (market, source, 0)))
        stage.apply(Action("widen", (market, source, 0)))
    price = _index(stage, market) // PRICE_UNIT
    for _ in range(2):
        stage.apply(Action("warp", (_CALM_SECONDS,)))
        stage.apply(Action("tick", (market, price)))
    return _sharp(stage, market)


def _sharp(stage: Stage, market: int) -> bool:
    price = stage.present.books.markets[market].price
    valid = stage.present.validity(market) == Validity.VALID
    return valid and price.index == price.twap and price.spread_bps == 0


def _index(stage: Stage, market: int) -> int:
    return stage.present.books.markets[market].price.index


def _due(stage: Stage, place: int, market: int) -> int:
    return stage.present.touch(place, market).balance


def _exit(stage: Stage, place: int, market: int) -> int | None:
    """Balance of the account once its position is closed, quote WAD; None if it cannot be."""
    size, owner = stage.present.position(place, market).size, ACCOUNTS[place][0]
    with stage.aside():
        step = stage.apply(Action("trade", (owner, place, market, -size, ANY_PRICE, 0)))
        return None if step.refusal is not None else stage.present.books.accounts[place].balance
