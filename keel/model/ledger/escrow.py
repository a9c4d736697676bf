"""Twin of `funding/FundingEscrow.sol`: funding at prices that may be wrong.

While the stored price is suspect, funding accrues into a second pair of indices. Who is touched meanwhile
pays into a reserve and is paid nothing yet. The first good price decides: where every suspect index of the
period lies within 2 % of it, the pair joins the live one and the pool takes its share; else what was paid
goes back.
"""

from copy import copy
from dataclasses import dataclass

from keel.model.fixed import cast, checked, safe_cast
from keel.model.funding import due_between
from keel.model.ledger.books import Books
from keel.model.records import Escrow, EscrowClaim, EscrowOutcome, Market, MarketConfig, Position
from keel.model.validity import suspect
from keel.units import BPS

CONFIRM_BPS = 200

_CLEARED_BITS = 104


@dataclass(slots=True)
class Accrued:
    """Working copies of a market that is accrued up to now.

    Attributes:
        market_id: Which market.
        escrow: Its escrow.
        closed: What this call decided about the escrow's period; None = nothing.
    """

    market_id: int
    market: Market
    config: MarketConfig
    escrow: Escrow
    closed: EscrowOutcome | None = None


class FundingEscrow(Books):
    """Claims of accounts on the escrow."""

    def escrow_of(self, market: int) -> Escrow:
        """Funding of the market's last or open stretch of suspect prices, as stored."""
        return copy(self.escrows.get(market, Escrow()))

    def escrow_claim_of(self, account: int, market: int) -> tuple[EscrowClaim, EscrowOutcome]:
        """What an account has in a market's escrow, and what became of that stretch."""
        claim = self._escrow_claim(account, market)
        return claim, self.escrow_outcomes.get((market, claim.period), EscrowOutcome.OPEN)

    def _escrow_claim(self, account: int, market: int) -> EscrowClaim:
        """Working copy."""
        return copy(self.escrow_claims.get((account, market), EscrowClaim()))

    def _outcome(self, accrued: Accrued, period: int) -> EscrowOutcome:
        if accrued.closed is not None and period == accrued.escrow.period:
            return accrued.closed
        return self.escrow_outcomes.get((accrued.market_id, period), EscrowOutcome.OPEN)

    def _release(self, accrued: Accrued, claim: EscrowClaim, p: Position) -> tuple[bool, int, int]:
        """Take out a claim whose period is decided; the caller forgets it.

        Returns:
            Whether it is; what goes to the account's balance, and what to the insurance, quote WAD.
        """
        outcome = self._outcome(accrued, claim.period)
        decided, credit = claim_of(outcome, claim, p)
        if not decided:
            return False, 0, 0
        surplus, market = 0, accrued.market
        if outcome == EscrowOutcome.CONFIRMED:
            surplus = claim.surplus
            clearing = market.funding_clearing + claim.paid - credit - surplus
            market.funding_clearing = checked(clearing, 128, signed=True)
        accrued.escrow.reserve -= claim.paid
        accrued.escrow.claims -= 1
        return (True, 0, surplus + credit) if claim.forfeited else (True, credit, surplus)

    def _store(self, accrued: Accrued) -> None:
        """Store the working copies.

        Raises:
            Refused: `Overflow`, when cash and clearing together leave their 104 bits.
        """
        market, escrow, m = accrued.market_id, accrued.escrow, accrued.market
        safe_cast(checked(m.cash + m.funding_clearing, 128, signed=True), _CLEARED_BITS, signed=True)
        self.markets[market] = m
        if escrow.period != 0:
            self.escrows[market] = escrow
        if accrued.closed is not None:
            self.escrow_outcomes[market, escrow.period] = accrued.closed

    def _store_claim(self, account: int, market: int, claim: EscrowClaim) -> None:
        if claim.period == 0:
            self.escrow_claims.pop((account, market), None)
        else:
            self.escrow_claims[account, market] = claim


def accrue_escrow(escrow: Escrow, per_base: int, received: int) -> None:
    """Add what a long of one base would have paid, RAY, and the pool received, quote WAD, to the period."""
    if per_base > 0:
        escrow.longs_paid += per_base
    else:
        escrow.shorts_paid -= per_base
    escrow.pool_due += received


def review(accrued: Accrued, *, was_suspect: bool) -> None:
    """A new price is in force: a suspect one opens a period or widens the open one, a good one closes it."""
    escrow, price = accrued.escrow, accrued.market.price
    if not suspect(price.flags):
        if was_suspect:
            _close(accrued)
    elif was_suspect:
        escrow.low, escrow.high = min(escrow.low, price.index), max(escrow.high, price.index)
    else:
        opened = Escrow(escrow.period + 1, low=price.index, high=price.index)
        opened.claims, opened.reserve = escrow.claims, escrow.reserve
        accrued.escrow = opened


def owed(accrued: Accrued, claim: EscrowClaim, p: Position) -> tuple[int, int, int]:
    """A position's part of the open period that it has not settled: paid, received, surplus, quote WAD."""
    escrow, since = accrued.escrow, claim if p.escrowed else EscrowClaim()
    by_longs = cast(escrow.longs_paid - since.longs_paid)
    by_shorts = cast(escrow.shorts_paid - since.shorts_paid)
    return due_between(p.size, accrued.config.tiers, by_longs, by_shorts)


def hold(accrued: Accrued, claim: EscrowClaim, p: Position) -> int:
    """Settle a position's part of the open period: what it pays leaves the account, what it receives waits.

    Returns:
        Paid, quote WAD, ceil, with the surplus of size tiers.
    """
    escrow = accrued.escrow
    if escrow.longs_paid == escrow.shorts_paid == 0:
        return 0
    paid, received, surplus = owed(accrued, claim, p)
    claim.longs_paid, claim.shorts_paid = escrow.longs_paid, escrow.shorts_paid
    if claim.period == 0:
        escrow.claims += 1
    claim.period = escrow.period
    claim.paid += paid
    claim.received += received
    claim.surplus += surplus
    escrow.reserve += paid
    p.escrowed = True
    return paid


def claim_of(outcome: EscrowOutcome, claim: EscrowClaim, p: Position) -> tuple[bool, int]:
    """Whether a claim is decided, and its worth, quote WAD; moves the position's checkpoints past it."""
    if outcome == EscrowOutcome.OPEN:
        return False, 0
    if outcome == EscrowOutcome.CONFIRMED and p.escrowed:
        p.longs_paid = cast(p.longs_paid + claim.longs_paid, 128)
        p.shorts_paid = cast(p.shorts_paid + claim.shorts_paid, 128)
    p.escrowed = False
    return True, claim.paid if outcome == EscrowOutcome.REJECTED else claim.received


def _close(accrued: Accrued) -> None:
    """Confirmed: the pair joins the live indices, the pool takes its share. Rejected: the pair ends here."""
    escrow, market = accrued.escrow, accrued.market
    good = market.price.index
    confirmed = _near(escrow.low, good) and _near(escrow.high, good)
    accrued.closed = EscrowOutcome.CONFIRMED if confirmed else EscrowOutcome.REJECTED
    if not confirmed:
        return
    market.longs_paid = safe_cast(market.longs_paid + escrow.longs_paid, 128)
    market.shorts_paid = safe_cast(market.shorts_paid + escrow.shorts_paid, 128)
    market.cash = safe_cast(market.cash + escrow.pool_due, 128, signed=True)
    market.funding_clearing = safe_cast(market.funding_clearing - escrow.pool_due, 128, signed=True)


def _near(index: int, good: int) -> bool:
    return abs(index - good) * BPS <= good * CONFIRM_BPS
