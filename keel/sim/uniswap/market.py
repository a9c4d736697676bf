"""A Keel market whose price comes, alone or among others, from the average of a real pool."""

from dataclasses import dataclass
from enum import StrEnum

from keel.config.deployment import load_deployment
from keel.config.feeds import FeedSettings
from keel.evm.chain import Contract
from keel.evm.revm import RevmChain
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol
from keel.sim.uniswap.pool import UniswapPool
from keel.sim.uniswap.push import Hold, Pusher

#: True price, quote per base: that of the other feeds, and where the pool stands when nobody pushes.
PRICE = 120_000
MARKET = 1
#: Preset whose market is attacked.
PRESET = "local"
#: Seconds between the price updates of a keeper.
UPDATE_SECONDS = 12

# The hub's average must be covered before the first trade.
_WARM_UP = 301
_DECIMALS, _HEARTBEAT = 8, 3_720
_RICH = 10**18
# A chain without a sequencer.


class Form(StrEnum):
    """What the pool's average is to the market."""

    ONLY = "only source"
    REFERENCE = "reference"
    MEDIAN = "one of three"

    @property
    def others(self) -> int:
        """Feeds at the true price beside it."""
        return {Form.ONLY: 0, Form.REFERENCE: 1, Form.MEDIAN: 2}[self]


@dataclass(frozen=True, slots=True)
class Terms:
    """A market over a pool.

    Attributes:
        window: Length of the average, seconds.
        block: Seconds between blocks.
        liquidity: Quote in the pool, and as much base; whole units.
        equity: Quote in Keel's pool, whole units.
        form: What the average is to the market.
    """

    window: int
    block: int
    liquidity: int
    equity: int
    form: Form = Form.ONLY


class PoolMarket:
    """The market, at rest at the true price, with a fresh price and money for everybody.

    Attributes:
        terms: What it is made of.
        chain: Where it lives.
        protocol: The deployed protocol, with the market of the preset.
        pool: The pool.
        source: The adapter over it.
        keeper: Who stores prices.
        honest: A trader.
        attacker: Another one.
    """

    def __init__(self, terms: Terms) -> None:
        self.terms, self.chain = terms, RevmChain()
        settings = load_deployment(PRESET)
        self.protocol = Protocol(self.chain, deploy(self.chain, settings))
        self.keeper, provider, self.honest, self.attacker, self._arbitrageur = self.chain.accounts[:5]
        self.pool = UniswapPool(self.chain).begin(PRICE).room(-(-terms.window // terms.block) + 1)
        whole_base, whole_quote = (10**one for one in self.pool.decimals)
        base = terms.liquidity * whole_base // PRICE
        _, liquidity = self.pool.provide(base, terms.liquidity * whole_quote)
        self.source = self.pool.source(terms.window, liquidity // 2, terms.block)
        for trader in (self.attacker, self._arbitrageur):
            self.pool.admit(trader)
        self._others = [self._feed() for _ in range(terms.form.others)]
        self._set_feed(settings.markets[0].feed)
        self._warm_up()
        for owner in (provider, self.honest, self.attacker):
            self.protocol.fund(owner, _RICH)
        self.protocol.pool_deposit(MARKET, terms.equity * self.one, provider)
        self.rest = self.index

    @property
    def one(self) -> int:
        """Units in a settlement token."""
        return int(10**self.protocol.contracts.token_decimals)

    @property
    def index(self) -> int:
        """The stored price, quote WAD."""
        index: int = self.protocol.view("marketOf", MARKET).price.index
        return index

    @property
    def moved(self) -> float:
        """How far the stored price is from where it was at rest, a fraction."""
        return self.index / self.rest - 1

    def store(self, price: float = PRICE) -> None:
        """The other feeds say a price, and a keeper stores what the hub makes of all of them."""
        for aggregator, _ in self._others:
            self.chain.send(aggregator, "set", int(price * 10**_DECIMALS), sender=self.keeper)
        self.protocol.update_price(MARKET, self.keeper)

    def silence(self) -> None:
        """The first of the other feeds answers no more."""
        self.chain.send(self._others[0][0], "setBroken", True, sender=self.keeper)

    def pusher(self, arbitrage: bool) -> Pusher:
        """The attacker at the pool, with honest arbitrageurs or without."""
        return Pusher(self.chain, self.pool, self.attacker, self._arbitrageur if arbitrage else None)

    def hold(self, blocks: int) -> Hold:
        """So many blocks of this chain against this window."""
        return Hold(self.terms.window, self.terms.block, blocks)

    def _feed(self) -> tuple[Contract, Contract]:
        aggregator = self.chain.deploy("MockAggregator", _DECIMALS)
        return aggregator, self.chain.deploy("ChainlinkSource", aggregator, _HEARTBEAT)

    def _set_feed(self, feed: FeedSettings) -> None:
        """Governance links a hub over the feed of this form."""
        sources = [source.address for _, source in self._others] + [self.source.address]
        hub = self.protocol.deploy_hub(MARKET, feed.abi(sources), self.keeper)
        self.protocol.set_hub(MARKET, hub, self.keeper)

    def _warm_up(self) -> None:
        for seconds in (self.terms.window, _WARM_UP):
            self.chain.warp(seconds)
            self.store()
