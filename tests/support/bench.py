"""A small protocol in use, on the fast chain: round figures, named people, and a digest of everything."""

from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

from keel.config.deployment import load_deployment
from keel.evm.chain import NOBODY, Chain
from keel.evm.revm import RevmChain
from keel.sdk.deploy import deploy
from keel.sdk.protocol import NO_LIMIT, Protocol, account_id
from keel.units import WAD

MARKET = 1
PRICE = 50_000
FEED_ONE = 10**8
COLLATERAL = 20_000
POOL = 1_000_000
STAKE = 10_000
# Longer than the 5-minute average, so that it holds nothing but the present price.
TWAP_SECONDS = 301

_SALTS = count()


@contextmanager
def rolled_back(chain: Chain):
    """Take back whatever happens inside, and let its errors through."""
    taken = chain.snapshot()
    try:
        yield
    finally:
        chain.revert(taken)


@dataclass
class Bench:
    """A deployed protocol with one market at 50,000, a pool, insurance, one long and one short.

    The trader is long 1 base, the rival short 0.4; the newcomer has margin and never traded; the keeper and
    the stranger have nothing inside.
    """

    protocol: Protocol

    def __post_init__(self):
        accounts = self.chain.accounts
        self.provider, self.trader, self.rival, self.newcomer, self.keeper, self.stranger = accounts[:6]
        self.operator = accounts[6]
        self.one = 10**self.protocol.contracts.token_decimals

    @property
    def chain(self):
        return self.protocol.chain

    @property
    def core(self):
        return self.protocol.core

    @property
    def vault(self):
        return self.protocol.market_contracts(MARKET).vault

    def hub_of(self, market=MARKET):
        """The hub that governance has linked to a market."""
        return self.protocol.hub(market)

    def link_feed(self, sources, market=MARKET, sequencer=NOBODY, **limits):
        """Link a new hub over these sources, with the limits of the old one but for those given."""
        old = self.chain.call(self.hub_of(market), "feed").limits._asdict()
        feed = {"sources": sources, "limits": old | limits}
        hub = self.chain.deploy("OracleHub", self.core, market, feed, sequencer, sender=self.provider)
        config, links = self.protocol.view("configOf", market)
        self.govern(self.core, "setMarket", market, config, links._replace(oracle=hub.address))
        return hub

    @property
    def insurance(self):
        return self.protocol.contracts.insurance

    @property
    def timelock(self):
        return self.protocol.contracts.timelock.address

    def account(self, owner):
        return account_id(owner)

    def publish(self, price):
        self.protocol.publish(MARKET, price * FEED_ONE, self.provider)

    def price(self, price, market=MARKET):
        """Publish and store a price, whole quote per base."""
        self.publish(price)
        self.protocol.update_price(market, self.provider)

    def settle_price(self, price, market=MARKET):
        """Make a price both the index and the average."""
        self.price(price, market)
        self.chain.warp(TWAP_SECONDS)
        self.price(price, market)

    def later(self, seconds=1):
        self.chain.warp(seconds)

    def govern(self, target, function, *args):
        """Propose to the timelock, which has no delay here, and execute; its refusals come through."""
        data = target.abi.function(function).encode(args)
        proposal = (target, 0, data, bytes(32), next(_SALTS).to_bytes(32, "big"))
        timelock = self.protocol.contracts.timelock
        self.chain.send(timelock, "schedule", *proposal, 0, sender=self.provider)
        return self.chain.send(timelock, "execute", *proposal, sender=self.stranger)

    def send(self, function, *args, sender):
        return self.chain.send(self.core, function, *args, sender=sender)

    def trade(self, owner, size, *, market=MARKET, limit=None, deadline=NO_LIMIT, sender=None):
        return self.protocol.trade(account_id(owner), market, size, sender or owner, limit, deadline)

    def use(self):
        """Fund everybody, fill the pool and the insurance, and open the two positions."""
        for owner in (self.provider, self.trader, self.rival, self.newcomer, self.keeper, self.operator):
            self.protocol.fund(owner, 10 * POOL * self.one)
        self.settle_price(PRICE)
        self.protocol.pool_deposit(MARKET, POOL * self.one, self.provider)
        self.protocol.insurance_deposit(STAKE * self.one, self.provider)
        for owner in (self.trader, self.rival, self.newcomer):
            self.protocol.deposit(account_id(owner), COLLATERAL * self.one, owner)
        self.trade(self.trader, WAD)
        self.trade(self.rival, -4 * WAD // 10)
        return self

    def digest(self):
        """What anyone can see of the protocol and of these people, and the core's first storage words."""
        chain, contracts, view = self.chain, self.protocol.contracts, self.protocol.view
        people = chain.accounts[:7]
        tokens = [contracts.token, self.insurance, *(market.vault for market in contracts.markets)]
        ids = [account_id(owner) for owner in (*people, self.core.address)]
        return (
            [chain.storage(self.core.address, slot) for slot in range(10)],
            [view("marketOf", market.id) for market in contracts.markets],
            [view("configOf", market.id) for market in contracts.markets],
            [view("escrowOf", market.id) for market in contracts.markets],
            [view("windowOf", market.id) for market in contracts.markets],
            [view("escrowClaimOf", account, MARKET) for account in ids],
            [tuple(chain.call(self.hub_of(market.id), "ladder")) for market in contracts.markets],
            [view("accountOf", account) for account in ids],
            [view("positionOf", account, MARKET) for account in ids],
            [view("isOperator", ids[0], other) for other in people],
            [view(name) for name in ("insurance", "booked", "marketCount")],
            [chain.call(token, "balanceOf", who) for token in tokens for who in (*people, self.core.address)],
            [chain.call(vault, "pendingRedeemRequest", 0, who) for vault in tokens[1:] for who in people],
            [chain.call(vault, "claimableRedeemRequest", 0, who) for vault in tokens[1:] for who in people],
        )


def make_bench(settings=None):
    """A fresh bench in use; the settings default to the local preset."""
    chain = RevmChain()
    return Bench(Protocol(chain, deploy(chain, settings or load_deployment()))).use()


def local_with(**changes):
    """The local preset with other settings of its market."""
    settings = load_deployment()
    market = settings.markets[0].model_copy(update=changes)
    return settings.model_copy(update={"markets": (market,)})


def with_token(chain, name, *args):
    """Settings of the local preset over a token deployed here."""
    token = chain.deploy(name, *args)
    return load_deployment().model_copy(update={"token": token.address})
