"""The deployed core and its twin, driven side by side with the same calls."""

from collections import Counter
from collections.abc import Callable
from dataclasses import astuple, fields, replace
from typing import Any

from ledger_checks import check, check_views
from twin_harness import compare

from keel.evm.chain import NOBODY, Contract, Receipt
from keel.evm.revm import RevmChain
from keel.model.layered import LayeredFunding, LayeredParams
from keel.model.ledger import Ledger, account_id
from keel.model.ledger.books import STATUS_SHUT
from keel.model.records import (
    Brackets,
    EscrowOutcome,
    Market,
    MarketConfig,
    MarketLinks,
    SizeTiers,
    parse,
)
from keel.model.validity import Action, Price
from keel.model.velocity import VelocityFunding, VelocityParams
from keel.units import WAD

BP = WAD // 10_000
TOKEN_DECIMALS = 6
TOKEN_SCALE = 10**12
FUNDING = LayeredParams(
    interest=BP,
    interest_max=5 * BP,
    interest_beta=WAD,
    base_sigma=6 * WAD // 10,
    deadzone=5 * BP,
    convexity=100 * BP,
    premium_factor=WAD,
    kink_rate=2 * BP,
    slope_rate=20 * BP,
    kink=8 * WAD // 10,
    cap_longs_pay=750 * BP,
    cap_shorts_pay=700 * BP,
    slow_weight=6 * WAD // 10,
    fast_seconds=3_600,
    slow_seconds=43_200,
    skew_seconds=86_400,
    deviation=3 * BP,
    gain=WAD // 2,
)
VELOCITY = VelocityParams(
    velocity=WAD // 10,
    skew_scale=20 * WAD,
    deadband=0,
    leak_seconds=86_400,
    cap_longs_pay=100 * BP,
    cap_shorts_pay=100 * BP,
    deviation=BP,
    mean_seconds=259_200,
)
BRACKETS = Brackets(50_000, 200_000, 1_000_000, 100, 200, 300, 500, 250, 400, 600, 900, 80, 600)
STRICTER = Brackets(50_000, 200_000, 1_000_000, 150, 280, 400, 600, 300, 450, 650, 1_000, 80, 600)
# Markets of three kinds: depth of five times the pool's value, and depth of about its value.
DEPTHS = (5 * WAD // 2_000, WAD, WAD // 50)
PRICES = (2_000 * 10**8, 10**8, 100 * 10**8)
# Weights 1, 1.25 and 1.5, at the sizes that the walk trades.
TIERS = tuple(SizeTiers(base * WAD, 5 * base * WAD, 1_250_000, 1_500_000) for base in (5, 10_000, 100))
# Some multiply margins in the walk's volatility, one never does.
BASE_SIGMAS = (6_000, 50_000, 20_000)
HEDGES = (30, 40, 0)
# Little room for one side, so that it is crowded; little for liquidations, so that some are taken over.
MAX_SIDES = (150_000, 180_000, 800_000)
WINDOWS = (2_000, 5_000, 100_000)
FEED_SCALE = 10**10
LIMITS = (10**10, 10**25, 100, 100, 2_000, 1_000)
FILLS = ("Traded", "Liquidated", "Absorbed", "BackstopFilled")


def market_config(model: str, i: int = 0) -> MarketConfig:
    """Parameters of the market at a place; the kinds take turns."""
    i %= len(PRICES)
    return MarketConfig(
        funding_model=model,
        taker_fee_ppm=500,
        deviation_fee_ppm=300,
        insurance_fee_share_ppm=200_000,
        max_side_ppm=MAX_SIDES[i],
        hedge_percent=HEDGES[i],
        depth_per_share=DEPTHS[i],
        max_exposure_ppm=150_000,
        max_skew_ppm=300_000,
        target_bps=12_500,
        base_sigma_bps=BASE_SIGMAS[i],
        fresh_seconds=60,
        stale_seconds=600,
        heartbeat_seconds=3_600,
        min_notional=10,
        status=1,
        brackets=BRACKETS,
        tiers=TIERS[i],
    )


class World:
    """Three markets, five traders and providers; every call runs on both sides and is compared.

    Attributes:
        chain: Where the contracts are.
        twin: The ledger.
        users: Senders; the first is the administrator.
        outcomes: How often each function ended with each error; None = done.
        last: How the last function ended.
        seen: How often each thing happened to the escrow and in liquidations.
        gifts: Whether the account of the insurance may have got something, a payment or its claim.
        surplus: What size tiers took from traders, quote WAD.
        stresses: Every stress that a market had.
    """

    # What a pool pays for debts in a day, 1e-6 of its equity: here all of it.
    loss_cap = 1_000_000

    def __init__(self, markets: int = len(PRICES)) -> None:
        self.chain = RevmChain()
        self.outcomes: Counter[tuple[str, str | None]] = Counter()
        self.last: tuple[str, str | None] = ("", None)
        self.seen: Counter[str] = Counter()
        self.gifts = False
        self.surplus = 0
        self.stresses: set[int] = set()
        self.users = self.chain.accounts[:6]
        self.admin = self.users[0]
        deploy = self.chain.deploy
        self.token = deploy("MockToken", TOKEN_DECIMALS)
        access = deploy("KeelAccess", self.admin)
        extension = deploy("KeelExtension", self.token, access)
        core = deploy("Keel", self.token, access, extension, deploy("KeelLiquidation", self.token))
        self.core = self.chain.at("IKeel", core.address)
        self.lens = deploy("Lens", core)
        self.model = deploy("LayeredFunding", astuple(FUNDING))
        self.second_model = deploy("VelocityFunding", astuple(VELOCITY))
        models = {self.model: LayeredFunding(FUNDING), self.second_model: VelocityFunding(VELOCITY)}
        twins = {contract.address: twin for contract, twin in models.items()}
        self.twin = Ledger(TOKEN_SCALE, twins, core.address)
        self.sources = [(deploy("MockSource"), deploy("MockSource")) for _ in range(markets)]
        self.vaults = [self._list(i) for i in range(markets)]
        self.insurance = deploy("ShareVault", core, 0, 0, "insurance", "INS")
        self.chain.send(self.core, "setInsuranceVault", self.insurance, sender=self.admin)
        self.twin.set_insurance_vault(self.insurance.address)
        for user in self.users:
            self.chain.send(self.token, "mint", user, 10**18, sender=user)
            for spender in (self.core, self.insurance, *self.vaults):
                self.chain.send(self.token, "approve", spender, 2**256 - 1, sender=user)

    @property
    def now(self) -> int:
        return self.chain.timestamp()

    @property
    def markets(self) -> range:
        return range(1, len(self.vaults) + 1)

    def accounts(self) -> list[int]:
        return [*(account_id(user, sub) for user in self.users for sub in (0, 1)), self.backstop]

    @property
    def backstop(self) -> int:
        """The insurance's own account."""
        return account_id(self.core.address)

    def _list(self, i: int) -> Contract:
        market = i + 1
        hub = self.chain.deploy("OracleHub", self.core, market, (self.sources[i], LIMITS), NOBODY)
        vault = self.chain.deploy("ShareVault", self.core, market, 0, "pool", "POOL")
        config = market_config(self.model.address, i)
        links = MarketLinks(vault.address, 2_000, WINDOWS[i % len(PRICES)], self.loss_cap, hub.address)
        listed = self.chain.send(self.core, "listMarket", astuple(config), astuple(links), sender=self.admin)
        assert listed.result == self.twin.list_market(self.now, config, links) == market
        self.set_price(market, PRICES[i % len(PRICES)])
        return vault

    def set_price(self, market: int, *answers: int, spread: int = 0) -> None:
        """Let primary and reference answer this (8 decimals); one answer is both's.

        The spread is the primary's. Nothing is stored in the core yet.
        """
        primary, reference = self.sources[market - 1]
        self.chain.send(primary, "set", answers[0] * FEED_SCALE, sender=self.admin)
        self.chain.send(primary, "setSpread", spread * FEED_SCALE, sender=self.admin)
        self.chain.send(reference, "set", answers[-1] * FEED_SCALE, sender=self.admin)

    def update_price(self, market: int) -> None:
        if self.twin.configs[market].status == STATUS_SHUT:
            self.both(
                "update_price",
                self.send("updatePrice", market, sender=self.admin),
                lambda: self.twin.store_price(self.now, market, Price()),
            )
            return
        receipt = self.chain.send(self.core, "updatePrice", market, sender=self.admin)
        self._watch(receipt)
        stored = parse(Market, self.chain.call(self.core, "marketOf", market)).price
        self.twin.store_price(self.now, market, stored)

    def both(self, name: str, contract: Callable[[], Any], twin: Callable[[], Any]) -> None:
        """Run one call on both sides, compare what it gives or why it is refused, then all the books."""
        self.last = name, compare(contract, twin)
        self.outcomes[self.last] += 1
        self.check()

    def check(self) -> None:
        check(self)

    def check_views(self) -> None:
        check_views(self)

    def send(self, function: str, *args: Any, sender: str) -> Callable[[], Any]:
        def run() -> Any:
            receipt = self.chain.send(self.core, function, *args, sender=sender)
            self._watch(receipt)
            fills = [log for name in FILLS for log in receipt.events(name)]
            self.surplus += sum(log.args["settled"].surplus for log in fills)
            return tuple(receipt.result) if isinstance(receipt.result, tuple) else receipt.result

        return run

    def _watch(self, receipt: Receipt) -> None:
        """Count what happened to the escrow and in liquidations; the twin has not followed yet."""
        for log in receipt.events("Absorbed"):
            held = self.twin.positions.get((self.backstop, log.args["market"]))
            merged = (
                ""
                if held is None
                else " into the same"
                if held.size * log.args["fill"].size < 0
                else " against"
            )
            self.seen["absorbed" + merged] += 1
        for log in (*receipt.events("Liquidated"), *receipt.events("Absorbed")):
            members = self.twin.accounts[log.args["account"]].markets
            self.seen["chosen of several"] += members & 0xFFFF != log.args["market"]
        self.seen["bad debt"] += len(receipt.events("BadDebtCovered"))
        closed = [log.args["confirmed"] for log in receipt.events("EscrowClosed")]
        self.seen.update("confirmed" if confirmed else "rejected" for confirmed in closed)
        held = len(receipt.events("EscrowHeld"))
        self.seen["held"] += held
        if held and receipt.events("Liquidated"):
            self.seen["liquidated in a period"] += 1
        for log in receipt.events("EscrowReleased"):
            key = log.args["account"], log.args["market"]
            claim, outcome = self.twin.escrow_claim_of(*key)
            confirmed = closed[0] if outcome == EscrowOutcome.OPEN else outcome == EscrowOutcome.CONFIRMED
            self.seen[f"released {'confirmed' if confirmed else 'rejected'}"] += 1
            self.seen["released surplus"] += claim.surplus > 0
            self.seen["released without a position"] += key not in self.twin.positions

    def claim_funding(self, sender: str, account: int, market: int) -> None:
        # What the insurance's own account claims it keeps until it is touched.
        self.gifts |= account == self.backstop
        self.both(
            "claim_funding",
            self.send("claimFunding", account, market, sender=sender),
            lambda: self.twin.claim_funding(self.now, account, market),
        )

    def deposit(self, sender: str, account: int, tokens: int) -> None:
        self.both(
            "deposit",
            self.send("deposit", account, tokens, sender=sender),
            lambda: self.twin.deposit(account, tokens),
        )

    def withdraw(self, sender: str, account: int, tokens: int, to: str) -> None:
        self.both(
            "withdraw",
            self.send("withdraw", account, tokens, to, sender=sender),
            lambda: self.twin.withdraw(self.now, sender, account, tokens, to),
        )

    def trade(self, sender: str, account: int, market: int, size: int, limit: int, deadline: int) -> None:
        self.both(
            "trade",
            self.send("trade", account, market, size, limit, deadline, sender=sender),
            lambda: self.twin.trade(self.now, sender, account, market, size, limit, deadline),
        )

    def update_and_trade(self, sender: str, account: int, market: int, size: int, limit: int) -> None:
        """The price that the contract would store is asked for before; a refusal leaves the old one."""
        price, deadline = self._next_price(market), self.now
        self.both(
            "update_and_trade",
            self.send("updateAndTrade", account, market, size, limit, deadline, sender=sender),
            lambda: self.twin.update_and_trade(
                self.now, sender, account, market, size, limit, deadline, price
            ),
        )

    def _next_price(self, market: int) -> Price:
        if self.twin.configs[market].status == STATUS_SHUT:
            return Price()
        before = self.chain.snapshot()
        self.chain.send(self.core, "updatePrice", market, sender=self.admin)
        price = parse(Market, self.chain.call(self.core, "marketOf", market)).price
        self.chain.revert(before)
        return price

    def liquidate(self, sender: str, account: int) -> None:
        self.both(
            "liquidate",
            self.send("liquidate", account, sender=sender),
            lambda: self.twin.liquidate(self.now, sender, account),
        )

    def liquidate_batch(self, sender: str, accounts: list[int]) -> None:
        self.both(
            "liquidate_batch",
            self.send("liquidateBatch", accounts, sender=sender),
            lambda: self.twin.liquidate_batch(self.now, sender, accounts),
        )

    def unwind(self, sender: str, market: int) -> None:
        self.both(
            "unwind",
            self.send("unwind", market, sender=sender),
            lambda: self.twin.unwind(self.now, market),
        )

    def settle(self, sender: str, account: int, market: int, action: Action) -> None:
        self.both(
            "settle",
            self.send("settle", account, market, action, sender=sender),
            lambda: self.twin.settle(self.now, sender, account, market, action),
        )

    def accrue(self, market: int) -> None:
        self.both(
            "accrue",
            self.send("accrue", market, sender=self.admin),
            lambda: self.twin.accrue(self.now, market),
        )

    def set_market(self, market: int, **changes: Any) -> None:
        """Change parameters of a market, by their names in the twin."""
        config, links = self.twin.configs[market], self.twin.links[market]
        linked = {name: changes.pop(name) for name in changes.keys() & {f.name for f in fields(links)}}
        config, links = replace(config, **changes), replace(links, **linked)
        self.both(
            "set_market",
            self.send("setMarket", market, astuple(config), astuple(links), sender=self.admin),
            lambda: self.twin.set_market(self.now, market, config, links),
        )

    def pool_deposit(self, sender: str, market: int, tokens: int) -> None:
        vault = self.vaults[market - 1]
        self.both(
            "pool_deposit",
            lambda: self.chain.send(vault, "deposit", tokens, sender, sender=sender).result,
            lambda: self.twin.pool_deposit(self.now, vault.address, market, tokens),
        )

    def pool_redeem(self, sender: str, market: int, shares: int) -> None:
        vault = self.vaults[market - 1]
        self._redeem(
            "pool_redeem",
            vault,
            sender,
            shares,
            lambda: self.twin.pool_redeem(self.now, vault.address, market, shares, sender),
        )

    def insurance_redeem(self, sender: str, shares: int) -> None:
        self._redeem(
            "insurance_redeem",
            self.insurance,
            sender,
            shares,
            lambda: self.twin.insurance_redeem(self.now, self.insurance.address, shares, sender),
        )

    def _redeem(self, name: str, vault: Contract, sender: str, shares: int, twin: Callable[[], Any]) -> None:
        """Request and claim; what is refused leaves no request behind."""
        before = self.chain.snapshot()
        self.chain.send(vault, "requestRedeem", shares, sender, sender, sender=sender)
        self.both(
            name, lambda: self.chain.send(vault, "redeem", shares, sender, sender, sender=sender).result, twin
        )
        if self.chain.call(vault, "claimableRedeemRequest", 0, sender):
            self.chain.revert(before)

    def insurance_deposit(self, sender: str, tokens: int) -> None:
        self.both(
            "insurance_deposit",
            lambda: self.chain.send(self.insurance, "deposit", tokens, sender, sender=sender).result,
            lambda: self.twin.insurance_deposit(self.now, self.insurance.address, tokens),
        )
