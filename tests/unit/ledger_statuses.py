"""The world and a random walk through it with the statuses of markets: who restricts, lifts, reopens."""

from collections.abc import Callable
from typing import Any

from ledger_walk import Walk
from ledger_world import World

from keel.model.ledger.restrictions import TERM
from keel.model.records import MarketConfig, parse


class StatusWorld(World):
    """The world, with statuses on both sides."""

    def restrict(self, market: int, level: int) -> None:
        self._status(
            "restrictMarket",
            lambda: self.twin.restrict_market(self.now, self.admin, market, level),
            market,
            level,
        )

    def lift(self, market: int) -> None:
        self._status("liftMarket", lambda: self.twin.lift_market(self.now, market), market)

    def hold(self, market: int, level: int) -> None:
        self._status("holdMarket", lambda: self.twin.hold_market(market, level), market, level)

    def reopen(self, market: int) -> None:
        self._status("reopenMarket", lambda: self.twin.reopen_market(market), market)

    def _status(self, function: str, twin: Callable[[], Any], *args: int) -> None:
        self.both(function.removesuffix("Market"), self.send(function, *args, sender=self.admin), twin)

    def check(self) -> None:
        super().check()
        for market in self.markets:
            shown = self.chain.call(self.core, "restrictionOf", market)
            twin = self.twin.restriction_of(market)
            assert shown.status == self.twin.configs[market].status
            assert (shown.by, shown.until, shown.restedAt) == (twin.by, twin.until, twin.rested_at)
            stored = parse(MarketConfig, self.chain.call(self.core, "configOf", market).config)
            assert stored.status == shown.status


class StatusWalk(Walk):
    """A walk whose every third step is one of the guardian's, of governance or of a lifter."""

    world_type = StatusWorld

    def step(self) -> None:
        if self.random.random() < 0.65:
            super().step()
            return
        market, level = self.random.choice([1, 1, 2, 2, 9]), self.random.choice([2, 3, 2, 3, 3, 0, 4])
        move = self.random.choice(["restrict", "restrict", "lift", "lift", "hold", "reopen", "wait", "set"])
        if move in ("restrict", "hold"):
            getattr(self.world, move)(market, level)
        elif move in ("lift", "reopen"):
            getattr(self.world, move)(market)
        elif move == "set":
            self.world.set_market(self.market(), taker_fee_ppm=self.random.choice([400, 500]), status=level)
        else:
            self.world.chain.warp(self.random.choice([86_400, TERM - 1, TERM, 2 * TERM]))
            self.refresh()
