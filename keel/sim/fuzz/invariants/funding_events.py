"""What the events say of funding: who follows them alone must know all that the books say."""

from typing import Any

from keel.model.fixed import PPM, div_ceil
from keel.sim.fuzz.invariants.base import require
from keel.sim.fuzz.invariants.funding import accrued, index_moves
from keel.sim.fuzz.stage import Step

_FILLS = ("Traded", "Liquidated")


def inv_13_events(step: Step) -> int:
    """Events give the moves of the indices, the model's state, and each time the rate leaves its mean."""
    for market in step.touched.markets:
        old, new = step.before.books.markets[market], step.after.books.markets[market]
        told = _accruals(step, market)
        longs = sum(max(per_base, 0) for _, per_base in told)
        shorts = sum(max(-per_base, 0) for _, per_base in told)
        moves = index_moves(step, market)
        require((longs, shorts) == moves, "market", market, "events", (longs, shorts), "indices", moves)
        state = told[-1][0] if told else old.funding_state
        require(state == new.funding_state, "market", market, "event", state, "state", new.funding_state)
        spikes = [args["stress"] for args in _events(step, "FundingSpiked") if args["market"] == market]
        stress = accrued(step, market).stress
        expected = [stress] if stress > 0 == old.stress else []
        require(spikes == expected, "market", market, "spikes", spikes, "expected", expected)
    return len(step.touched.markets)


def inv_16_event(step: Step) -> int:
    """A position settles what was pending, and says so; its surplus comes from its size tiers alone."""
    for place, market in step.touched.positions:
        paid, received, surplus = step.before.due(place, market)
        expected = [(step.world.ids[place], market, paid, received, surplus)] if paid or received else []
        if step.action.name == "multicall" and not step.receipt.events("Traded"):
            expected = []
        found = _settlements(step)
        require(found == expected, "place", place, "settled", found, "expected", expected)
        for _, _, said, _, added in found:
            _check_surplus(step, place, market, said - added, added)
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


def _settlements(step: Step) -> list[tuple[int, int, int, int, int]]:
    """Account, market, paid, received and surplus of each fill whose position had funding to settle."""
    fills = [log.args for name in _FILLS for log in step.receipt.events(name)]
    told = [(args["account"], args["market"], *args["settled"][2:]) for args in fills]
    return [said for said in told if said[2] or said[3]]


def _events(step: Step, name: str) -> list[dict[str, Any]]:
    return [log.args for log in step.receipt.events(name)]
