"""Twin of `margin/Positions.sol`: one account in one market, working copies, stored once."""

from copy import copy
from dataclasses import dataclass, replace

from keel.model import market_set
from keel.model.errors import Refused
from keel.model.ledger.books import STATUS_RESOLVING, STATUS_SHUT
from keel.model.ledger.escrow import Accrued, FundingEscrow
from keel.model.records import Account, EscrowClaim, Market, MarketConfig, Position
from keel.model.validity import Price


@dataclass(slots=True)
class Touch:
    """Working copies of everything one call on one position may change.

    Attributes:
        now: Block time, seconds.
        account_id: Account that is touched.
        accrued: Market that is touched.
        claim: What the account has in the market's escrow.
        with_spread: Whether a fill pays for the spread of the price.
        to_insurance: What goes to the insurance at the commit, quote WAD.
    """

    now: int
    account_id: int
    account: Account
    position: Position
    accrued: Accrued
    claim: EscrowClaim
    with_spread: bool = True
    to_insurance: int = 0

    @property
    def market_id(self) -> int:
        """Market that is touched."""
        return self.accrued.market_id

    @property
    def market(self) -> Market:
        """Its working copy."""
        return self.accrued.market

    @property
    def config(self) -> MarketConfig:
        """Its parameters."""
        return self.accrued.config

    @property
    def skew(self) -> int:
        """Net trader position, base WAD."""
        return self.market.skew

    @property
    def fill_price(self) -> Price:
        """Price of a fill."""
        price = self.market.price
        return price if self.with_spread else replace(price, spread_bps=0)


class Positions(FundingEscrow):
    """Loads and stores."""

    def _load(self, now: int, account: int, market: int) -> Touch:
        """Working copies as stored: for who has just had the position settled.

        An empty one starts at the present indices.
        """
        m = copy(self.markets[market])
        accrued = Accrued(market, m, self.configs[market], self.escrow_of(market))
        position, claim = self._position(account, market), self._escrow_claim(account, market)
        if position.size == 0:
            position.longs_paid, position.shorts_paid = m.longs_paid, m.shorts_paid
        return Touch(now, account, self._account(account), position, accrued, claim)

    def _commit(self, t: Touch) -> None:
        """Store every working copy. An empty position leaves no trace but its account's balance."""
        key, members = (t.account_id, t.market_id), t.account.markets
        if t.position.size == 0:
            t.account.markets = market_set.remove(members, t.market_id)
            _sweep_dust(t)
        else:
            t.account.markets = market_set.add(members, t.market_id)
        self._store(t.accrued)
        self._to_insurance(t.to_insurance)
        self.accounts[t.account_id] = t.account
        if t.account.balance < 0 and (t.account.collateral or not t.account.markets):
            self.debt_markets[t.account_id] = t.market_id
        self.positions.pop(key, None)
        if t.position.size != 0:
            self.positions[key] = t.position
        self._store_claim(t.account_id, t.market_id, t.claim)

    def _check_resolved(self, t: Touch) -> None:
        """The market's positions may change: it is not shut, and this one has been through its resolution."""
        status = t.config.status
        if status < STATUS_RESOLVING:
            return
        if status == STATUS_SHUT:
            raise Refused("MarketShut", t.market_id)
        mark = self.resolution_mark_of(t.account_id, t.market_id)
        if mark.number != self.resolution_of(t.market_id).number or not mark.done:
            raise Refused("Unresolved", t.account_id, t.market_id)


def _sweep_dust(t: Touch) -> None:
    """With no position and no claim left, what was collected and not credited is rounding dust."""
    m = t.market
    if m.long_interest or m.short_interest or m.funding_clearing <= 0 or t.accrued.escrow.claims:
        return
    t.to_insurance += m.funding_clearing
    m.funding_clearing = 0
