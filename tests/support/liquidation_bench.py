"""The bench with accounts that are thin to the unit, and falls that the average follows."""

from support.bench import MARKET, TWAP_SECONDS, Bench, local_with

from keel.evm.revm import RevmChain
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol, account_id
from keel.units import WAD

# Margin to open with; what is not needed is withdrawn again.
ENOUGH = 100_000


class LiquidationBench(Bench):
    """Accounts are sub-accounts of the newcomer, by number; sizes whole base unless they are wei.

    Attributes:
        backstop: Account of the insurance's own positions.
    """

    def __post_init__(self):
        super().__post_init__()
        self.backstop = account_id(self.core.address)

    def stake(self, quote):
        """Means for the insurance."""
        self.protocol.insurance_deposit(quote * self.one, self.provider)

    def crowd(self, size, owner=None):
        """A rich trader, whole base."""
        owner = owner or self.rival
        self.protocol.deposit(account_id(owner), 10 * ENOUGH * self.one, owner)
        self.trade(owner, int(size * WAD))

    def thin(self, number, size, equity, price, market=MARKET):
        """Open so that equity will be so much quote where the index stands at a price; gives the account."""
        account, owner = account_id(self.newcomer, number), self.newcomer
        self.protocol.deposit(account, ENOUGH * self.one, owner)
        self.protocol.trade(account, market, int(size * WAD), owner)
        size = self.position(account, market).size
        left = equity * WAD - size * (price - self.market(market).price.index // WAD)
        spare = (self.health(account).withdrawable - left) * self.one // WAD
        self.protocol.withdraw(account, spare, owner, owner)
        return account

    def fall_to(self, price):
        """A price that index and average share, in steps of 7 %."""
        index = self.market().price.index // WAD
        while index != price:
            index = max(price, index * 93 // 100) if price < index else min(price, index * 107 // 100)
            self.later()
            self.price(index)
            self.later(TWAP_SECONDS)
            self.price(index)

    def liquidate(self, account, sender=None):
        """Gives the event: Liquidated or Absorbed."""
        receipt = self.protocol.liquidate(account, sender or self.keeper)
        (told,) = (log for log in receipt.logs if log.event in ("Liquidated", "Absorbed"))
        return told

    def market(self, market=MARKET):
        return self.protocol.view("marketOf", market)

    def health(self, account):
        return self.protocol.view("healthOf", account)

    def balance(self, account):
        return self.protocol.view("accountOf", account).balance

    def position(self, account, market=MARKET):
        return self.protocol.view("positionOf", account, market)

    def insured(self):
        return self.protocol.view("insurance").assets

    def window(self, market=MARKET):
        return tuple(self.protocol.view("windowOf", market))

    def value(self, size):
        """Of so much base wei at the index, quote WAD, ceil."""
        return -(-abs(size) * self.market().price.index // WAD)

    def books(self):
        """Balances of everybody here, cash, clearing and insurance, less what was booked, in quote WAD."""
        accounts = [account_id(owner, sub) for owner in self.chain.accounts[:8] for sub in range(12)]
        owed = sum(self.balance(account) for account in (*accounts, self.backstop)) + self.insured()
        for market in self.protocol.contracts.markets:
            state = self.market(market.id)
            owed += state.cash + state.fundingClearing
        return owed - self.protocol.view("booked") * self.protocol.view("TOKEN_SCALE")


def make_liquidation_bench(**changes):
    """In use: a million in the pool, 10,000 in the insurance; changes are settings of the market."""
    chain = RevmChain()
    return LiquidationBench(Protocol(chain, deploy(chain, local_with(**changes)))).use()
