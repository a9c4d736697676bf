"""A market at 2,000 in which funding is all that happens: no fees, a deep pool, any model."""

from decimal import Decimal

from support.bench import FEED_ONE, MARKET, TWAP_SECONDS, Bench

from keel.config.deployment import SizeTierSettings, load_deployment
from keel.config.funding import load_funding
from keel.evm.revm import RevmChain
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol, account_id
from keel.units import WAD

INDEX = 2_000
HOUR = 3_600
PERIODS = 1_095
FUNDS = 10**9
COLLATERAL = 2_000_000
LIQUIDITY = 100_000_000
# 100 at 1, 400 at 1.25, the rest at 1.5.
TIERS = SizeTierSettings(limit1=100, limit2=500, weight2="1.25", weight3="1.5")


def steady(rate):
    """A model whose rate per 8 h is the same whatever happens: the interest, in a dead zone without end."""
    source = {"kind": "fixed", "annual_rate": str(Decimal(rate) * PERIODS)}
    changes = {"interest": 0, "interest_max": "0.01", "interest_source": source, "deadzone": "0.01"}
    changes |= {"premium_factor": 0, "cap_longs_pay": "0.01", "cap_shorts_pay": "0.01", "smoothing": "spot"}
    return load_funding("premium", None, changes)


class FundingBench(Bench):
    """Positions by owner, the price always 2,000 unless a test says otherwise."""

    def use(self, collateral=COLLATERAL):
        """Fund everybody and fill pool and insurance; nobody has a position."""
        people = (self.provider, self.trader, self.rival, self.newcomer, self.keeper)
        for owner in people:
            self.protocol.fund(owner, FUNDS * self.one)
        for market in self.protocol.contracts.markets:
            self.price(INDEX, market.id)
        self.later(TWAP_SECONDS)
        for market in self.protocol.contracts.markets:
            self.price(INDEX, market.id)
            self.protocol.pool_deposit(market.id, LIQUIDITY * self.one, self.provider)
        self.protocol.insurance_deposit(self.one, self.provider)
        for owner in people[1:]:
            self.protocol.deposit(account_id(owner), collateral * self.one, owner)
        return self

    def price(self, price, market=MARKET):
        """Publish to the market's own feed, and store."""
        self.protocol.publish(market, price * FEED_ONE, self.provider)
        self.protocol.update_price(market, self.provider)

    def open(self, sizes):
        """Open positions of whole base by owner."""
        for owner, size in sizes.items():
            self.trade(owner, size * WAD)

    def hold(self, seconds=HOUR, price=INDEX):
        """Let time pass; the price, new at the end, is the same unless given."""
        self.later(seconds)
        self.price(price)

    def close(self, owner, sub=0):
        """Close a position; gives what its funding was: paid, received, surplus."""
        account = account_id(owner, sub)
        size = self.protocol.view("positionOf", account, MARKET).size
        receipt = self.protocol.trade(account, MARKET, -size, owner)
        settled = receipt.event("Traded").args["settled"]
        return settled.paid, settled.received, settled.surplus

    def cash(self):
        return self.protocol.view("marketOf", MARKET).cash

    def insured(self):
        return self.protocol.view("insurance").assets

    def health(self, owner):
        return self.protocol.view("healthOf", account_id(owner))


def make_funding_bench(funding, *tiers, **changes):
    """A bench on that funding model, a market for each of the tiers; changes are market settings.

    Without tiers, there is one market, with TIERS.
    """
    settings = load_deployment()
    free = {"taker_fee": Decimal(0), "deviation_fee": Decimal(0), "funding": funding}
    markets = tuple(
        settings.markets[0].model_copy(update={"name": f"M{i}", "tiers": own, **free, **changes})
        for i, own in enumerate(tiers or (TIERS,), start=1)
    )
    chain = RevmChain()
    return FundingBench(Protocol(chain, deploy(chain, settings.model_copy(update={"markets": markets}))))
