"""Twin of `margin/MarginLedger.sol`: one account in one market, and health over all its markets."""

from dataclasses import dataclass, replace

from keel.model import margin, market_set, validity
from keel.model.fixed import div_ceil
from keel.model.funding import due
from keel.model.ledger.accrual import FundingLedger, take_price
from keel.model.ledger.books import add
from keel.model.ledger.escrow import Accrued, claim_of, hold, owed
from keel.model.records import Account, EscrowClaim, Health, Market, MarketConfig, Position
from keel.model.validity import Action, Defect, Price, Validity, suspect
from keel.units import BPS, WAD


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


@dataclass(slots=True)
class _Tally:
    """Sums over positions that become a Health."""

    equity: int
    equity_worse: int
    equity_better: int
    withdrawable: int
    initial: int = 0
    maintenance: int = 0
    worst: Validity = Validity.VALID

    def add(self, now: int, market: Market, config: MarketConfig, position: Position, action: Action) -> None:
        """Add one position; its market must allow the action."""
        price = market.price
        found = validity.require(price, action, config.fresh_seconds, config.stale_seconds, now)
        self.worst = max(self.worst, found)
        paid, received, _ = due(market, config.tiers, position)
        carried = received - paid - position.notional
        pnl = position.size * price.index // WAD + carried
        pnl_twap = position.size * price.twap // WAD + carried
        doubt = abs(position.size) * price.index * price.spread_bps // (WAD * BPS)
        self.equity += pnl
        self.equity_better += _in_favour(price.flags, pnl, doubt, pnl_twap)
        worse = min(pnl - doubt, pnl_twap)
        self.equity_worse += worse
        self.withdrawable += min(worse, 0)
        value = div_ceil(abs(position.size) * price.index, WAD)
        self.maintenance += margin.maintenance(config.brackets, value)
        multiplier = margin.volatility_multiplier(price.sigma, config.base_sigma_bps)
        self.initial += div_ceil(margin.initial(config.brackets, value) * multiplier, WAD)

    def add_claim(self, credit: int) -> None:
        """A decided claim counts like balance, except for withdrawals: those need it credited."""
        self.equity += credit
        self.equity_worse += credit
        self.equity_better += credit

    def owe(self, amount: int) -> None:
        """What waits to be paid into an escrow counts like balance."""
        self.add_claim(-amount)
        self.withdrawable -= amount

    def health(self) -> Health:
        return Health(
            equity=self.equity,
            equity_worse=self.equity_worse,
            equity_better=self.equity_better,
            withdrawable=self.withdrawable,
            initial=self.initial,
            maintenance=self.maintenance,
            worst=self.worst,
        )


class MarginLedger(FundingLedger):
    """Load once, settle, store once."""

    def health_of(self, now: int, account: int) -> Health:
        """Health of an account as of now."""
        return self._health(now, account, self._account(account), Action.ADD_MARGIN)

    def _touch(self, now: int, account: int, market: int, price: Price | None = None) -> Touch:
        """Load, accrue the market, take a new price, settle the position's funding into the balance."""
        accrued = self._accrue(now, market)
        if price is not None:
            take_price(accrued, price, now)
        position, claim = self._position(account, market), self._escrow_claim(account, market)
        touch = Touch(now, account, self._account(account), position, accrued, claim)
        if position.escrowed or suspect(accrued.market.price.flags):
            self._settle_escrow(touch)
        self._settle(touch)
        return touch

    def _settle_escrow(self, t: Touch) -> None:
        """Before the live settlement: take out what is decided, then pay into the open period."""
        decided, credit, t.to_insurance = self._release(t.accrued, t.claim, t.position)
        if decided:
            t.claim = EscrowClaim()
            t.account.balance = add(t.account.balance, credit)
        if t.position.size != 0 and suspect(t.market.price.flags):
            t.account.balance = add(t.account.balance, -hold(t.accrued, t.claim, t.position))

    def _settle(self, t: Touch) -> None:
        paid, received, surplus = due(t.market, t.config.tiers, t.position)
        t.position.longs_paid, t.position.shorts_paid = t.market.longs_paid, t.market.shorts_paid
        t.account.balance = add(t.account.balance, received - paid)
        t.market.funding_clearing = add(t.market.funding_clearing, paid - received - surplus)
        t.to_insurance += surplus

    def _commit(self, t: Touch) -> None:
        """Store every working copy. An empty position leaves no trace but its account's balance."""
        key = t.account_id, t.market_id
        if t.position.size == 0:
            self.positions.pop(key, None)
            t.account.markets = market_set.remove(t.account.markets, t.market_id)
            self._sweep_dust(t)
        else:
            t.account.markets = market_set.add(t.account.markets, t.market_id)
            self.positions[key] = t.position
        self.accounts[t.account_id] = t.account
        self._store(t.accrued)
        self._store_claim(t.account_id, t.market_id, t.claim)
        self._to_insurance(t.to_insurance)

    def _sweep_dust(self, t: Touch) -> None:
        """With no position and no claim left, what was collected and not credited is rounding dust."""
        m = t.market
        if m.long_interest or m.short_interest or m.funding_clearing <= 0 or t.accrued.escrow.claims:
            return
        t.to_insurance += m.funding_clearing
        m.funding_clearing = 0

    def _health_with(self, t: Touch, action: Action) -> Health:
        """Health with the touched position as in `t` and the others as stored."""
        tally = _tally(t.account.balance)
        if t.position.size != 0:
            tally.add(t.now, t.market, t.config, t.position, action)
        others = market_set.remove(t.account.markets, t.market_id)
        self._add_others(tally, t.now, t.account_id, others, action)
        return tally.health()

    def _health(self, now: int, account_id: int, account: Account, action: Action) -> Health:
        tally = _tally(account.balance)
        self._add_others(tally, now, account_id, account.markets, action)
        return tally.health()

    def _add_others(self, tally: _Tally, now: int, account: int, members: int, action: Action) -> None:
        for market in market_set.iterate(members):
            accrued = self._accrue(now, market)
            position = self._position(account, market)
            claim, outcome = self.escrow_claim_of(account, market)
            if position.escrowed:
                tally.add_claim(claim_of(outcome, claim, position)[1])
            if suspect(accrued.market.price.flags):
                tally.owe(owed(accrued, claim, position)[0])
            tally.add(now, accrued.market, accrued.config, position, action)


def _in_favour(flags: int, pnl: int, doubt: int, pnl_twap: int) -> int:
    """Profit for a liquidation: at the index, and where that is in doubt, moved in the account's favour.

    Not to the TWAP of a grace period, which still stands where it stood before the outage.
    """
    if not flags & (Defect.UNCERTAIN | Defect.VOLATILE):
        return pnl
    return pnl + doubt if flags & Defect.SEQUENCER_GRACE else max(pnl + doubt, pnl_twap)


def _tally(balance: int) -> _Tally:
    return _Tally(balance, balance, balance, balance)
