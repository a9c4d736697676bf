"""What to do next: mostly something that should succeed, sometimes something that must not."""

from collections import deque
from collections.abc import Callable, Mapping
from itertools import accumulate
from types import MappingProxyType

from keel.model.validity import Validity
from keel.sim.fuzz import (
    propose_collateral,
    propose_liquidations,
    propose_losses,
    propose_prices,
    propose_probes,
    propose_rare,
    propose_shares,
    propose_trades,
)
from keel.sim.fuzz.action import Action
from keel.sim.fuzz.draws import Draws
from keel.sim.fuzz.stage import Stage
from keel.sim.fuzz.world import open_positions

Plan = Callable[[Stage, Draws], list[Action]]

# How often each is chosen, of the sum.
WEIGHTS: Mapping[Plan, int] = MappingProxyType(
    {
        propose_trades.increase: 300,
        propose_trades.reduce: 170,
        propose_trades.flip: 40,
        propose_trades.odd: 10,
        propose_trades.deposit: 90,
        propose_trades.withdraw: 70,
        propose_trades.multicall: 40,
        propose_prices.go_on: 70,
        propose_prices.squeeze: 20,
        propose_prices.fault: 12,
        propose_prices.doubt: 36,
        propose_prices.claim: 60,
        propose_prices.again: 6,
        propose_prices.accrue: 30,
        propose_shares.stake: 45,
        propose_shares.mint: 15,
        propose_shares.request: 25,
        propose_shares.redeem: 30,
        propose_shares.cancel: 3,
        propose_shares.transfer: 5,
        propose_rare.operator: 10,
        propose_rare.stake_operator: 3,
        propose_rare.donate: 4,
        propose_rare.permit: 2,
        propose_rare.restrict: 5,
        propose_rare.lift: 20,
        propose_rare.hold: 2,
        propose_rare.reopen: 60,
        propose_rare.parameter: 9,
        propose_rare.model: 18,
        propose_rare.tiers: 5,
        propose_rare.feed: 4,
        propose_rare.hub: 2,
        propose_rare.intrude: 4,
        propose_liquidations.blind: 6,
        propose_liquidations.hedge: 70,
        propose_liquidations.unwind: 40,
        propose_liquidations.gift: 3,
        propose_losses.begin: 1,
        propose_losses.gap: 24,
        propose_losses.rally: 8,
        propose_losses.resolve: 45,
        propose_losses.deleverage: 6,
        propose_losses.shut: 1,
        propose_losses.after: 12,
        propose_collateral.give: 34,
        propose_collateral.take: 22,
        propose_collateral.lean: 44,
        propose_collateral.lose: 20,
        propose_collateral.sell: 34,
        propose_collateral.cover: 4,
        propose_collateral.move: 18,
        propose_collateral.doubt: 11,
        propose_collateral.terms: 7,
        propose_collateral.feed: 2,
        propose_probes.look: 30,
        propose_probes.poke: 12,
        propose_probes.path: 16,
        propose_probes.order: 5,
        propose_probes.wait: 4,
        propose_probes.leave: 12,
        propose_probes.no_gain: 5,
        propose_probes.margins: 16,
        propose_probes.ways_out: 16,
        propose_probes.first: 3,
    }
)


class Proposer:
    """Proposes one action after the other.

    Args:
        stage: Where they will be carried out.
        draws: Where choices come from.
    """

    def __init__(self, stage: Stage, draws: Draws) -> None:
        self._stage, self._draws = stage, draws
        self._plans = tuple(WEIGHTS)
        self._sums = tuple(accumulate(WEIGHTS.values()))
        self._queue: deque[Action] = deque()
        self._sick: list[int] = []
        self._seen: object = None
        self._left = 0

    def next(self) -> Action:
        """The next action; depends on the present state of the stage."""
        self._left -= 1
        if self._left == 0:
            self._queue.extend(propose_losses.shut(self._stage, self._draws))
        while not self._queue:
            self._queue.extend(
                self._upkeep()
                or self._liquidation()
                or self._resolution()
                or self._plan()(self._stage, self._draws)
            )
        return self._queue.popleft()

    def forget(self, length: int = 0) -> None:
        """Start anew, after a reset of the stage.

        Args:
            length: How many actions there will be: towards the end of many worlds a market is shut.
        """
        self._queue.clear()
        self._queue.extend(propose_losses.begin(self._stage, self._draws))
        self._sick = []
        self._left = length * self._draws.integer(60, 120) // 100

    def _plan(self) -> Plan:
        at = self._draws.integer(0, self._sums[-1] - 1)
        return next(plan for plan, end in zip(self._plans, self._sums, strict=True) if at < end)

    def _upkeep(self) -> list[Action]:
        """While a price is not good for trading, mostly wait for a better one."""
        present = self._stage.present
        good = all(present.validity(market) == Validity.VALID for market in self._stage.world.markets)
        if good or self._draws.chance(60):
            return []
        return propose_prices.go_on(self._stage, self._draws)

    def _resolution(self) -> list[Action]:
        """While a loss is shared out, now and then a step of it; between them anything else."""
        if not propose_losses.resolving(self._stage) or not self._draws.chance(12):
            return []
        return propose_losses.resolve(self._stage, self._draws)

    def _liquidation(self) -> list[Action]:
        """After each move of prices look for accounts below maintenance, and liquidate some of them."""
        present = self._stage.present
        prices = (present.now, *(market.price for market in present.books.markets.values()))
        if prices != self._seen:
            self._seen = prices
            holders = dict.fromkeys(place for place, _ in open_positions(present))
            self._sick = [place for place in holders if propose_liquidations.sick(present, place)]
        if not self._sick or not self._draws.chance(30):
            return []
        place = self._draws.pick(self._sick)
        if not propose_liquidations.sick(present, place):
            self._sick.remove(place)
            return []
        if self._draws.chance(30) and (sale := propose_collateral.of_sick(self._stage, self._draws, place)):
            return sale
        others = [other for other in self._sick if other != place]
        return propose_liquidations.of_sick(self._draws, place, others)
