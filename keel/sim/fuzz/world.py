"""A deployed protocol with a cast of people, on any chain: what actions act on.

Senders are the ten development accounts, by place: 0 deployed the protocol and is its governor, guardian and
keeper; 1 to 6 trade; 7 and 8 provide liquidity; 9 stakes in the insurance. Margin accounts have places of
their own: 0 to 6 are the first accounts of these senders, 7 to 9 second accounts of traders 1 to 3, and 10 is
the insurance's own, which belongs to the core.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from eth_utils.crypto import keccak

from keel.config.collateral import CollateralSettings
from keel.config.deployment import DeploymentSettings, MarketSettings
from keel.evm.chain import Contract, Receipt
from keel.model.oracle import Limits, OracleFeed, Quote
from keel.model.records import MarketConfig, MarketLinks, parse
from keel.model.validity import Price
from keel.sdk.deploy import deploy
from keel.sdk.funding import deploy_model
from keel.sdk.protocol import Protocol, account_id
from keel.sim.fuzz.funding_contract import FundingContract
from keel.sim.fuzz.ghost import INSURANCE, Ghost, Shelf, Source
from keel.sim.fuzz.kinds import KindReader
from keel.sim.fuzz.models import choices
from keel.sim.fuzz.moment import Moment, Rules
from keel.sim.fuzz.raw import RawChain

OPERATOR, STAKER = 0, 9
TRADERS = (1, 2, 3, 4, 5, 6)
PROVIDERS = (7, 8)
KEEPERS = (OPERATOR, *TRADERS)
# (sender, sub-account) by place.
ACCOUNTS = (*((sender, 0) for sender in KEEPERS), *((sender, 1) for sender in TRADERS[:3]))
# Place of the insurance's account: nobody acts for it.
BACKSTOP = len(ACCOUNTS)

# Slot of `debtMarkets`, which has no view.
_DEBT_MARKETS_SLOT = 14

# Price sources of each market; its hub reads the first one, two or three of them.
SOURCES = 3


class World:
    """One deployment and what the fuzzer remembers about it.

    Args:
        chain: Chain to deploy on.
        settings: What to deploy: a token that anyone mints, no governance delay.

    Attributes:
        harness: The libraries' pure functions, to be called from outside.
        models: Funding models that governance may choose from, by number: first those the markets begin with.
        sources: Price sources that say what they are told, by market.
        kind_sources: The same of kinds of collateral, one each.
        kind_reader: Reads kinds of collateral.
    """

    def __init__(self, chain: RawChain, settings: DeploymentSettings) -> None:
        self.chain, self.settings = chain, settings
        self.senders = tuple(chain.accounts[:10])
        self.protocol = Protocol(chain, deploy(chain, settings, self.senders[OPERATOR]))
        owned = (account_id(self.senders[sender], sub) for sender, sub in ACCOUNTS)
        self.ids = (*owned, account_id(self.core.address))
        self.ghost = Ghost()
        self.rules: dict[int, Rules] = {}
        self.sources: dict[int, tuple[Contract, ...]] = {}
        self.models = tuple(self._deploy_models())
        self.harness = self.deploy("MathHarness")
        self._model_at = {model.address: model for model in self.models}
        for market in self.markets:
            self.sources[market] = tuple(self.deploy("MockSource") for _ in range(SOURCES))
            self.ghost.sources[market] = [Source() for _ in range(SOURCES)]
            self.ghost.counts[market] = 1
            self.ghost.oracles[market] = OracleFeed(_limits(settings.markets[market - 1]))
            self.refresh_rules(market)
        self.kind_sources = {kind: self.deploy("MockSource") for kind in self.kinds}
        tokens = {kind.id: kind.token for kind in self.protocol.contracts.kinds}
        self.kind_reader = KindReader(chain, self.protocol.collateral, self.ids, tokens)
        for kind, listed in zip(self.kinds, settings.collateral, strict=True):
            terms = self.kind_reader.kind(kind).listed.terms
            self.ghost.shelves[kind] = Shelf(terms, OracleFeed(_limits(listed)))

    @property
    def core(self) -> Contract:
        """The core."""
        return self.protocol.core

    @property
    def token(self) -> Contract:
        """The settlement token."""
        return self.protocol.contracts.token

    @cached_property
    def markets(self) -> tuple[int, ...]:
        """Market ids."""
        return tuple(market.id for market in self.protocol.contracts.markets)

    @cached_property
    def kinds(self) -> tuple[int, ...]:
        """Ids of the kinds of collateral."""
        return tuple(kind.id for kind in self.protocol.contracts.kinds)

    @cached_property
    def token_scale(self) -> int:
        """WAD per token unit."""
        return int(10 ** (18 - self.protocol.contracts.token_decimals))

    @cached_property
    def cooldowns(self) -> dict[int, int]:
        """Seconds between request and claim, by vault."""
        pools = {i: market.cooldown_seconds for i, market in enumerate(self.settings.markets, start=1)}
        return {INSURANCE: self.settings.insurance_cooldown_seconds, **pools}

    def owner(self, place: int) -> str:
        """Address that owns an account."""
        return self.senders[ACCOUNTS[place][0]]

    def is_operator(self, place: int, sender: int) -> bool:
        """Whether a sender may act for an account that is not his."""
        return bool(self.protocol.view("isOperator", self.ids[place], self.senders[sender]))

    def vault(self, vault: int) -> Contract:
        """The insurance vault or a pool's."""
        contracts = self.protocol.contracts
        return contracts.insurance if vault == INSURANCE else contracts.markets[vault - 1].vault

    def send(self, sender: int, target: Contract, function: str, *args: Any) -> Receipt:
        """A transaction of a sender."""
        return self.chain.send(target, function, *args, sender=self.senders[sender])

    def send_core(self, sender: int, function: str, *args: Any) -> Receipt:
        """A transaction to the core."""
        return self.chain.send(self.protocol.core, function, *args, sender=self.senders[sender])

    def send_collateral(self, sender: int, function: str, *args: Any) -> Receipt:
        """A transaction to the contract that keeps collateral."""
        return self.chain.send(self.protocol.collateral, function, *args, sender=self.senders[sender])

    def close(self, sender: int, function: str, *args: Any) -> Receipt:
        """A call that may give a market another status: by a debt beyond the pool's cap, or at its end."""
        return self.closed(self.send_core(sender, function, *args))

    def closed(self, receipt: Receipt) -> Receipt:
        """Keep what a call did to the status of markets."""
        for log in receipt.events("MarketStatusSet"):
            self.refresh_rules(log.args["market"])
        return receipt

    def encode_core(self, function: str, *args: Any) -> bytes:
        """Calldata for the core."""
        return self.protocol.core.abi.function(function).encode(args)

    def quotes(self, market: int) -> list[Quote]:
        """What the sources that a market's hub reads say now."""
        return [source.quote for source in self.ghost.sources[market][: self.ghost.counts[market]]]

    def expect_price(self, market: int) -> None:
        """Let the twin of the hub take a price, as the core does: once per block."""
        last, now = self.ghost.expected.get(market, Price()), self.chain.timestamp()
        if last.at != now:
            self.ghost.take(market, self.ghost.oracles[market].refresh(last, self.quotes(market), now))

    def expect_kind_price(self, kind: int) -> None:
        """Let the twin of a kind's hub take a price."""
        shelf = self.ghost.shelves[kind]
        shelf.price = shelf.next_price(self.chain.timestamp())

    def debt_market(self, place: int) -> int:
        """Where the core noted a debt of an account with collateral last, from its storage; 0 = nowhere."""
        word = self.ids[place].to_bytes(32) + _DEBT_MARKETS_SLOT.to_bytes(32)
        return self.chain.storage(self.core.address, int.from_bytes(keccak(word)))

    def refresh_rules(self, market: int) -> None:
        """Read a market's parameters and restriction."""
        shown = self.protocol.view("configOf", market)
        config, links = parse(MarketConfig, shown.config), parse(MarketLinks, shown.links)
        # A new mapping, since moments keep the old one.
        model, status = self._model_at[config.funding_model], self.protocol.view("restrictionOf", market)
        self.rules = {**self.rules, market: Rules(config, links, model, status.until, status.restedAt)}

    def _deploy_models(self) -> Iterator[FundingContract]:
        for market in self.protocol.contracts.markets:
            yield FundingContract(self.chain, market.funding, self.settings.markets[market.id - 1].funding)
        for chosen in choices():
            contract = deploy_model(lambda _step, name, *args: self.deploy(name, *args), "model", chosen)
            yield FundingContract(self.chain, contract, chosen)

    def deploy(self, contract: str, *args: Any) -> Contract:
        """Deploy a contract."""
        return self.chain.deploy(contract, *args, sender=self.senders[OPERATOR])


def open_positions(moment: Moment, market: int | None = None) -> list[tuple[int, int]]:
    """Place and market of people's open positions, in one market or in all; not the insurance's own."""
    return [
        (place, where)
        for (place, where), position in moment.books.positions.items()
        if position.size and place != BACKSTOP and market in (None, where)
    ]


def _limits(settings: MarketSettings | CollateralSettings) -> Limits:
    return Limits(*settings.feed.abi([])["limits"].values())
