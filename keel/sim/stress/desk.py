"""The keepers of a market: liquidate who was seen, work off what the insurance holds, share out losses."""

from collections import deque
from typing import NamedTuple

from keel.evm.chain import Receipt
from keel.keepers.actions import Action, Liquidate, Resolve, Unwind
from keel.keepers.executor import execute
from keel.keepers.liquidator import Liquidator
from keel.keepers.snapshot import take_snapshot
from keel.sim.stress.ledger import Ledger
from keel.sim.stress.record import Tally
from keel.sim.stress.world import World
from keel.units import WAD

# A trim closes a quarter at most: this many turns leave nothing of a position.
_TURNS = 64
# Accounts that one transaction takes through a resolution.
_BATCH = 50


class Work(NamedTuple):
    """One step: value liquidated, the part of it that the insurance took over, quote WAD, and how often."""

    value: int
    absorbed: int
    number: int


class Desk:
    """The keepers of one market. Only the liquidation keeper is late; the others see what it has done.

    Args:
        world: Where they work.
        market: Market id.
        latency: Steps between seeing an account and acting on it.
    """

    def __init__(self, world: World, market: int, latency: int) -> None:
        self._world, self._market, self._latency = world, market, latency
        self._seen: deque[list[int]] = deque()
        self._ledger = Ledger(world.backstop)

    @property
    def tally(self) -> Tally:
        """What was done so far."""
        return self._ledger.tally

    @property
    def held(self) -> int:
        """The insurance's own position, base WAD."""
        return self._ledger.held

    def work(self, weak: list[int], ids: list[int], index: int) -> Work:
        """One step.

        Args:
            weak: Accounts that are liquidatable now.
            ids: Every account that may hold a position.
            index: The stored price, WAD.
        """
        tally = self.tally
        before, paid = Work(tally.notional, tally.absorbed, tally.count), tally.from_pool
        self._resolve(ids, index)
        self._liquidate(weak, index)
        self._resolve(ids, index)
        if self.held:
            self._act(Unwind(self._market), index)
            self._resolve(ids, index)
        tally.most_held = max(tally.most_held, abs(self.held) * index // WAD)
        if tally.from_pool > paid:
            lost = self._world.protocol.defence(self._market).lost
            tally.lost = max(tally.lost, lost)
        return Work(
            tally.notional - before.value, tally.absorbed - before.absorbed, tally.count - before.number
        )

    def _liquidate(self, weak: list[int], index: int) -> None:
        self._seen.append(weak)
        if len(self._seen) <= self._latency:
            return
        due = self._seen.popleft()
        for _ in range(_TURNS):
            receipts = self._turn(due) if due else {}
            if not receipts:
                break
            for receipt in receipts.values():
                self._ledger.enter(receipt, index)
            due = list(receipts)

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

    def _resolve(self, ids: list[int], index: int) -> None:
        """Take a market that shares out a loss through it, count and cut, so that it can go on."""
        everybody = [*ids, self._world.backstop]
        batches = [tuple(everybody[at : at + _BATCH]) for at in range(0, len(everybody), _BATCH)]
        for batch in [*batches, *batches]:
            if self._ledger.resolving:
                self._act(Resolve(self._market, batch), index)

    def _act(self, action: Action, index: int) -> None:
        outcome = execute(self._world.protocol, action, self._world.liquidator)
        if outcome.receipt is not None:
            self._ledger.enter(outcome.receipt, index)
        elif outcome.refusal is not None:
            self.tally.upkeep_refusals[outcome.refusal.error] += 1
