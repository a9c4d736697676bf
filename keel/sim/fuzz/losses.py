"""What pools pay for debts, and what winners give back, as the fuzzer counts it from the events."""

from collections.abc import Mapping
from typing import NamedTuple

from keel.evm.chain import Receipt
from keel.model import pool
from keel.model.fixed import PPM
from keel.sim.fuzz.ghost import Cut, Push
from keel.sim.fuzz.moment import Moment
from keel.sim.fuzz.windows import CLOSING
from keel.sim.fuzz.world import World

DAY = 86_400
# Actions that may leave somebody's debt to others.
SHARING = CLOSING | frozenset({"resolve", "deleverage", "shut", "cover", "collateral_buy"})


class Lost(NamedTuple):
    """What a pool has paid of a day's cap, and the cap, quote WAD."""

    paid: int
    cap: int


def lost(moment: Moment, known: Mapping[int, Push], market: int, more: int = 0) -> Lost:
    """What is left of what a pool paid: a full cap is forgotten evenly in a day.

    Args:
        moment: The books.
        known: What pools paid, by market.
        market: Market id.
        more: What the pool's equity is short of in these books, quote WAD.
    """
    rules = moment.rules[market]
    # As stored: a view does not accrue, and a call has done so.
    equity = pool.equity_of(moment.books.markets[market], rules.config) + more
    cap = max(equity, 0) * rules.links.loss_cap_ppm // PPM
    last = known.get(market)
    if last is None:
        return Lost(0, cap)
    return Lost(max(last.pushed - cap * (moment.now - last.at) // DAY, 0), cap)


def keep(world: World, before: Moment, receipt: Receipt) -> None:
    """Remember what a call made pools pay and winners give.

    How much of the day's cap is left depends on the pool's equity in the middle of the call: after it the
    core shows it, and that it is right is what INV-39 checks.
    """
    ghost = world.ghost
    left = [log.args["market"] for log in receipt.events("DeficitLeft")]
    paid = [log.args["market"] for log in receipt.events("BadDebtCovered") if log.args["fromPool"]]
    for market in dict.fromkeys((*left, *paid)):
        ghost.losses[market] = Push(world.protocol.view("lossesOf", market)[0], world.chain.timestamp())
    profits: dict[tuple[int, int], int] = {}
    for log in receipt.logs:
        market = log.args.get("market", 0)
        if log.event == "ResolutionBegun":
            ghost.cuts[market] = {}
            ghost.held.add(market)
        elif log.event == "PositionCounted":
            profits[world.ids.index(log.args["account"]), market] = log.args["profit"]
        elif log.event == "ProfitCut":
            place = world.ids.index(log.args["account"])
            counted = profits.get((place, market))
            profit = before.books.marks[place, market].profit if counted is None else counted
            ghost.cuts[market][place] = Cut(profit, log.args["amount"])
