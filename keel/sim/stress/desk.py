"""The liquidation keeper at work: sees, waits, and liquidates until nobody it saw is liquidatable."""

from collections import deque

from keel.evm.chain import Receipt
from keel.keepers.actions import Liquidate
from keel.keepers.executor import execute
from keel.keepers.liquidator import Liquidator
from keel.keepers.snapshot import take_snapshot
from keel.sim.stress.record import Tally
from keel.sim.stress.world import World
from keel.units import WAD

# A trim closes a quarter at most: this many turns leave nothing of a position.
_TURNS = 64


class Desk:
    """One keeper for one market.

    Args:
        world: Where it works.
        market: Market id.
        latency: Steps between seeing an account and acting on it.
    """

    def __init__(self, world: World, market: int, latency: int) -> None:
        self._world, self._market, self._latency = world, market, latency
        self._seen: deque[list[int]] = deque()
        self.tally = Tally()

    def work(self, weak: list[int], index: int) -> tuple[int, int]:
        """One step; gives the value it liquidated, quote WAD, and in how many liquidations.

        Args:
            weak: Accounts that are liquidatable now.
            index: The stored price, WAD.
        """
        self._seen.append(weak)
        if len(self._seen) <= self._latency:
            return 0, 0
        due, value, count = self._seen.popleft(), 0, 0
        for _ in range(_TURNS):
            receipts = self._turn(due) if due else {}
            if not receipts:
                break
            value += sum(self._enter(receipt, index) for receipt in receipts.values())
            count += len(receipts)
            due = list(receipts)
        return value, count

    def _turn(self, due: list[int]) -> dict[int, Receipt]:
        """One liquidation of each that needs it, worst first; receipts by account."""
        protocol = self._world.protocol
        seen = take_snapshot(protocol, self._market, due)
        done = {}
        for action in Liquidator(limit=len(due)).decide(seen):
            outcome = execute(protocol, action, self._world.liquidator)
            if outcome.receipt is not None and isinstance(action, Liquidate):
                done[action.account] = outcome.receipt
            elif outcome.refusal is not None:
                self.tally.refusals[outcome.refusal.error] += 1
        return done

    def _enter(self, receipt: Receipt, index: int) -> int:
        """Book what a liquidation did; gives the value it closed."""
        tally, value = self.tally, 0
        for log in receipt.logs:
            if log.event == "Liquidated":
                closed = abs(log.args["fill"].size) * index // WAD
                value += closed
                tally.notional += closed
                tally.tiers[log.args["tier"]] += 1
                tally.penalty += log.args["penalty"]
                tally.reward += log.args["reward"]
                tally.accounts.add(log.args["account"])
            elif log.event == "BadDebtCovered":
                tally.from_insurance += log.args["fromInsurance"]
                tally.from_pool += log.args["fromPool"]
        return value
