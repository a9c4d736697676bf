"""A random walk through every entry of the ledger and of the deployed core at once."""

from collections.abc import Callable
from random import Random

from ledger_world import BRACKETS, MAX_SIDES, NOBODY, PRICES, STRICTER, TOKEN_SCALE, WINDOWS, World

from keel.model import multiplier
from keel.model.errors import Refused
from keel.model.ledger import account_id
from keel.units import WAD

# What primary and reference say, and how sure the primary is, in thousandths of the price.
DOUBTS = {
    "none": ((1_000,), 0),
    "sure of itself": ((1_000,), 3),
    "disagreement": ((1_000, 985), 0),
    "far disagreement": ((1_000, 1_100), 0),
    "no confidence": ((1_000,), 12),
    "silent reference": ((1_000, 0), 0),
    "silent primary": ((0, 1_000), 0),
    "silence": ((0,), 0),
}


class Walk:
    """One random walk; the weights make all of opening, closing, liquidation and bad debt happen."""

    world_type = World

    def __init__(self, seed: int, markets: int = len(PRICES)) -> None:
        self.random = Random(seed)
        self.world = self.world_type(markets)
        self.prices = [PRICES[i % len(PRICES)] for i in range(markets)]
        self.doubts: dict[int, str] = {}
        for market in self.world.markets:
            self.world.update_price(market)
        self.world.chain.warp(400)
        self.refresh()
        for market in self.world.markets:
            self.world.pool_deposit(self.user(), market, 2_000_000 * 10**6)
        for user in self.world.users[1:]:
            self.world.deposit(user, account_id(user), 5_000 * 10**6)

    def user(self) -> str:
        return self.random.choice(self.world.users[1:])

    def market(self) -> int:
        return self.random.choice(self.world.markets)

    def account(self, user: str) -> int:
        return account_id(user, self.random.choice([0, 0, 0, 1]))

    def amount(self, top: int) -> int:
        return self.random.choice([0, 1, top, *(self.random.randint(1, top) for _ in range(9))])

    def refresh(self) -> None:
        for market in self.world.markets:
            price = self.prices[market - 1]
            answers, spread = DOUBTS[self.doubts.get(market, "none")]
            self.world.set_price(
                market, *(price * share // 1_000 for share in answers), spread=price * spread // 1_000
            )
            self.world.update_price(market)

    def step(self) -> None:
        moves: list[tuple[Callable[[], None], int]] = [
            (self.deposit, 6),
            (self.withdraw, 5),
            (self.trade, 44),
            (self.close, 8),
            (self.liquidate, 12),
            (self.unwind, 4),
            (self.pool, 6),
            (self.insure, 4),
            (self.govern, 2),
            (self.move_price, 16),
            (self.wait, 14),
            (self.doubt, 6),
            (self.claim, 3),
        ]
        choices, weights = zip(*moves, strict=True)
        self.random.choices(choices, weights)[0]()

    def deposit(self) -> None:
        user = self.user()
        self.world.deposit(user, self.account(user), self.amount(20_000 * 10**6))

    def withdraw(self) -> None:
        user = self.user()
        account = self.account(self.random.choice([user, user, self.user()]))
        tokens = self.amount(5_000 * 10**6)
        if self.random.random() < 0.5:
            # All that the margin leaves free: the next adverse move makes the account liquidatable.
            account = account_id(user)
            tokens = max(free_margin(self.world, account) // TOKEN_SCALE, 0)
        self.world.withdraw(
            user, account, tokens, self.random.choice([user, self.user(), NOBODY, self.world.core.address])
        )

    def trade(self) -> None:
        if self.random.random() < 0.5:
            self.world.chain.warp(12)
            self.refresh()
        user, market = self.user(), self.market()
        account, price = self.account(user), self.prices[market - 1] * 10**10
        m, config = self.world.twin.markets[market], self.world.twin.configs[market]
        leverage = self.random.choice([5, 12, 20, 30, 36]) * multiplier.ONE // multiplier.initial(m, config)
        margin = max(free_margin(self.world, account), WAD)
        size = margin * leverage * WAD // price * self.random.choice([1, -1])
        limit = self.limit(size)
        if self.random.random() < 0.2:
            size = self.random.choice([0, 1, -(2**110), size * 50, size // 10**5])
            limit = self.random.choice([0, limit, price])
        if self.random.random() < 0.3:
            self.world.update_and_trade(user, account, market, size, limit)
        else:
            self.world.trade(user, account, market, size, limit, self.world.now + self.random.randint(-1, 30))

    def limit(self, size: int) -> int:
        """A limit price that every fill meets."""
        return 2**256 - 1 if size > 0 else 0

    def close(self, doubted: int | None = None) -> None:
        """Close a position or a part of it, in a market or in any."""
        held = [
            (key, p)
            for key, p in self.world.twin.positions.items()
            if doubted in (None, key[1]) and key[0] != self.world.backstop
        ]
        if not held:
            return
        (account, market), position = self.random.choice(held)
        share = self.random.choice([1, 1, 2, 3])
        size = -position.size // share
        self.world.trade(owner(account), account, market, size, self.limit(size), self.world.now)

    def liquidate(self) -> None:
        """Everybody who has a position, one by one or at once, the insurance's own account among them."""
        accounts = list(dict.fromkeys(account for account, _ in self.world.twin.positions))
        self.random.shuffle(accounts)
        if self.random.random() < 0.3:
            self.world.liquidate_batch(self.user(), [*accounts, account_id(self.user(), 7)])
            return
        for account in accounts:
            self.world.liquidate(self.user(), account)

    def unwind(self) -> None:
        """Work off what the insurance holds, for some minutes; at least try."""
        held = [market for account, market in self.world.twin.positions if account == self.world.backstop]
        for market in held or [self.market()]:
            for _ in range(self.random.choice([1, 2, 18])):
                self.world.unwind(self.user(), market)
                if self.random.random() < 0.3:
                    self.world.chain.warp(40)
                    self.refresh()

    def govern(self) -> None:
        """Change what margin depends on."""
        market = self.market()
        change = self.random.choice(
            [
                {"brackets": self.random.choice([BRACKETS, STRICTER])},
                {"hedge_percent": self.random.choice([0, 20, 40])},
                {"window_ppm": self.random.choice([WINDOWS[market - 1], 50_000])},
                {"max_side_ppm": self.random.choice([MAX_SIDES[market - 1], 1_000_000])},
            ]
        )
        self.world.set_market(market, **change)

    def pool(self) -> None:
        user, market = self.user(), self.market()
        shares = self.world.chain.call(self.world.vaults[market - 1], "balanceOf", user)
        if shares and self.random.random() < 0.6:
            self.world.pool_redeem(user, market, self.random.choice([shares, shares // 3 + 1]))
        else:
            self.world.pool_deposit(user, market, self.amount(200_000 * 10**6))

    def insure(self) -> None:
        user = self.user()
        shares = self.world.chain.call(self.world.insurance, "balanceOf", user)
        if shares and self.random.random() < 0.6:
            self.world.insurance_redeem(user, self.random.choice([shares, shares // 3 + 1]))
        else:
            self.world.insurance_deposit(user, self.amount(20_000 * 10**6))

    def shift(self, *steps: int) -> None:
        """Move all prices by one of these steps, bps, or each by its own."""
        step, alone = self.random.choice(steps), self.random.random() < 0.4
        for market in self.world.markets:
            step = self.random.choice(steps) if alone else step
            change = 10_000 + step + self.random.randint(-9, 9)
            self.prices[market - 1] = self.prices[market - 1] * change // 10_000

    def move_price(self) -> None:
        self.shift(-900, -400, -30, 30, 400, 900)
        self.world.chain.warp(self.random.choice([1, 12, 40, 400]))
        self.refresh()
        if self.random.random() < 0.6:
            self.liquidate()

    def doubt(self) -> None:
        """End all doubts; or let one market fall into doubt and have people act in it.

        The average follows the price before, so that who is unhealthy can be liquidated in doubt.
        """
        if self.doubts:
            self.doubts.clear()
            self.world.chain.warp(self.random.choice([40, 400]))
            self.refresh()
            return
        self.shift(-600, -30, 30, 600)
        market = self.market()
        self.world.chain.warp(12)
        self.refresh()
        self.world.chain.warp(400)
        self.doubts[market] = self.random.choice(list(DOUBTS))
        for _ in range(3):
            self.refresh()
            self.close(market)
            self.world.chain.warp(self.random.choice([30, 60, 700, 1_500]))
            self.world.accrue(market)
            if self.random.random() < 0.5:
                self.refresh()
                self.liquidate()
        if self.random.random() < 0.7:
            self.doubts.clear()
            self.refresh()

    def claim(self) -> None:
        for account, market in list(self.world.twin.escrow_claims):
            if self.random.random() < 0.5:
                self.world.claim_funding(self.user(), account, market)
        self.world.claim_funding(self.user(), self.account(self.user()), self.market())

    def wait(self) -> None:
        self.world.chain.warp(self.random.choice([1, 61, 400, 400, 3_000, 40_000]))
        if self.random.random() < 0.8:
            self.refresh()
        self.world.accrue(self.market())
        self.world.check_views()


def free_margin(world: World, account: int) -> int:
    try:
        health = world.twin.health_of(world.now, account)
    except Refused:
        return 0
    return health.withdrawable - health.initial


def owner(account: int) -> str:
    return f"0x{account >> 96:040x}"
