"""A funding bench over two sources that can be doubted, and an account of what funding did to everybody."""

from collections import defaultdict
from decimal import Decimal

from support.bench import MARKET
from support.funding_bench import TIERS, FundingBench

from keel.config.deployment import load_deployment
from keel.evm.chain import NOBODY
from keel.evm.revm import RevmChain
from keel.model.records import Escrow, EscrowClaim, Market, parse
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol, account_id
from keel.units import WAD

# The narrowest agreement: two basis points of disagreement are a doubt, and move a fill by no more.
LIMITS = (WAD, 10**6 * WAD, 1, 1, 2_000, 1_000)
DOUBT_BPS = 2


class RecordingChain(RevmChain):
    """Keeps every receipt."""

    def __init__(self):
        super().__init__()
        self.receipts = []

    def _transact(self, *args):
        receipt = super()._transact(*args)
        self.receipts.append(receipt)
        return receipt


class EscrowBench(FundingBench):
    """Prices are whole quote, from two sources."""

    def __post_init__(self):
        super().__post_init__()
        self.sources = [self.chain.deploy("MockSource") for _ in range(2)]
        hub = self.chain.deploy("OracleHub", self.core, MARKET, (self.sources, LIMITS), NOBODY)
        config, links = self.protocol.view("configOf", MARKET)
        self.govern(self.core, "setMarket", MARKET, config, links._replace(oracle=hub.address))

    def use(self, collateral=2_000_000):
        """Everything is ready, and the market may take a price at once."""
        super().use(collateral)
        self.later()
        return self

    def say(self, *answers):
        """Let the sources answer, whole quote; the second answers as the first unless given."""
        for source, answer in zip(self.sources, (answers[0], answers[-1]), strict=True):
            self.chain.send(source, "set", int(answer * WAD), sender=self.provider)

    def price(self, price, market=MARKET):
        """Take a good price."""
        self.say(price)
        self._take()

    def doubt(self, price):
        """Take a price that the reference does not confirm."""
        self.say(price, Decimal(price) * (10_000 + DOUBT_BPS) / 10_000)
        self._take()

    def _take(self):
        """A market takes one price per block."""
        if self.market().price.at == self.chain.timestamp():
            self.later()
        self.protocol.update_price(MARKET, self.provider)
        self.check()

    def settle(self, price):
        """Make a good price the average, too."""
        self.price(price)
        self.later(301)
        self.price(price)

    def join(self, owner, sub, tokens):
        """Margin for a sub-account; gives its id."""
        self.protocol.deposit(account_id(owner, sub), tokens * self.one, owner)
        return account_id(owner, sub)

    def order(self, account, size):
        """Trade a fraction of base for any account."""
        self.protocol.trade(account, MARKET, size, f"0x{account >> 96:040x}")
        self.check()

    def reduce(self, account, share=1):
        """Close one part in so many of a position."""
        self.order(account, -self.position(account).size // share)

    def liquidate(self, account):
        receipt = self.protocol.liquidate(account, self.stranger)
        self.check()
        return receipt.event("Liquidated").args

    def claim(self, account, sender=None):
        """Gives the credit."""
        receipt = self.send("claimFunding", account, MARKET, sender=sender or self.stranger)
        self.check()
        return receipt.result

    def position(self, account):
        return self.protocol.view("positionOf", account, MARKET)

    def balance(self, account):
        return self.protocol.view("accountOf", account).balance

    def market(self):
        return parse(Market, self.protocol.view("marketOf", MARKET))

    def escrow(self):
        return parse(Escrow, self.protocol.view("escrowOf", MARKET))

    def claim_of(self, account):
        claim, outcome = self.protocol.view("escrowClaimOf", account, MARKET)
        return parse(EscrowClaim, claim), outcome

    def logs(self, name):
        """Every event of that name so far."""
        return [log.args for receipt in self.chain.receipts for log in receipt.events(name)]

    def accounts(self):
        names = ("Deposited", "Traded", "Liquidated")
        keepers = {account_id(log["keeper"]) for log in self.logs("Liquidated")}
        return keepers | {log["account"] for name in names for log in self.logs(name)}

    def check(self):
        """Balances, cash, clearing, insurance and reserve are the booked tokens, to the wei."""
        m = self.market()
        owed = sum(map(self.balance, self.accounts())) + m.cash + m.funding_clearing
        owed += self.insured() + self.escrow().reserve
        assert owed == self.protocol.view("booked") * self.protocol.view("TOKEN_SCALE")
        assert self.escrow().reserve == sum(self.claim_of(account)[0].paid for account in self.accounts())
        assert self.escrow().claims == sum(
            self.claim_of(account)[0].period != 0 for account in self.accounts()
        )

    def funding(self):
        """What funding brought each account so far, quote WAD: its balance, less everything else."""
        other = defaultdict(int)
        scale = self.protocol.view("TOKEN_SCALE")
        for log in self.logs("Deposited"):
            other[log["account"]] += log["tokens"] * scale
        for log in self.logs("Traded"):
            other[log["account"]] += log["fill"].realized - log["fee"]
        for log in self.logs("Liquidated"):
            other[log["account"]] += log["fill"].realized - log["penalty"]
            other[account_id(log["keeper"])] += log["reward"]
        for log in self.logs("BadDebtCovered"):
            other[log["account"]] += log["fromInsurance"] + log["fromPool"]
        return {account: self.balance(account) - other[account] for account in self.accounts()}

    def pool_funding(self):
        """What funding brought the pool so far, quote WAD: its cash, less everything else."""
        scale = self.protocol.view("TOKEN_SCALE")
        other = sum(log["tokens"] * scale for log in self.logs("PoolDeposited"))
        for name in ("Traded", "Liquidated"):
            other -= sum(log["fill"].realized for log in self.logs(name))
        other -= sum(log["fromPool"] for log in self.logs("BadDebtCovered"))
        return self.market().cash - other

    def settled(self):
        """What live settlements alone brought each account, quote WAD."""
        sums = dict.fromkeys(self.accounts(), 0)
        for name in ("Traded", "Liquidated"):
            for log in self.logs(name):
                sums[log["account"]] += log["settled"].received - log["settled"].paid
        return sums


def make_escrow_bench(funding, tiers=TIERS, **changes):
    """A bench without fees; changes are market settings."""
    settings = load_deployment()
    free = {"taker_fee": Decimal(0), "deviation_fee": Decimal(0), "funding": funding, "tiers": tiers}
    market = settings.markets[0].model_copy(update=free | changes)
    chain = RecordingChain()
    settings = settings.model_copy(update={"markets": (market,)})
    return EscrowBench(Protocol(chain, deploy(chain, settings)))
