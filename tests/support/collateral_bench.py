"""The liquidation bench with two kinds of collateral in use, priced: WETH at 2,000 and USDE at 1.

The local preset's terms: WETH haircut 15 %, discount 3 %, no floor; USDE 5 %, 1 %, floor 0.97, ceiling 1.
"""

from decimal import Decimal

from support.bench import TWAP_SECONDS
from support.liquidation_bench import LiquidationBench

from keel.config.deployment import load_deployment
from keel.evm.revm import RevmChain
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol, account_id
from keel.units import WAD, parse_units

WETH, USDE = 1, 2
ETHER = 2_000
ANSWER = 10**8
PLENTY = 100_000


class CollateralBench(LiquidationBench):
    """Everybody has tokens of both kinds outside and has approved them."""

    def use(self):
        super().use()
        for owner in (self.provider, self.trader, self.rival, self.newcomer, self.keeper, self.operator):
            for kind in self.kinds:
                self.protocol.fund_collateral(owner, kind, PLENTY * self.unit(kind))
        self.settle_prices(dict(zip(self.kinds, (ETHER, 1), strict=False)))
        return self

    @property
    def kinds(self):
        return [kind.id for kind in self.protocol.contracts.kinds]

    @property
    def collateral(self):
        return self.protocol.collateral

    def unit(self, kind=WETH):
        return 10 ** self.protocol.kind_contracts(kind).decimals

    def token(self, kind=WETH):
        return self.protocol.kind_contracts(kind).token

    def kind_price(self, kind, price):
        """Publish and store a kind's price, quote per token."""
        self.protocol.collateral_publish(kind, parse_units(Decimal(str(price)), 8), self.provider)
        self.protocol.collateral_update(kind, self.provider)

    def settle_prices(self, prices):
        """Make prices of kinds both index and average, and store the market's again."""
        index = self.market().price.index // WAD
        for _ in range(2):
            self.later(TWAP_SECONDS)
            self.price(index)
            for kind, price in prices.items():
                self.kind_price(kind, price)

    def drift(self, kind, price, step=Decimal("0.08")):
        """Bring index and average of a kind to a price, in steps that are not volatile."""
        index, goal = Decimal(self.protocol.collateral_price(kind).index) / WAD, Decimal(str(price))
        while index != goal:
            index = max(goal, index * (1 - step)) if goal < index else min(goal, index * (1 + step))
            index = round(index, 8)
            self.settle_prices({kind: index})

    def fall_to(self, price):
        """The market's price, with prices of kinds as fresh."""
        super().fall_to(price)
        self.refresh()

    def refresh(self):
        """Take the price of every kind again."""
        for kind in self.kinds:
            self.protocol.collateral_update(kind, self.provider)

    def stash(self, owner, kind, tokens, sub=0):
        """Deposit whole tokens (or parts of one); gives the account."""
        account = account_id(owner, sub)
        units = int(Decimal(str(tokens)) * self.unit(kind))
        self.protocol.collateral_deposit(account, kind, units, owner)
        return account

    def value(self, account):
        return tuple(self.protocol.collateral_value(account))

    def held(self, account, kind=WETH):
        return self.protocol.collateral_held(account, kind)

    def has(self, owner, kind=WETH):
        """Tokens outside."""
        return self.chain.call(self.token(kind), "balanceOf", owner)

    def terms(self, kind=WETH, **changes):
        """Governance changes terms of a kind."""
        now = self.protocol.collateral_kind(kind).terms
        self.govern(self.collateral, "setTerms", kind, now._replace(**changes))

    def digest(self):
        people = self.chain.accounts[:7]
        ids = [account_id(owner, sub) for owner in people for sub in (0, 1)]
        ask = self.protocol
        return (
            super().digest(),
            [(ask.collateral_kind(kind), ask.collateral_price(kind)) for kind in self.kinds],
            [(ask.view("accountOf", one), self.held(one, kind)) for one in ids for kind in self.kinds],
            [self.has(who, kind) for who in (*people, self.collateral.address) for kind in self.kinds],
        )


def make_collateral_bench(settings=None):
    """In use: a million in the pool, 10,000 in the insurance."""
    chain = RevmChain()
    return CollateralBench(Protocol(chain, deploy(chain, settings or load_deployment()))).use()


def over(**changes):
    """Settings of the local preset with other settings of its first kind, alone."""
    settings = load_deployment()
    kind = settings.collateral[0].model_copy(update=changes)
    return settings.model_copy(update={"collateral": (kind,)})
