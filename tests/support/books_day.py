"""A day that has every kind of event of the core: trades, doubts, bankruptcies, take-overs."""

from decimal import Decimal

from keel.analytics.books import Books
from keel.analytics.tape import Tape
from keel.config.deployment import SizeTierSettings, load_deployment
from keel.evm.chain import NOBODY
from keel.evm.revm import RevmChain
from keel.sdk.deploy import deploy
from keel.sdk.governance import propose
from keel.sdk.protocol import Protocol, account_id
from keel.units import WAD

BTC, ETH = 1, 2
USD = 10**6


class Day:
    """A deployment with two markets, ten funded people and a tape."""

    def __init__(self):
        settings = load_deployment("local")
        tiers = SizeTierSettings(limit1=1, limit2=2, weight2="1.25", weight3="1.5")
        btc = settings.markets[0].model_copy(update={"tiers": tiers})
        eth = btc.model_copy(update={"name": "ETH", "depth_per_share": Decimal("0.012"), "tiers": None})
        self.chain = Tape(RevmChain())
        self.protocol = Protocol(
            self.chain, deploy(self.chain, settings.model_copy(update={"markets": (btc, eth)}))
        )
        self.people = self.chain.accounts
        for person in self.people:
            self.protocol.fund(person, 10**8 * USD)

    def price(self, btc, eth, after=60):
        self.chain.warp(after)
        for market, price in ((BTC, btc), (ETH, eth)):
            self.protocol.publish(market, price * 10**8, self.people[0])
            self.protocol.update_price(market, self.people[0])

    def doubtful(self):
        """Link BTC to a source that says what it is told, its confidence included."""
        protocol = self.protocol
        self.source = self.chain.deploy("MockSource")
        _, links = protocol.view("configOf", BTC)
        limits = self.chain.call(self.chain.at("OracleHub", links.oracle), "feed").limits
        hub = self.chain.deploy("OracleHub", protocol.core, BTC, ([self.source.address], limits), NOBODY)
        self.govern(BTC, oracle=hub.address)

    def govern(self, market, **changes):
        """Change parameters of a market, whichever struct they are in."""
        protocol, person = self.protocol, self.people[0]
        config, links = (
            struct._replace(**{name: value for name, value in changes.items() if name in struct._fields})
            for struct in protocol.view("configOf", market)
        )
        timelock, change = protocol.contracts.timelock, (market, config, links)
        proposal = propose(self.chain, timelock, protocol.core, "setMarket", *change, sender=person)
        protocol.execute(proposal, person)

    def say(self, price, spread=0, after=60):
        self.chain.warp(after)
        self.chain.send(self.source, "set", price * WAD, sender=self.people[0])
        self.chain.send(self.source, "setSpread", spread * WAD, sender=self.people[0])
        self.protocol.update_price(BTC, self.people[0])

    def claim(self, person, sub=0):
        core, account = self.protocol.core, account_id(self.people[person], sub)
        self.chain.send(core, "claimFunding", account, BTC, sender=self.people[0])

    def trade(self, person, market, size, sub=0):
        owner = self.people[person]
        self.protocol.trade(account_id(owner, sub), market, int(size * WAD), owner)

    def margin(self, person, tokens, sub=0):
        owner = self.people[person]
        self.protocol.deposit(account_id(owner, sub), tokens * USD, owner)

    def books(self, entries):
        kept = Books(self.protocol.core.address, self.protocol.view("TOKEN_SCALE"))
        kept.read(entries)
        return kept


def play(s):
    """Cross margin, flips, partial closes, redemptions, liquidations, bad debt beyond the insurance."""
    p, people = s.protocol, s.people
    s.price(120_000, 4_000, after=1)
    s.price(120_000, 4_000, after=301)
    p.pool_deposit(BTC, 2_000_000 * USD, people[8])
    p.pool_deposit(ETH, 500_000 * USD, people[8])
    p.insurance_deposit(2_000 * USD, people[9])
    for person, tokens in ((1, 40_000), (2, 40_000), (3, 2_900), (4, 30_000)):
        s.margin(person, tokens)
    s.trade(1, BTC, 2)
    s.trade(1, ETH, -30)
    s.trade(2, BTC, -3.5)
    s.trade(3, BTC, 0.9)
    p.chain.send(p.core, "setOperator", account_id(people[4]), people[5], True, sender=people[4])
    p.trade(account_id(people[4]), ETH, 40 * WAD, people[5])
    s.price(119_400, 4_010, after=1800)
    s.trade(2, BTC, 5)
    p.pool_deposit(BTC, 300_000 * USD, people[7])
    shares = p.chain.call(p.market_contracts(BTC).vault, "balanceOf", people[7])
    p.pool_request(BTC, shares // 3, people[7])
    p.insurance_request(p.chain.call(p.contracts.insurance, "balanceOf", people[9]) // 2, people[9])
    s.trade(1, ETH, 10)
    s.price(117_600, 3_990)
    liquidate(s, 3)
    s.price(118_000, 3_990, after=86_400)
    s.price(118_000, 3_990, after=301)
    p.pool_redeem(BTC, shares // 3, people[7])
    p.insurance_redeem(p.chain.call(p.contracts.insurance, "maxRedeem", people[9]), people[9])
    s.margin(6, 13_000)
    s.trade(6, BTC, 2)
    s.price(110_000, 3_990)
    liquidate(s, 6)
    p.withdraw(account_id(people[4]), 1_000 * USD, people[4], people[4])
    for person, market in ((4, ETH), (1, ETH)):
        close(s, person, market)
    s.chain.warp(30)
    p.accrue(BTC, people[0])
    p.accrue(ETH, people[0])


def doubt(s):
    """Suspect prices that are confirmed, some that are rejected, and some with a bankruptcy among them."""
    s.doubtful()
    s.say(117_500)
    s.say(117_500, after=301)
    s.margin(5, 60_000)
    s.trade(5, BTC, -1)
    s.say(117_500, spread=4_000)
    s.chain.warp(200)
    s.trade(1, BTC, -0.5)
    s.trade(5, BTC, 1)
    s.say(117_400, spread=4_000)
    s.say(117_600)
    s.claim(5)
    s.trade(1, BTC, 0.1)
    s.say(112_000, spread=4_000)
    s.chain.warp(200)
    s.trade(2, BTC, -0.5)
    s.say(117_600)
    s.claim(2)
    s.margin(7, 13_400)
    s.trade(7, BTC, 1)
    for after in (60, 301, 60):
        s.say(104_000, after=after)
    s.say(104_000, spread=1_400)
    s.say(104_000, spread=1_400, after=200)
    liquidate(s, 7)
    s.say(110_000)
    s.claim(7)
    s.chain.warp(30)
    s.protocol.accrue(BTC, s.people[0])


def take_over(s):
    """The insurance takes positions over, is settled, nets one with another, works some off, and runs dry."""
    p, people = s.protocol, s.people
    s.govern(ETH, windowPpm=1_000)
    for after in (60, 301, 60):
        s.price(110_000, 4_000, after=after)
    p.insurance_deposit(16_000 * USD, people[9])
    for person in (8, 9):
        s.margin(person, 8_450, sub=1)
    s.trade(8, ETH, 40, sub=1)
    for price in (3_900, 3_780):
        s.price(110_000, price, after=301)
    liquidate(s, 8, sub=1)
    s.trade(9, ETH, -30, sub=1)
    s.chain.warp(40)
    p.unwind(ETH, people[0])
    for price in (3_900, 4_060):
        s.price(110_000, price, after=301)
    liquidate(s, 9, sub=1)
    s.price(110_000, 4_060, after=301)
    s.price(110_000, 4_060)
    s.margin(8, 14_500, sub=2)
    s.trade(8, ETH, 40, sub=2)
    for price in (3_900, 3_730):
        s.price(110_000, price, after=301)
    liquidate(s, 8, sub=2)
    for price in (3_500, 3_200, 2_900, 2_900):
        s.price(110_000, price, after=301)
    p.deposit(account_id(p.core.address), 7, people[1])
    p.unwind(ETH, people[0])
    s.govern(ETH, windowPpm=100_000)
    s.price(110_000, 2_900)
    p.unwind(ETH, people[0])
    s.chain.warp(30)
    p.accrue(BTC, people[0])
    p.accrue(ETH, people[0])


def liquidate(s, person, sub=0):
    s.protocol.liquidate(account_id(s.people[person], sub), s.people[9])


def close(s, person, market):
    account = account_id(s.people[person])
    size = s.protocol.view("positionOf", account, market).size
    s.protocol.trade(account, market, -size, s.people[person])
