"""The world with two kinds of collateral, and a random walk that lives on them."""

from collections.abc import Callable
from dataclasses import astuple, replace
from typing import Any

from eth_utils.crypto import keccak
from ledger_resolutions import ResolutionWalk, ResolutionWorld
from ledger_walk import DOUBTS
from ledger_world import FEED_SCALE, LIMITS, NOBODY, PRICES
from twin_harness import compare

from keel.evm.chain import Receipt
from keel.model.cold_records import CollateralKind, CollateralTerms
from keel.model.errors import Refused
from keel.model.ledger import account_id
from keel.model.records import parse
from keel.model.validity import Price
from keel.units import WAD

CORE_FEED = 10**8
# A token of 18 decimals that moves, and one of 6 that should be worth one.
DECIMALS = (18, 6)
KIND_PRICES = (2_000 * CORE_FEED, CORE_FEED)
UNKNOWN = 9
_DEBT_MARKETS_SLOT = 14


def terms_of(hub: str, i: int) -> CollateralTerms:
    """Terms of the kind at a place: room for 40,000 of one and for 60,000 of the other."""
    floor, ceiling = (0, 10**25) if i == 0 else (98 * WAD // 100, WAD)
    cap = (20 * 10**18, 60_000 * 10**6)[i]
    return CollateralTerms(cap, (1_500, 400)[i], (300, 50)[i], (60, 600)[i], floor, ceiling, hub)


class CollateralWorld(ResolutionWorld):
    """The world, with other collateral on both sides."""

    def __init__(self, markets: int = len(PRICES)) -> None:
        super().__init__(markets)
        deploy, send = self.chain.deploy, self.chain.send
        self.collateral = deploy("Collateral", self.core)
        send(self.core, "setCollateral", self.collateral, sender=self.admin)
        self.twin.set_collateral(self.collateral.address)
        self.tokens = [deploy("MockToken", decimals) for decimals in DECIMALS]
        self.kind_sources = [(deploy("MockSource"), deploy("MockSource")) for _ in DECIMALS]
        self.said: dict[int, tuple[int, int, int]] = {}
        for i, token in enumerate(self.tokens):
            hub = deploy("OracleHub", self.collateral, i + 1, (self.kind_sources[i], LIMITS), NOBODY)
            terms = terms_of(hub.address, i)
            listed = send(self.collateral, "listKind", token, astuple(terms), sender=self.admin).result
            assert listed == self.twin.list_kind(token.address, DECIMALS[i], terms) == i + 1
            self.set_kind_price(i + 1, KIND_PRICES[i])
            for user in self.users:
                send(token, "mint", user, 10 ** (DECIMALS[i] + 9), sender=user)
                send(token, "approve", self.collateral, 2**256 - 1, sender=user)
        for user in self.users:
            send(self.token, "approve", self.collateral, 2**256 - 1, sender=user)

    @property
    def kinds(self) -> range:
        return range(1, len(DECIMALS) + 1)

    def set_kind_price(self, kind: int, *answers: int, spread: int = 0) -> None:
        """Like `set_price`, for a kind; what it says already is not said again."""
        saying = answers[0], answers[-1], spread
        if self.said.get(kind) == saying:
            return
        self.said[kind] = saying
        primary, reference = self.kind_sources[kind - 1]
        for source, function, answer in (
            (primary, "set", answers[0]),
            (primary, "setSpread", spread),
            (reference, "set", answers[-1]),
        ):
            self.chain.send(source, function, answer * FEED_SCALE, sender=self.admin)

    def update_kind_price(self, kind: int) -> None:
        self.chain.send(self.collateral, "updatePrice", kind, sender=self.admin)
        self.twin.store_kind_price(self.now, kind, self.stored_price(kind))

    def stored_price(self, kind: int) -> Price:
        return parse(Price, self.chain.call(self.collateral, "priceOf", kind))

    def next_kind_price(self, kind: int) -> Price:
        """The price that the contract would store."""
        if kind not in self.kinds:
            return Price()
        before = self.chain.snapshot()
        self.chain.send(self.collateral, "updatePrice", kind, sender=self.admin)
        price = self.stored_price(kind)
        self.chain.revert(before)
        return price

    def collateral_deposit(self, sender: str, account: int, kind: int, tokens: int) -> None:
        price = self.next_kind_price(kind)
        self.both(
            "collateral_deposit",
            self.ask("deposit", account, kind, tokens, sender=sender),
            lambda: self.twin.collateral_deposit(self.now, sender, account, kind, tokens, price),
        )

    def collateral_withdraw(self, sender: str, account: int, kind: int, tokens: int, to: str) -> None:
        self.both(
            "collateral_withdraw",
            self.ask("withdraw", account, kind, tokens, to, sender=sender),
            lambda: self.twin.collateral_withdraw(self.now, sender, account, kind, tokens, to),
        )

    def buy(self, sender: str, account: int, kind: int, tokens: int, max_cost: int = 2**128) -> None:
        price = self.next_kind_price(kind)
        self.both(
            "buy",
            self.ask("buy", account, kind, tokens, max_cost, sender, sender=sender),
            lambda: self.twin.collateral_buy(self.now, account, kind, tokens, max_cost, price),
        )

    def cover(self, sender: str, account: int) -> None:
        self.both(
            "cover", self.send("cover", account, sender=sender), lambda: self.twin.cover(self.now, account)
        )

    def set_terms(self, kind: int, **changes: Any) -> None:
        listed = self.twin.collateral_kinds.get(kind, self.twin.collateral_kinds[1])
        terms = replace(listed.terms, **changes)
        self.both(
            "set_terms",
            self.ask("setTerms", kind, astuple(terms), sender=self.admin),
            lambda: self.twin.set_terms(self.now, kind, terms),
        )

    def ask(self, function: str, *args: Any, sender: str) -> Callable[[], Any]:
        """`send` to the contract that keeps the collateral."""

        def run() -> Any:
            receipt = self.chain.send(self.collateral, function, *args, sender=sender)
            self._watch(receipt)
            return tuple(receipt.result) if isinstance(receipt.result, tuple) else receipt.result

        return run

    def _watch(self, receipt: Receipt) -> None:
        super()._watch(receipt)
        for log in receipt.events("CollateralSold"):
            account, kind = log.args["account"], log.args["kind"]
            held, k = self.twin.held_of(account, kind), self.twin.collateral_kinds[kind]
            haircut, discount = self.twin.haircut_of(self.now, kind), log.args["discountBps"]
            places = {k.terms.discount_bps: "least", haircut: "whole haircut"}
            self.seen[f"sold at the {places.get(discount, 'discount between')}"] += 1
            self.seen["sold all of a kind"] += held == log.args["tokens"]
            self.seen["sold without a position"] += self.twin.accounts[account].markets == 0
            self.seen["covered at the last sale"] += len(receipt.events("BadDebtCovered"))
        for name in ("Liquidated", "Absorbed", "PositionShut"):
            for log in receipt.events(name):
                self.seen[f"{name} with collateral"] += (
                    self.twin.accounts[log.args["account"]].collateral != 0
                )

    def check(self) -> None:
        """Also all that the collateral contract stores, and where debts showed, is the same on both sides."""
        super().check()
        ask, twin, contract = self.chain.call, self.twin, self.collateral
        for kind, token in zip(self.kinds, self.tokens, strict=True):
            mine = twin.kind_of(kind)
            assert parse(CollateralKind, ask(contract, "kindOf", kind)) == mine
            assert self.stored_price(kind) == twin.kind_price(kind)
            assert ask(token, "balanceOf", contract) == mine.held
            assert mine.held == sum(t for (_, k), t in twin.collateral_held.items() if k == kind)
            self.seen["haircut on its way"] += twin.haircut_of(self.now, kind) < mine.terms.haircut_bps
        for account in self.accounts():
            for kind in self.kinds:
                assert ask(contract, "heldOf", account, kind) == twin.held_of(account, kind)
            noted, balance = twin.accounts[account].collateral, twin.accounts[account].balance
            if noted:
                worth = tuple(ask(contract, "valueOf", account, noted))
                assert worth == twin.collateral_value(self.now, account, noted)
                self.seen["debt backed by collateral"] += balance < 0
            assert balance >= 0 or noted or twin.accounts[account].markets
            assert self.debt_market(account) == twin.debt_markets.get(account, 0)

    def debt_market(self, account: int) -> int:
        """Where the core noted a debt, read from its storage."""
        slot = keccak(account.to_bytes(32) + _DEBT_MARKETS_SLOT.to_bytes(32))
        return self.chain.storage(self.core.address, int.from_bytes(slot))

    def check_views(self) -> None:
        super().check_views()
        for account in self.accounts():
            for kind in (*self.kinds, UNKNOWN):
                compare(
                    lambda account=account, kind=kind: tuple(
                        self.chain.call(self.collateral, "saleOf", account, kind)
                    ),
                    lambda account=account, kind=kind: self.twin.sale_of(self.now, account, kind),
                )


class CollateralWalk(ResolutionWalk):
    """A walk whose traders live on collateral, while its prices, haircuts and doubts change."""

    world_type = CollateralWorld
    world: Any

    def __init__(self, seed: int, markets: int = len(PRICES)) -> None:
        self.kind_prices, self.kind_doubts = list(KIND_PRICES), ["none"] * len(KIND_PRICES)
        super().__init__(seed, markets)

    def refresh(self) -> None:
        super().refresh()
        for kind, (price, doubt) in enumerate(zip(self.kind_prices, self.kind_doubts, strict=True), 1):
            answers, spread = DOUBTS[doubt]
            said = [price * share // 1_000 for share in answers]
            self.world.set_kind_price(kind, *said, spread=price * spread // 1_000)
            if self.random.random() < 0.9:
                self.world.update_kind_price(kind)

    def step(self) -> None:
        if self.random.random() < 0.4:
            super().step()
            return
        moves = {"give": 14, "lean": 14, "lose": 16, "take": 12, "buy": 16, "move_kinds": 12}
        moves |= {"doubt_kind": 5, "set_terms": 9, "cover": 2, "fall": 5, "ruin": 4}
        getattr(self, self.random.choices(list(moves), list(moves.values()))[0])()

    def kind(self) -> int:
        return self.random.choice([1, 1, 1, 2, 2, 2, UNKNOWN])

    def units(self, kind: int, value: int) -> int:
        """Token units of a value in whole quote units."""
        i = min(kind, len(DECIMALS)) - 1
        return value * 10 ** DECIMALS[i] * CORE_FEED // self.kind_prices[i]

    def give(self) -> None:
        user, kind = self.user(), self.kind()
        account = self.account(self.random.choice([user] * 6 + [self.user()]))
        self.world.collateral_deposit(user, account, kind, self.amount(self.units(kind, 12_000)))

    def lean(self) -> None:
        """Collateral in, settlement tokens out, a position on it."""
        user, kind = self.user(), self.kind()
        account = account_id(user)
        self.world.collateral_deposit(
            user, account, kind, self.units(kind, self.random.choice([500, 4_000, 9_000]))
        )
        balance = self.world.twin.accounts[account].balance // 10**12
        self.world.withdraw(user, account, max(balance, 0) + self.random.choice([0, 0, 1]), user)
        self.rush(user)

    def lose(self) -> None:
        """Lean on collateral, close after a move, and be sold to who likes to buy."""
        self.reopen()
        for _ in range(2):
            self.lean()
        self.shift(-250, -120, 120, 250)
        self.world.chain.warp(self.random.choice([12, 400]))
        self.refresh()
        for _ in range(3):
            self.close()
        self.liquidate()
        if self.random.random() < 0.7:
            self.buy()

    def take(self) -> None:
        user, kind = self.user(), self.kind()
        account = self.account(self.random.choice([user] * 6 + [self.user()]))
        held = self.world.twin.held_of(account, kind)
        tokens = self.random.choice([held, held, held + 1, self.amount(max(held, 1))])
        self.world.collateral_withdraw(user, account, kind, tokens, self.random.choice([user, self.user()]))

    def buy(self) -> None:
        """From everybody who has to sell, and some who have not: all that is sold, or a part."""
        holders = list(self.world.twin.collateral_held)
        sellers = [holder for holder in holders if self.sells(*holder)]
        for account, kind in [*sellers, *self.random.choices(holders, k=2 if holders else 0)]:
            held = self.world.twin.held_of(account, kind)
            tokens = self.random.choice([held, 2 * held, held // 3, self.amount(max(held, 1))])
            cost = self.random.choice([2**128] * 6 + [10**6])
            self.world.buy(self.user(), account, kind, tokens, cost)
        self.world.buy(self.user(), self.account(self.user()), self.kind(), 10**6)

    def sells(self, account: int, kind: int) -> bool:
        try:
            return self.world.twin.sale_of(self.world.now, account, kind)[0] > 0
        except Refused:
            return False

    def move_kinds(self, *steps: int) -> None:
        """Bps; the peg comes back to one."""
        step = self.random.choice(steps or (-900, -300, -20, 20, 300, 900))
        self.kind_prices[0] = self.kind_prices[0] * (10_000 + step) // 10_000
        self.kind_prices[1] = CORE_FEED * self.random.choice([1_000, 1_000, 1_000, 1_002, 995, 970]) // 1_000
        self.world.chain.warp(self.random.choice([1, 12, 40, 400]))
        self.refresh()

    def doubt_kind(self) -> None:
        """One kind falls into doubt, people act on it, and mostly the doubt ends."""
        i = self.random.randrange(len(DECIMALS))
        self.kind_doubts[i] = self.random.choice(list(DOUBTS))
        self.kind_prices[0] = self.kind_prices[0] * self.random.choice([88, 100, 110]) // 100
        for act in (self.give, self.take, self.buy, self.liquidate):
            self.world.chain.warp(self.random.choice([12, 40, 700]))
            self.refresh()
            act()
        self.world.check_views()
        if self.random.random() < 0.8:
            self.kind_doubts[i] = "none"
        self.refresh()

    def set_terms(self) -> None:
        kind = self.kind()
        terms = self.world.twin.collateral_kinds[min(kind, len(DECIMALS))].terms
        change = self.random.choice(
            [
                {"haircut_bps": self.random.choice([800, 1_500, 3_000, 300, 9_001])},
                {"haircut_bps": min(terms.haircut_bps + 700, 4_000)},
                {"discount_bps": self.random.choice([50, 300, terms.haircut_bps, terms.haircut_bps + 1])},
                {"floor": terms.floor and self.random.choice([98, 95, 100]) * WAD // 100},
                {"cap": self.random.choice([terms.cap, terms.cap * 2, terms.cap // 2])},
                {"fresh_seconds": self.random.choice([60, 600, 0])},
            ]
        )
        self.world.set_terms(kind, **change)
        self.world.chain.warp(self.random.choice([1, 40_000, 86_400]))
        self.refresh()

    def cover(self) -> None:
        for account in self.world.twin.debt_markets:
            self.world.cover(self.user(), account)
        self.world.cover(self.user(), self.account(self.user()))

    def ruin(self) -> None:
        """A gap beyond what accounts on collateral have; sold before or after their end."""
        self.reopen()
        self.kind_doubts = ["none"] * len(DECIMALS)
        for _ in range(2):
            self.lean()
        gap, early = self.random.choice([-1_500, 1_500]), self.random.random() < 0.5
        for step in (gap, gap):
            self.shift(step)
            for seconds in (12, 400):
                self.world.chain.warp(seconds)
                self.refresh()
        for act in (self.sell, self.liquidate) if early else (self.liquidate, self.sell):
            act()
            self.world.chain.warp(12)
            self.refresh()

    def sell(self) -> None:
        """All that anybody has to sell."""
        for account, kind in list(self.world.twin.collateral_held):
            if self.sells(account, kind):
                self.world.buy(self.user(), account, kind, 2**128)

    def fall(self) -> None:
        """Collateral falls with the markets, more than a haircut, before anyone sells."""
        for _ in range(3):
            self.kind_prices[0] = self.kind_prices[0] * 88 // 100
            self.shift(-900, 900)
            self.world.chain.warp(400)
            self.refresh()
        self.kind_doubts[0] = "none"
        for seconds in (12, 400, 12):
            self.world.chain.warp(seconds)
            self.refresh()
            self.liquidate()
            self.buy()
        self.kind_prices[0] = KIND_PRICES[0]
