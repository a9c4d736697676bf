"""The deployed core and its twin, driven side by side with the same calls."""

from collections import Counter
from collections.abc import Callable
from dataclasses import astuple, replace
from typing import Any

from twin_harness import compare

from keel.evm.chain import Contract, Receipt
from keel.evm.revm import RevmChain
from keel.model.layered import LayeredFunding, LayeredParams
from keel.model.ledger import Ledger, account_id
from keel.model.margin import Brackets
from keel.model.records import (
    Escrow,
    EscrowClaim,
    EscrowOutcome,
    Health,
    Market,
    MarketConfig,
    MarketLinks,
    Price,
    SizeTiers,
    parse,
)
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
# One market of each kind: depth of five times the pool's value, and depth of about its value.
DEPTHS = (5 * WAD // 2_000, WAD)
PRICES = (2_000 * 10**8, 10**8)
# Weights 1, 1.25 and 1.5, at the sizes that the walk trades.
TIERS = tuple(SizeTiers(base * WAD, 5 * base * WAD, 1_250_000, 1_500_000) for base in (5, 10_000))
# One multiplies the initial margin in the walk's volatility, the other never does.
BASE_SIGMAS = (6_000, 50_000)
FEED_SCALE = 10**10
LIMITS = (10**10, 10**25, 100, 100, 2_000, 1_000)
NOBODY = "0x" + "00" * 20


def market_config(model: str, i: int = 0) -> MarketConfig:
    """Parameters of the market at a place."""
    return MarketConfig(
        funding_model=model,
        taker_fee_ppm=500,
        deviation_fee_ppm=300,
        insurance_fee_share_ppm=200_000,
        depth_per_share=DEPTHS[i],
        max_exposure_ppm=60_000,
        max_skew_ppm=300_000,
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
    """Two markets, four traders, one provider; every call runs on both sides and is compared.

    Attributes:
        chain: Where the contracts are.
        twin: The ledger.
        users: Senders; the first is the administrator.
        outcomes: How often each function ended with each error; None = done.
        seen: How often each thing happened to the escrow.
        surplus: What size tiers took from traders, quote WAD.
        stresses: Every stress that a market had.
    """

    def __init__(self) -> None:
        self.chain = RevmChain()
        self.outcomes: Counter[tuple[str, str | None]] = Counter()
        self.seen: Counter[str] = Counter()
        self.surplus = 0
        self.stresses: set[int] = set()
        self.users = self.chain.accounts[:6]
        self.admin = self.users[0]
        deploy = self.chain.deploy
        self.token = deploy("MockToken", TOKEN_DECIMALS)
        access = deploy("KeelAccess", self.admin)
        extension = deploy("KeelExtension", self.token, access)
        core = deploy("Keel", self.token, access, extension)
        self.core = self.chain.at("IKeel", core.address)
        self.lens = deploy("Lens", core)
        self.model = deploy("LayeredFunding", astuple(FUNDING))
        self.second_model = deploy("VelocityFunding", astuple(VELOCITY))
        models = {self.model: LayeredFunding(FUNDING), self.second_model: VelocityFunding(VELOCITY)}
        twins = {contract.address: twin for contract, twin in models.items()}
        self.twin = Ledger(TOKEN_SCALE, twins, core.address)
        self.sources = [(deploy("MockSource"), deploy("MockSource")) for _ in PRICES]
        self.vaults = [self._list(i) for i in range(len(PRICES))]
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
        return range(1, len(PRICES) + 1)

    def accounts(self) -> list[int]:
        return [account_id(user, sub) for user in self.users for sub in (0, 1)]

    def _list(self, i: int) -> Contract:
        market = i + 1
        hub = self.chain.deploy("OracleHub", self.core, market, (self.sources[i], LIMITS), NOBODY)
        vault = self.chain.deploy("ShareVault", self.core, market, 0, "pool", "POOL")
        config = market_config(self.model.address, i)
        links = MarketLinks(vault.address, 2_000, 12_500, hub.address)
        listed = self.chain.send(self.core, "listMarket", astuple(config), astuple(links), sender=self.admin)
        assert listed.result == self.twin.list_market(self.now, config, links) == market
        self.set_price(market, PRICES[i])
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
        receipt = self.chain.send(self.core, "updatePrice", market, sender=self.admin)
        self._watch(receipt)
        stored = parse(Market, self.chain.call(self.core, "marketOf", market)).price
        self.twin.store_price(self.now, market, stored)

    def both(self, name: str, contract: Callable[[], Any], twin: Callable[[], Any]) -> None:
        """Run one call on both sides, compare what it gives or why it is refused, then all the books."""
        self.outcomes[name, compare(contract, twin)] += 1
        self.check()

    def send(self, function: str, *args: Any, sender: str) -> Callable[[], Any]:
        def run() -> Any:
            receipt = self.chain.send(self.core, function, *args, sender=sender)
            self._watch(receipt)
            fills = [*receipt.events("Traded"), *receipt.events("Liquidated")]
            self.surplus += sum(log.args["settled"].surplus for log in fills)
            return tuple(receipt.result) if isinstance(receipt.result, tuple) else receipt.result

        return run

    def _watch(self, receipt: Receipt) -> None:
        """Count what happened to the escrow."""
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
        before = self.chain.snapshot()
        self.chain.send(self.core, "updatePrice", market, sender=self.admin)
        price = parse(Market, self.chain.call(self.core, "marketOf", market)).price
        self.chain.revert(before)
        return price

    def liquidate(self, sender: str, account: int, market: int) -> None:
        self.both(
            "liquidate",
            self.send("liquidate", account, market, sender=sender),
            lambda: self.twin.liquidate(self.now, sender, account, market),
        )

    def accrue(self, market: int) -> None:
        self.both(
            "accrue",
            self.send("accrue", market, sender=self.admin),
            lambda: self.twin.accrue(self.now, market),
        )

    def set_market(self, market: int, **changes: Any) -> None:
        """Change parameters of a market, by their names in the twin."""
        config, links = replace(self.twin.configs[market], **changes), self.twin.links[market]
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
            lambda: self.twin.insurance_redeem(self.insurance.address, shares, sender),
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
            lambda: self.twin.insurance_deposit(self.insurance.address, tokens),
        )

    def check(self) -> None:
        """Every stored number is the same on both sides, and the books add up."""
        ask, twin = self.chain.call, self.twin
        for market in self.markets:
            assert parse(Market, ask(self.core, "marketOf", market)) == twin.markets[market]
            self.stresses.add(twin.markets[market].stress)
            assert parse(Escrow, ask(self.core, "escrowOf", market)) == twin.escrow_of(market)
        for account in self.accounts():
            mine = twin.accounts[account]
            assert tuple(ask(self.core, "accountOf", account)) == (mine.balance, mine.markets)
            for market in self.markets:
                position = twin.positions.get((account, market))
                expected = astuple(position) if position else (0, False, 0, 0, 0)
                assert tuple(ask(self.core, "positionOf", account, market)) == expected
                claim, outcome = ask(self.core, "escrowClaimOf", account, market)
                assert (parse(EscrowClaim, claim), outcome) == twin.escrow_claim_of(account, market)
        assert ask(self.core, "insurance")[:2] == (twin.insurance_assets, twin.insurance_shares)
        assert ask(self.core, "booked") == twin.booked_tokens
        assert twin.claims() == twin.booked_tokens * TOKEN_SCALE

    def check_views(self) -> None:
        """Health, accrued markets, equities and validities are the same on both sides."""
        ask, twin, now = self.chain.call, self.twin, self.now
        for account in self.accounts():
            compare(
                lambda account=account: parse(Health, ask(self.core, "healthOf", account)),
                lambda account=account: twin.health_of(now, account),
            )
        for market in self.markets:
            assert parse(Market, ask(self.core, "marketNow", market)) == twin.market_now(now, market)
            compare(
                lambda market=market: tuple(ask(self.core, "poolEquity", market)),
                lambda market=market: twin.pool_equity(now, market),
            )
            compare(
                lambda market=market: ask(self.core, "previewPoolMint", market, 10**24),
                lambda market=market: twin.preview_pool_mint(now, market, 10**24),
            )
