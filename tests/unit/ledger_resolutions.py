"""The world and a random walk through it where losses go beyond their caps, and markets end."""

from typing import Any

from ledger_statuses import StatusWorld
from ledger_walk import Walk, free_margin

from keel.evm.chain import Receipt
from keel.model import multiplier
from keel.model.cold_records import Stage
from keel.model.ledger import account_id
from keel.model.ledger.books import STATUS_OPEN, STATUS_SHUT
from keel.units import WAD

EVENTS = ("DeficitLeft", "ResolutionBegun", "ResolutionEnded", "PositionCounted", "ProfitCut", "PositionShut")


class ResolutionWorld(StatusWorld):
    """The world, with resolutions on both sides; pools pay a thousandth of their equity a day."""

    loss_cap = 1_000

    def deleverage(self, sender: str, market: int) -> None:
        self.both(
            "deleverage",
            self.send("deleverage", market, sender=sender),
            lambda: self.twin.deleverage(self.now, market),
        )

    def resolve(self, sender: str, market: int, accounts: list[int]) -> None:
        self.both(
            "resolve",
            self.send("resolve", market, accounts, sender=sender),
            lambda: self.twin.resolve(self.now, market, accounts),
        )

    def shut(self, market: int) -> None:
        self.both(
            "shut",
            self.send("shutMarket", market, sender=self.admin),
            lambda: self.twin.shut_market(self.now, market),
        )

    def settle_all(self, market: int) -> None:
        """Both passes over everybody."""
        for _ in range(2):
            self.resolve(self.users[1], market, self.accounts())

    def resolving(self) -> list[int]:
        return [market for market in self.markets if self.twin.resolution_of(market).stage != Stage.NONE]

    def _watch(self, receipt: Receipt) -> None:
        super()._watch(receipt)
        self.seen.update({name: len(receipt.events(name)) for name in EVENTS})
        ends = [log.args["market"] for log in receipt.events("ResolutionCounted") if log.args["cut"]]
        self.seen["cut of a shut market"] += any(
            self.twin.configs[market].status == STATUS_SHUT for market in ends
        )


class ResolutionWalk(Walk):
    """A walk with crashes, whose markets resolve a few accounts at a time, are reopened, and shut at last."""

    world_type = ResolutionWorld
    world: Any

    def step(self) -> None:
        move = self.random.choices(
            ["walk", "resolve", "crash", "deleverage", "reopen", "govern"], [52, 24, 12, 3, 6, 3]
        )[0]
        if move == "walk":
            super().step()
        elif move == "govern":
            self.restrict()
        else:
            getattr(self, move)()

    def resolve(self) -> None:
        """A few accounts, or all, of a market that resolves; sometimes of one that does not."""
        market = self.random.choice(self.world.resolving() or [self.market()])
        accounts = self.world.accounts()
        if self.random.random() < 0.5:
            accounts = self.random.sample(accounts, self.random.randint(0, len(accounts)))
        self.world.resolve(self.user(), market, accounts)

    def crash(self) -> None:
        """A gap that takes more than margins of who has just come."""
        self.reopen()
        for user in self.world.users[1:]:
            self.world.deposit(user, account_id(user), 2_000 * 10**6)
            self.rush(user)
        self.shift(-2_000, -1_200, 1_200, 2_500)
        for seconds in (1, 400):
            self.world.chain.warp(seconds)
            self.refresh()
        self.liquidate()

    def rush(self, user: str) -> None:
        """Open with nearly all that an account has."""
        market, account = self.market(), account_id(user)
        m, config = self.world.twin.markets[market], self.world.twin.configs[market]
        margin = max(free_margin(self.world, account), WAD) * multiplier.ONE // multiplier.initial(m, config)
        size = margin * 25 * WAD // (self.prices[market - 1] * 10**10) * self.random.choice([1, -1])
        self.world.trade(user, account, market, size, self.limit(size), self.world.now)

    def deleverage(self) -> None:
        self.world.deleverage(self.user(), self.market())

    def reopen(self) -> None:
        for market in self.world.markets:
            if self.world.twin.configs[market].status != STATUS_OPEN or self.random.random() < 0.1:
                self.world.reopen(market)

    def restrict(self) -> None:
        market, level = self.market(), self.random.choice([2, 3])
        getattr(self.world, self.random.choice(["hold", "restrict"]))(market, level)
        if self.random.random() < 0.5:
            self.world.lift(market)

    def live(self, steps: int) -> None:
        """A walk; then one market after the other ends, whatever is open in it, while the walk goes on."""
        for market in (None, *self.world.markets):
            if market is not None:
                self.end(market)
            for _ in range(steps // 10 if market else steps):
                self.step()
            self.world.check_views()
        for market in self.world.resolving():
            self.world.settle_all(market)

    def end(self, market: int) -> None:
        """Shut a market with whatever is open in it, and let everybody act on."""
        while self.world.twin.resolution_of(market).stage != Stage.NONE:
            self.world.settle_all(market)
        self.world.hold(market, 2)
        self.world.shut(market)
