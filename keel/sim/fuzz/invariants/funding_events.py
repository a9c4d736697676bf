"""What the events say of funding: who follows them alone must know all that the books say."""

from collections.abc import Mapping
from typing import Any

from keel.model.fixed import PPM, div_ceil
from keel.model.validity import suspect
from keel.sim.fuzz.invariants.base import require
from keel.sim.fuzz.invariants.funding import accrued, index_moves
from keel.sim.fuzz.invariants.midway import midway
from keel.sim.fuzz.stage import Step
from keel.sim.fuzz.world import BACKSTOP

_FILLS = ("Traded", "Liquidated", "Absorbed", "BackstopFilled", "PositionCounted", "ProfitCut")


def inv_13_events(step: Step) -> int:
    """Events give the moves of the indices, the model's state, and each time the rate leaves its mean."""
    for market in step.touched.markets:
        old, new = step.before.books.markets[market], step.after.books.markets[market]
        told = _accruals(step, market)
        joined = [args for args in _of(step, "EscrowClosed", market) if args["confirmed"]]
        longs = sum(max(per_base, 0) for _, per_base in told) + sum(args["longsPaid"] for args in joined)
        shorts = sum(max(-per_base, 0) for _, per_base in told) + sum(args["shortsPaid"] for args in joined)
        moves = index_moves(step, market)
        require((longs, shorts) == moves, "market", market, "events", (longs, shorts), "indices", moves)
        state = told[-1][0] if told else old.funding_state
        require(state == new.funding_state, "market", market, "event", state, "state", new.funding_state)
        spikes = [args["stress"] for args in _of(step, "FundingSpiked", market)]
        stress = accrued(step, market)[0].stress
        expected = [stress] if stress > 0 == old.stress else []
        require(spikes == expected, "market", market, "spikes", spikes, "expected", expected)
    return len(step.touched.markets)


def inv_13_escrow_events(step: Step) -> int:
    """Events give what accrues in escrow, and how each stretch of suspect prices ends."""
    for market in step.touched.markets:
        old, new = step.before.books.escrows[market], step.after.books.escrows[market]
        begun = new if new.period == old.period else old
        told = [args["perBase"] for args in _of(step, "FundingEscrowed", market)]
        moved = sum(told)
        sides = begun.longs_paid - old.longs_paid, begun.shorts_paid - old.shorts_paid
        require(sides == (max(moved, 0), max(-moved, 0)), "market", market, "events", told, "moves", sides)
        ends = [_end(args) for args in _of(step, "EscrowClosed", market)]
        prices = step.before.books.markets[market].price, step.after.books.markets[market].price
        over = suspect(prices[0].flags) and not suspect(prices[1].flags)
        last = step.world.ghost.stretches[market][-1] if over else None
        expected = [(last.confirmed, new.longs_paid, new.shorts_paid, new.pool_due)] if last else []
        require(ends == expected, "market", market, "ends", ends, "expected", expected)
    return len(step.touched.markets)


def _end(args: Mapping[str, Any]) -> tuple[bool, int, int, int]:
    return args["confirmed"], args["longsPaid"], args["shortsPaid"], args["poolDue"]


def inv_16_event(step: Step) -> int:
    """A position settles what was pending, live and in escrow, and says so; surplus is of tiers alone."""
    for place, market in step.touched.positions:
        done = midway(step).touch(place, market)
        touched, account = was_touched(step, place), step.world.ids[place]
        for found, due in (
            (_settlements(step), done.settled),
            (_told(step, "EscrowHeld", "paid", "received", "surplus"), done.hold),
        ):
            expected = [(account, market, *due)] if touched and (due[0] or due[1]) else []
            moved = [said for said in found if said[0] == account and (said[2] or said[3])]
            require(moved == expected, "place", place, "settled", moved, "expected", expected)
            for _, _, said, _, added in moved:
                _check_surplus(step, place, market, said - added, added)
    return len(step.touched.positions)


def was_touched(step: Step, place: int) -> bool:
    """Whether the call touched a position of that account, of those that it may touch."""
    if step.action.name == "resolve":
        passes = (*step.receipt.events("PositionCounted"), *step.receipt.events("ProfitCut"))
        return step.world.ids[place] in {log.args["account"] for log in passes}
    return step.action.name != "multicall" or bool(step.receipt.events("Traded"))


def inv_64_event(step: Step) -> int:
    """A claim that is released is told, with what it brought."""
    for place, market in step.touched.positions:
        claim = step.before.books.claims[place, market]
        gone = claim.period != 0 and step.after.books.claims[place, market].period != claim.period
        credit = midway(step).credit(place, market) if gone else None
        expected = [] if credit is None else [(step.world.ids[place], market, claim.forfeited, credit)]
        told = _told(step, "EscrowReleased", "forfeited", "credit")
        found = [said for said in told if said[:2] == (step.world.ids[place], market)]
        require(found == expected, "place", place, "released", found, "expected", expected)
    return len(step.touched.positions)


def _check_surplus(step: Step, place: int, market: int, flat: int, surplus: int) -> None:
    """None without tiers or inside the first; else at most what the highest weight adds."""
    tiers, size = step.before.rules[market].config.tiers, abs(step.before.position(place, market).size)
    inside = tiers.limit1 == 0 or size <= tiers.limit1
    # The weighted size is a ceil, off by less than 1 wei of base, which costs flat / size.
    most = 0 if inside else div_ceil(flat * (tiers.weight3_ppm - PPM), PPM) + flat // size + 2
    require(0 <= surplus <= most, "surplus", surplus, "most", most, "flat", flat)


def _accruals(step: Step, market: int) -> list[tuple[bytes, int]]:
    """State and move per base of each accrual, alone or before a fill, in order."""
    told = []
    for log in step.receipt.logs:
        if log.args.get("market") != market:
            continue
        if log.event == "FundingAccrued":
            told.append((log.args["fundingState"], log.args["perBase"]))
        elif log.event in _FILLS:
            told.append((log.args["settled"].fundingState, log.args["settled"].perBase))
    return told


def _settlements(step: Step) -> list[tuple[int, ...]]:
    """Account, market, paid, received and surplus of each fill."""
    fills = [log.args for name in _FILLS for log in step.receipt.events(name)]
    backstop = step.world.ids[BACKSTOP]
    return [(args.get("account", backstop), args["market"], *args["settled"][2:]) for args in fills]


def _told(step: Step, name: str, *fields: str) -> list[tuple[int, ...]]:
    """Account, market and some fields of each event of that name."""
    told = [log.args for log in step.receipt.events(name)]
    return [(args["account"], args["market"], *(args[field] for field in fields)) for args in told]


def _of(step: Step, name: str, market: int) -> list[dict[str, Any]]:
    return [log.args for log in step.receipt.events(name) if log.args["market"] == market]
