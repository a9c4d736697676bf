"""A deployed protocol as an object: every action and every view, on any chain.

Amounts follow the contracts: token units where tokens move, WAD elsewhere, sizes positive when long. A
refusal is a `Reverted` with the contract's custom error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from keel.config.funding import AnyFunding
from keel.errors import ChainError
from keel.evm.chain import Chain, Contract, Receipt
from keel.sdk.collateral_actions import CollateralActions
from keel.sdk.deployment import Deployment, MarketContracts
from keel.sdk.funding import deploy_model
from keel.sdk.governance import Proposal, execute, propose

NO_LIMIT = 2**256 - 1
_SUB_BITS = 96


def account_id(owner: str, sub: int = 0) -> int:
    """Account id: owner address in the high 160 bits, sub-account number in the low 96 bits."""
    return (int(owner, 16) << _SUB_BITS) | sub


def owner_of(account: int) -> str:
    """The (lower-case) address inside an account id."""
    return f"0x{account >> _SUB_BITS:040x}"


@dataclass(frozen=True, slots=True)
class Protocol(CollateralActions):
    """Actions and views of one deployment.

    Attributes:
        chain: Chain it lives on.
        contracts: Its contracts.
    """

    chain: Chain
    contracts: Deployment

    @property
    def core(self) -> Contract:
        """The core, with the whole interface."""
        return self.contracts.core

    def market_contracts(self, market: int) -> MarketContracts:
        """Contracts of a market id."""
        return self.contracts.markets[market - 1]

    # Margin and trades

    def deposit(self, account: int, tokens: int, sender: str) -> Receipt:
        """Add margin, token units; the sender must have approved the core."""
        return self._send("deposit", account, tokens, sender=sender)

    def withdraw(self, account: int, tokens: int, to: str, sender: str) -> Receipt:
        """Take margin out, token units."""
        return self._send("withdraw", account, tokens, to, sender=sender)

    def trade(
        self,
        account: int,
        market: int,
        size: int,
        sender: str,
        limit_price: int | None = None,
        deadline: int = NO_LIMIT,
    ) -> Receipt:
        """Buy or sell `size` base WAD; without a limit price any price is taken."""
        if limit_price is None:
            limit_price = NO_LIMIT if size > 0 else 0
        return self._send("trade", account, market, size, limit_price, deadline, sender=sender)

    def liquidate(self, account: int, sender: str) -> Receipt:
        """Reduce the position of an unhealthy account that helps most; rewards the sender's account 0."""
        return self._send("liquidate", account, sender=sender)

    def liquidate_batch(self, accounts: Sequence[int], sender: str) -> Receipt:
        """Liquidate whoever can be; the others are passed over."""
        return self._send("liquidateBatch", list(accounts), sender=sender)

    def unwind(self, market: int, sender: str) -> Receipt:
        """Close a small piece of the insurance's own position."""
        return self._send("unwind", market, sender=sender)

    def deleverage(self, market: int, sender: str) -> Receipt:
        """Begin to share out what a market's pool cannot pay its winners."""
        return self._send("deleverage", market, sender=sender)

    def resolve(self, market: int, accounts: Sequence[int], sender: str) -> Receipt:
        """Take accounts a step through a market's deleverage or shutdown."""
        return self._send("resolve", market, list(accounts), sender=sender)

    # Upkeep

    def accrue(self, market: int, sender: str) -> Receipt:
        """Accrue funding up to now."""
        return self._send("accrue", market, sender=sender)

    def update_price(self, market: int, sender: str) -> Receipt:
        """Store what the oracle says."""
        return self._send("updatePrice", market, sender=sender)

    def publish(self, market: int, answer: int, sender: str) -> Receipt:
        """Set a local market's simulated feed, in the feed's decimals."""
        aggregator = self.market_contracts(market).aggregators[0]
        return self.chain.send(aggregator, "set", answer, sender=sender)

    # Pool and insurance

    def pool_deposit(self, market: int, tokens: int, sender: str) -> Receipt:
        """Pay into a pool; the sender must have approved the vault."""
        vault = self.market_contracts(market).vault
        return self.chain.send(vault, "deposit", tokens, sender, sender=sender)

    def pool_request(self, market: int, shares: int, sender: str) -> Receipt:
        """Ask to redeem pool shares."""
        vault = self.market_contracts(market).vault
        return self.chain.send(vault, "requestRedeem", shares, sender, sender, sender=sender)

    def pool_redeem(self, market: int, shares: int, sender: str) -> Receipt:
        """Claim a redemption after the cooldown."""
        vault = self.market_contracts(market).vault
        return self.chain.send(vault, "redeem", shares, sender, sender, sender=sender)

    def insurance_deposit(self, tokens: int, sender: str) -> Receipt:
        """Stake in the insurance; the sender must have approved its vault."""
        return self.chain.send(self.contracts.insurance, "deposit", tokens, sender, sender=sender)

    def insurance_request(self, shares: int, sender: str) -> Receipt:
        """Ask to redeem insurance shares."""
        return self.chain.send(
            self.contracts.insurance, "requestRedeem", shares, sender, sender, sender=sender
        )

    def insurance_redeem(self, shares: int, sender: str) -> Receipt:
        """Claim an insurance redemption after the cooldown."""
        return self.chain.send(self.contracts.insurance, "redeem", shares, sender, sender, sender=sender)

    def fund(self, owner: str, tokens: int) -> None:
        """Local chains: mint test tokens to an address and approve core and vaults."""
        self.chain.send(self.contracts.token, "mint", owner, tokens, sender=owner)
        vaults = [market.vault for market in self.contracts.markets]
        for spender in (self.core, self.contracts.insurance, *vaults):
            self.chain.send(self.contracts.token, "approve", spender, NO_LIMIT, sender=owner)

    # Funding models

    def deploy_funding_model(self, settings: AnyFunding, sender: str) -> Contract:
        """Deploy a model, with its source of interest; no market uses it yet. Raises Reverted."""
        return deploy_model(
            lambda _step, name, *args: self.chain.deploy(name, *args, sender=sender), "model", settings
        )

    def propose_funding_model(self, market: int, model: Contract | str, sender: str) -> Proposal:
        """Ask governance to switch a market to a deployed model, all else as it is now; `execute` does it.

        The market settles its funding at the old model, then starts at rest in the new one.
        """
        address = model if isinstance(model, str) else model.address
        config, links = self.view("configOf", market)
        return self._propose_market(market, config._replace(fundingModel=address), links, sender)

    def execute(self, proposal: Proposal, sender: str) -> Receipt:
        """Execute a proposal whose delay has passed; anyone may."""
        return execute(self.chain, self.contracts.timelock, proposal, sender)

    def set_funding_model(self, market: int, model: Contract | str, sender: str) -> Receipt:
        """Propose the switch to a deployed model and execute it at once, where governance has no delay.

        Raises:
            ChainError: Governance waits.
            Reverted: The sender may not propose, or there is no model at that address.
        """
        self._require_no_delay("propose_funding_model")
        return self.execute(self.propose_funding_model(market, model, sender), sender)

    # Oracle hubs

    def hub(self, market: int) -> Contract:
        """The hub that a market takes its prices from now."""
        return self.chain.at("OracleHub", self.view("configOf", market).links.oracle)

    def deploy_hub(self, market: int, feed: Any, sender: str) -> Contract:
        """Deploy a hub over another feed (the Feed struct), with the sequencer gate of the one in use.

        Raises:
            Reverted: `FeedOutOfBounds`.
        """
        gate = self.chain.call(self.hub(market), "SEQUENCER")
        return self.chain.deploy("OracleHub", self.core, market, feed, gate, sender=sender)

    def propose_hub(self, market: int, hub: Contract, sender: str) -> Proposal:
        """Ask governance to link a market to a deployed hub, all else as it is now; `execute` does it."""
        config, links = self.view("configOf", market)
        return self._propose_market(market, config, links._replace(oracle=hub.address), sender)

    def set_hub(self, market: int, hub: Contract, sender: str) -> Receipt:
        """Propose the link to a deployed hub and execute it at once, where governance has no delay.

        Raises:
            ChainError: Governance waits.
            Reverted: The sender may not propose, or the hub serves another core or market.
        """
        self._require_no_delay("propose_hub")
        return self.execute(self.propose_hub(market, hub, sender), sender)

    # Views

    def funding_model(self, market: int) -> Contract:
        """The model that a market uses now, by the interface that all models have."""
        return self.chain.at("IFundingModel", self.view("configOf", market).config.fundingModel)

    def funding_view(self, market: int) -> Any:
        """The funding lens's MarketFunding, as of now: rates WAD per 8 h, positive when longs pay."""
        return self.chain.call(self.contracts.funding_lens, "market", market)

    def expected_funding(self, market: int, size: int, seconds: int) -> int:
        """What holding `size` base WAD would cost in funding if nothing but time changed, quote WAD, ceil.

        Returns:
            Negative where the position receives; size tiers count.

        Raises:
            Reverted: The time is zero or longer than ten years (HorizonOutOfRange).
        """
        cost: int = self.chain.call(self.contracts.funding_lens, "expectedCost", market, size, seconds)
        return cost

    def buffer_hours(self, account: int) -> int | None:
        """How long margin above maintenance lasts at the funding of the next 8 hours, hours WAD, floor.

        Returns:
            0 where it is gone; None where the account pays no funding.
        """
        hours: int = self.chain.call(self.contracts.funding_lens, "bufferHours", account)
        return None if hours == NO_LIMIT else hours

    def defence(self, market: int) -> Any:
        """How near a market is to its limits: sides, window, losses, the insurance's position, resolution."""
        return self.chain.call(self.contracts.liquidation_lens, "defence", market)

    def sizing(self, gap_bps: int) -> Any:
        """Insurance equity, and what a gap in all markets could cost beyond margin, quote WAD."""
        return self.chain.call(self.contracts.liquidation_lens, "sizing", gap_bps)

    def market(self, market: int) -> Any:
        """The lens's MarketView, as of now."""
        return self.chain.call(self.contracts.lens, "market", market)

    def account(self, account: int) -> Any:
        """The lens's AccountView, as of now."""
        return self.chain.call(self.contracts.lens, "account", account)

    def margin_ratios(self, accounts: list[int]) -> list[int]:
        """Margin ratio of each account, WAD; below 1e18 it can be liquidated."""
        ratios: list[int] = self.chain.call(self.contracts.lens, "marginRatios", accounts)
        return ratios

    def view(self, function: str, *args: Any) -> Any:
        """Any view of the core by name."""
        return self.chain.call(self.core, function, *args)

    def _propose_market(self, market: int, config: Any, links: Any, sender: str) -> Proposal:
        arguments = (market, config, links)
        return propose(self.chain, self.contracts.timelock, self.core, "setMarket", *arguments, sender=sender)

    def _require_no_delay(self, instead: str) -> None:
        delay = self.chain.call(self.contracts.timelock, "getMinDelay")
        if delay:
            raise ChainError(f"governance waits {delay} seconds", f"{instead} now, execute the proposal then")

    def _send(self, function: str, *args: Any, sender: str) -> Receipt:
        return self.chain.send(self.core, function, *args, sender=sender)
