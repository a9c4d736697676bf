"""INV-60: closing and liquidating stay affordable with eight markets and positions in all of them."""

import pytest

from keel.config.deployment import load_deployment
from keel.evm.revm import RevmChain
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol, account_id
from keel.units import WAD

MARKETS = range(1, 9)
PRICE = 50_000
USD = 10**6
# On revm, a lower bound: the first of eight positions took 297,000, the last one 170,000, a close 90,000.
LIQUIDATION, CLOSE = 350_000, 120_000


class World:
    """Eight deep markets, liquidity in each, and an account with a long and a hedge in turn."""

    def __init__(self):
        settings = load_deployment("fuzz")
        deep = settings.markets[0]
        markets = tuple(deep.model_copy(update={"name": f"M{number}"}) for number in MARKETS)
        self.chain = RevmChain()
        self.protocol = Protocol(
            self.chain, deploy(self.chain, settings.model_copy(update={"markets": markets}))
        )
        self.people = self.chain.accounts
        for person in self.people[:4]:
            self.protocol.fund(person, 10**9 * USD)
        for after in (1, 301, 30):
            self.price(PRICE, after)
        for market in MARKETS:
            self.protocol.pool_deposit(market, 1_000_000 * USD, self.people[1])
        self.protocol.insurance_deposit(200_000 * USD, self.people[1])

    def price(self, price, after):
        self.chain.warp(after)
        for market in MARKETS:
            self.protocol.publish(market, price * 10**8, self.people[0])
            self.protocol.update_price(market, self.people[0])

    def fill(self, person, tokens, sizes):
        owner = self.people[person]
        self.protocol.deposit(account_id(owner), tokens * USD, owner)
        for market, size in zip(MARKETS, sizes, strict=True):
            self.protocol.trade(account_id(owner), market, int(size * WAD), owner)

    def held(self, account):
        return sum(self.protocol.view("positionOf", account, market).size != 0 for market in MARKETS)


@pytest.fixture(scope="module")
def world():
    return World()


def test_liquidations_and_closes_stay_below_the_ceiling_with_every_market_in_use(world):
    protocol, people = world.protocol, world.people
    # Everything long, so that it all goes at once and the insurance has a position in each market.
    world.fill(2, 30_000, [2] * 8)
    # Long and short in turn: margin is netted over eight positions.
    world.fill(3, 30_000, [2.2, -1] * 4)
    spent = []
    for price in (48_000, 46_500):
        world.price(price, 200)
    backstop, sick = account_id(protocol.core.address), account_id(people[2])
    while world.held(sick):
        spent.append(protocol.liquidate(sick, people[0]).gas_used)
    assert len(spent) == 8
    assert world.held(backstop) == 8
    size = protocol.view("positionOf", account_id(people[3]), 2).size
    closed = protocol.trade(account_id(people[3]), 2, -size, people[3]).gas_used
    assert max(spent) <= LIQUIDATION
    assert closed <= CLOSE
