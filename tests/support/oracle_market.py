"""A whole market over real feeds: positions on both sides, somebody to liquidate, a redemption to claim."""

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from math import isqrt

from support.bench import MARKET, PRICE, Bench, rolled_back
from support.hub import NOBODY, Price, signpost
from support.oracle_feeds import ChainlinkFeed, PythFeed, Rollup
from support.uniswap_world import Pool

from keel.config.deployment import load_deployment
from keel.evm.revm import RevmChain
from keel.model.validity import Action
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol, account_id
from keel.units import WAD

PLENTY = 2_000_000
# A long or a short of 0.1 base at 50,000, and what is behind it.
HURT_SIZE, HURT_MARGIN = WAD // 10, 300
# Margin that makes it unhealthy at any price to come, bps.
RATES = {"maintenance": 6_000, "initial": 7_000}
GRACE = 3_600
# The multiplier of maintenance without stress; one touch after ten days may raise it 23 times.
ONE = 10**6
RAMP_SECONDS = 864_000
CLAMP_BPS = 1_000
# Own bounds of every market here, whole quote per base.
LOWEST, HIGHEST = 10_000, 500_000
WINDOW, BLOCK = 1_800, 12


class MockFeed:
    """Keel's own hostile source, for what no real contract can do."""

    def __init__(self, chain):
        self.chain, self.source = chain, chain.deploy("MockSource")

    def set(self, price):
        self.tell("set", price * WAD)

    def tell(self, function, *args):
        self.chain.send(self.source, function, *args, sender=self.chain.accounts[0])


class PoolFeed:
    """A Uniswap v3 pool of 1,000 base, with the adapter over its average of half an hour."""

    def __init__(self, chain):
        self.pool = Pool(chain).begin(PRICE).room(WINDOW // BLOCK + 1)
        self.position, self.liquidity = self.pool.provide(1_000, 1_000 * PRICE)
        self.source = self.pool.source(liquidity=self.liquidity // 2)
        chain.warp(WINDOW)

    def set(self, price):
        """Trade until the pool stands at this price; its average follows."""
        over, under = price * 10**6, 10**18
        self.pool.move_to(isqrt((over << 192) // under), self.pool.owner)

    def empty(self):
        """Take nine tenths of the liquidity out."""
        self.pool.withdraw(self.position, self.liquidity * 9 // 10)


def chainlink_feed(chain):
    """A Chainlink feed behind a proxy, as they are."""
    return ChainlinkFeed(chain, answer=PRICE * 10**8, proxy=signpost)


def pyth_feed(chain):
    return PythFeed(chain, heartbeat=60, confidence=500)


#: Kinds of feeds of a market, by name.
SHAPES = {
    "chainlink": (chainlink_feed,),
    "rollup": (chainlink_feed,),
    "mock": (MockFeed,),
    "pyth": (pyth_feed,),
    "pool": (PoolFeed,),
    "pair": (chainlink_feed, PoolFeed),
    "gated": (pyth_feed, chainlink_feed),
    "three": (chainlink_feed, pyth_feed, PoolFeed),
}


class World(Bench):
    """The bench over one of SHAPES; maintenance was raised, so that two small accounts are unhealthy.

    Attributes:
        feeds: What the hub reads, in its order.
        rollup: The uptime feed of the sequencer; None in other shapes than that one.
        rest: The price that is stored when nothing is wrong.
    """

    def __init__(self, shape):
        chain = RevmChain()
        super().__init__(Protocol(chain, deploy(chain, load_deployment())))
        self.feeds = [made(chain) for made in SHAPES[shape]]
        self.rollup, gate = None, NOBODY
        if shape == "rollup":
            self.rollup = Rollup(chain).open_to_all()
            self.uptime = signpost(chain, self.rollup.feed)
            gate = chain.deploy("SequencerGate", self.uptime, GRACE).address
            chain.warp(GRACE + 1)
        bounds = {"minPrice": LOWEST * WAD, "maxPrice": HIGHEST * WAD}
        self.link_feed([feed.source for feed in self.feeds], sequencer=gate, **bounds)
        self.use()
        self._prepare()

    def publish(self, price):
        for feed in self.feeds:
            feed.set(price)

    def update(self):
        """Store what the feeds say."""
        return self.protocol.update_price(MARKET, self.keeper)

    @property
    def now(self):
        return self.chain.timestamp()

    @property
    def stored(self):
        return Price(*self.protocol.view("marketOf", MARKET).price)

    @property
    def hurt(self):
        """Who is liquidated: a small account on the side that the price did not go to."""
        return self.hurt_short if self.stored.index > self.rest.index else self.hurt_long

    def twap(self, window):
        """The hub's average over the last so many seconds."""
        return self.chain.call(self.hub_of(), "twap", window)

    def digest(self):
        view = self.protocol.view
        hurt = (self.hurt_long, self.hurt_short)
        books = [(view("accountOf", one), view("positionOf", one, MARKET)) for one in hurt]
        return super().digest(), books

    def _prepare(self):
        protocol = self.protocol
        for owner in (self.trader, self.rival, self.newcomer):
            protocol.deposit(account_id(owner), PLENTY * self.one, owner)
        self.hurt_long, self.hurt_short = (account_id(self.operator, sub) for sub in (1, 2))
        for one, size in ((self.hurt_long, HURT_SIZE), (self.hurt_short, -HURT_SIZE)):
            protocol.deposit(one, HURT_MARGIN * self.one, self.operator)
            protocol.trade(one, MARKET, size, self.operator)
        self._raise_maintenance()
        shares = self.chain.call(self.vault, "balanceOf", self.provider)
        protocol.pool_request(MARKET, shares // 10, self.provider)
        self.later(self.chain.call(self.vault, "COOLDOWN"))
        self.settle_price(PRICE)
        self.rest = self.stored
        assert self.rest._replace(sigma=0, at=0) == (self.rest.index, self.rest.index, 0, 0, 0, 0)

    def _raise_maintenance(self):
        """Margin of 60 and 70 %, so that those with little are unhealthy at any of the prices to come."""
        config, links = self.protocol.view("configOf", MARKET)
        rates = {f"{kind}{i}": rate for i in range(1, 5) for kind, rate in RATES.items()}
        config = config._replace(brackets=config.brackets._replace(**rates))
        self.govern(self.core, "setMarket", MARKET, config, links)
        # Higher brackets arrive with the ramp, by at least a tenth an hour.
        while self.protocol.view("marketOf", MARKET).ramp < ONE:
            self.later(RAMP_SECONDS)
            self.protocol.accrue(MARKET, self.keeper)


@cache
def world(shape):
    """The one world of a shape; whoever uses it takes back what he did."""
    return World(shape)


@contextmanager
def visit(shape):
    """A world a second after its last price; what happens inside is taken back."""
    where = world(shape)
    with rolled_back(where.chain):
        where.later()
        yield where


def wealth(bench, *owners):
    """What people have outside and inside, pool shares at what they could be claimed for, quote WAD."""
    call, protocol = bench.chain.call, bench.protocol
    scale = call(bench.core, "TOKEN_SCALE")
    outside = sum(call(protocol.contracts.token, "balanceOf", owner) for owner in owners)
    inside = sum(protocol.view("healthOf", account_id(owner)).equity for owner in owners)
    shares = sum(call(bench.vault, "balanceOf", owner) for owner in owners)
    return inside + scale * (outside + call(bench.vault, "convertToAssets", shares))


@dataclass(frozen=True)
class Act:
    """Something that a user does.

    Attributes:
        name: What it is called.
        action: Its column of the action matrix; None: no price is asked.
        run: Do it.
    """

    name: str
    action: Action | None
    run: Callable[[World], object]

    def __str__(self):
        return self.name


def _trade(who, size):
    return lambda w: w.trade(getattr(w, who), size)


def _withdraw(who):
    def run(w):
        owner = getattr(w, who)
        return w.protocol.withdraw(account_id(owner), w.one, owner, owner)

    return run


def _provide(w):
    return w.protocol.pool_deposit(MARKET, w.one, w.provider)


def _redeem(w):
    claimable = w.chain.call(w.vault, "claimableRedeemRequest", 0, w.provider)
    return w.protocol.pool_redeem(MARKET, claimable, w.provider)


ACTS = (
    Act("add margin", Action.ADD_MARGIN, lambda w: w.protocol.deposit(w.hurt, w.one, w.operator)),
    Act("reduce", Action.REDUCE, _trade("trader", -WAD // 10)),
    Act("close", Action.REDUCE, _trade("trader", -WAD)),
    Act("open", Action.OPEN, _trade("newcomer", WAD // 10)),
    Act("increase", Action.OPEN, _trade("trader", WAD // 10)),
    Act("withdraw with a position", Action.WITHDRAW, _withdraw("trader")),
    Act("withdraw without a position", None, _withdraw("newcomer")),
    Act("liquidate", Action.LIQUIDATE, lambda w: w.protocol.liquidate(w.hurt, w.keeper)),
    Act(
        "deposit into the pool",
        Action.POOL_DEPOSIT,
        lambda w: w.protocol.pool_deposit(MARKET, w.one, w.provider),
    ),
    Act("claim a redemption", Action.POOL_REDEEM, _redeem),
)
