"""The world in which gas is measured: a market in use, the same to the wei at every run.

One BTC market, 6-decimal token, infinite allowances, Layered funding. Others hold positions on both sides;
the volatility is above its base, so that both volatility multipliers count; the oracle's ring of observations
is full, as it is on every market older than some hours.
"""

from collections.abc import Callable

from keel.config.deployment import load_deployment
from keel.evm.chain import Chain, Contract, Receipt
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol, account_id
from keel.units import WAD, parse_wad

MARKET = 1
# Funding accrues over this long in every measured transaction; half of what a price stays fresh.
PAUSE_SECONDS = 30
# Observations that a hub keeps.
RING = 256

_FEED_ONE = 10**8
# Updates between two rounds of a feed, within its heartbeat.
_ROUND = 3600 // PAUSE_SECONDS
_BEFORE, _INDEX = 114_300 * _FEED_ONE, 120_000 * _FEED_ONE
_TWAP_SECONDS = 301
_COLLATERAL = 20_000 * 10**6
_SUBJECT_SIZE = parse_wad("0.1")
# The account to liquidate: one BTC on 5,000 quote.
_THIN_COLLATERAL = 5_000 * 10**6
_POOL, _STAKE, _REQUEST = 10**12, 10**10, 10**28


class GasWorld:
    """A protocol in use, and who acts in it.

    Args:
        chain: A fresh chain; its accounts and its first block's time must be fixed for the figures to be.

    Attributes:
        protocol: The deployed protocol.
    """

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.protocol = Protocol(chain, deploy(chain, load_deployment()))
        (
            self.provider,
            self._long,
            self._short,
            self.subject,
            self.newcomer,
            self.keeper,
            self.thin,
            self._other_provider,
            self.depositor,
            self.stranger,
        ) = chain.accounts[:10]
        self._fund()
        # A trade pays the worse of index and TWAP: let the first jump leave the average.
        updates = _TWAP_SECONDS // PAUSE_SECONDS + 1
        self.observe(lambda: self.publish(_INDEX), self.update_price, updates)
        self._open_positions()
        self.observe(lambda: self.publish(_INDEX), self.update_price)

    def move_price(self, answer: int) -> None:
        """Publish, and store, in two transactions."""
        self.publish(answer)
        self.update_price()

    def update_price(self) -> Receipt:
        """Take the market's price, sent by somebody who has no part in it."""
        return self.protocol.update_price(MARKET, self.stranger)

    def observe(self, publish: Callable[[], object], update: Callable[[], object], times: int = RING) -> None:
        """Let a feed be heard so often, as often as a ring keeps; `publish` is a new round of it."""
        for heard in range(times):
            self.chain.warp(PAUSE_SECONDS)
            if heard % _ROUND == 0:
                publish()
            update()

    def publish(self, answer: int) -> None:
        """Set the feed; quote per base with 8 decimals."""
        self.protocol.publish(MARKET, answer, self.stranger)

    def next_median(self) -> None:
        """Link a hub over three feeds, use it until its ring is full, and publish prices not stored yet."""
        feeds = self._link_three()
        self.observe(lambda: self._publish_all(feeds, _INDEX), self.update_price, RING + 1)
        self.chain.warp(PAUSE_SECONDS)
        self._publish_all(feeds, _INDEX + 10 * _FEED_ONE)

    def next_price(self) -> None:
        """Publish a price a little above the last one, not stored yet."""
        self.publish(_INDEX + 10 * _FEED_ONE)

    def crash(self, price: int) -> None:
        """Store a fallen price, whole quote per base."""
        self.move_price(price * _FEED_ONE)
        self.chain.warp(PAUSE_SECONDS)

    def cool_down(self) -> None:
        """Let the pool's cooldown pass, and bring the price up to date."""
        vault = self.protocol.market_contracts(MARKET).vault
        self.chain.warp(self.chain.call(vault, "COOLDOWN"))
        self.move_price(_INDEX)
        self.chain.warp(PAUSE_SECONDS)

    def _fund(self) -> None:
        protocol, warp = self.protocol, self.chain.warp
        for owner in self.chain.accounts[:10]:
            protocol.fund(owner, 2 * _POOL)
        self.move_price(_BEFORE)
        warp(_TWAP_SECONDS)
        self.move_price(_INDEX)
        for provider in (self.provider, self._other_provider):
            protocol.pool_deposit(MARKET, _POOL, provider)
            protocol.pool_request(MARKET, _REQUEST, provider)
        protocol.insurance_deposit(_STAKE, self.provider)
        for owner in (self._long, self._short, self.subject, self.newcomer, self.keeper):
            protocol.deposit(account_id(owner), _COLLATERAL, owner)
        protocol.deposit(account_id(self.thin), _THIN_COLLATERAL, self.thin)

    def _open_positions(self) -> None:
        sizes = {self._long: 2 * WAD, self._short: -WAD, self.thin: WAD, self.subject: _SUBJECT_SIZE}
        for owner, size in sizes.items():
            self.protocol.trade(account_id(owner), MARKET, size, owner)

    def _link_three(self) -> list[Contract]:
        chain, protocol, market = self.chain, self.protocol, self.protocol.market_contracts(MARKET)
        (first,) = market.aggregators
        decimals, heartbeat = chain.call(first, "decimals"), chain.call(market.sources[0], "heartbeat")
        feeds = [first, *(chain.deploy("MockAggregator", decimals) for _ in range(2))]
        sources = [chain.deploy("ChainlinkSource", feed, heartbeat) for feed in feeds]
        limits = chain.call(market.hub, "feed").limits
        governor = chain.accounts[0]
        protocol.set_hub(MARKET, protocol.deploy_hub(MARKET, (sources, limits), governor), governor)
        return feeds

    def _publish_all(self, feeds: list[Contract], answer: int) -> None:
        for i, feed in enumerate(feeds):
            self.chain.send(feed, "set", answer + i * _FEED_ONE, sender=self.stranger)
