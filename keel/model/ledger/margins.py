"""Twin of `margin/MarginLedger.sol`: one account in one market, and health over all its markets."""

from dataclasses import dataclass

from keel.model import margin, market_set
from keel.model.funding import due
from keel.model.ledger.accrual import FundingLedger, take_price
from keel.model.ledger.books import add
from keel.model.ledger.escrow import claim_of, hold, owed
from keel.model.ledger.limits import require
from keel.model.ledger.positions import Positions, Touch
from keel.model.records import Account, EscrowClaim, Health, Market, MarketConfig, Position
from keel.model.validity import Action, Defect, Price, Validity, suspect
from keel.units import BPS, WAD


@dataclass(slots=True)
class _Tally:
    """Sums over positions that become a Health."""

    equity: int
    equity_worse: int
    equity_better: int
    withdrawable: int
    initial: int = 0
    maintenance: int = 0
    initial_common: int = 0
    maintenance_common: int = 0
    worst: Validity = Validity.VALID

    def add(self, now: int, market: Market, config: MarketConfig, position: Position, action: Action) -> None:
        """Add one position; its market must allow the action."""
        price = market.price
        self.worst = max(self.worst, require(market, config, action, now))
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
        # A liquidation does not go by the initial margin.
        whole = action != Action.LIQUIDATE
        initial, maintenance = margin.requirements(market, config, position.size, whole=whole)
        initial_common = margin.common(initial, config.hedge_percent, position.size)
        maintenance_common = margin.common(maintenance, config.hedge_percent, position.size)
        self.initial += initial - abs(initial_common)
        self.maintenance += maintenance - abs(maintenance_common)
        self.initial_common += initial_common
        self.maintenance_common += maintenance_common

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
        """Net the hedges.

        The worst of a grid of moves: all markets up or down together, and each against the position on its
        own.
        """
        return Health(
            equity=self.equity,
            equity_worse=self.equity_worse,
            equity_better=self.equity_better,
            withdrawable=self.withdrawable,
            initial=self.initial + abs(self.initial_common),
            maintenance=self.maintenance + abs(self.maintenance_common),
            initial_common=self.initial_common,
            maintenance_common=self.maintenance_common,
            worst=self.worst,
        )


class MarginLedger(FundingLedger, Positions):
    """Load once, settle, store once."""

    def health_of(self, now: int, account: int) -> Health:
        """Health of an account as of now."""
        return self.health_for(now, account, Action.ADD_MARGIN)

    def health_for(self, now: int, account: int, action: Action) -> Health:
        """The same, where all the account's markets allow the action; without initial margin to liquidate."""
        return self._health(now, account, self._account(account), action)

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
