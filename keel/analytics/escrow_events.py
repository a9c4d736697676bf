"""What the events say of funding at suspect prices."""

from typing import Any

from keel.analytics.book_state import BookState
from keel.model.ledger.books import STATUS_SHUT


class EscrowEvents(BookState):
    """Enters what waits in escrow, how it is decided, and what leaves it."""

    def _escrowed(self, e: Any) -> None:
        book = self._book(e.market)
        book.escrow.accrue(e.perBase, book.state.skew)

    def _held_back(self, e: Any) -> None:
        book, held = self._book(e.market), self._held(e.account, e.market)
        said = (e.paid, e.received, e.surplus)
        due = book.escrow.hold(e.account, held, book.config.tiers)
        self._expect(f"escrow of {e.account:#x}", said, due)
        self.accounts[e.account].balance -= e.paid
        book.traders_paid += e.paid

    def _closed(self, e: Any) -> None:
        book = self._book(e.market)
        state, kept = book.state, book.escrow.state
        shut = book.config.status == STATUS_SHUT
        confirmed = book.escrow.reject() if shut else book.escrow.close(state.price.index)
        said = (e.confirmed, e.longsPaid, e.shortsPaid, e.poolDue)
        expected = (confirmed, kept.longs_paid, kept.shorts_paid, kept.pool_due)
        self._expect(f"the end of suspect prices in market {e.market}", said, expected)
        if e.confirmed:
            state.longs_paid += e.longsPaid
            state.shorts_paid += e.shortsPaid
            state.cash += e.poolDue
            state.funding_clearing -= e.poolDue
            book.report.funding += e.poolDue

    def _released(self, e: Any) -> None:
        book = self._book(e.market)
        released = book.escrow.release(e.account, self.positions.get((e.account, e.market)))
        if released is None:
            self.faults.append(f"account {e.account:#x} has no decided claim in market {e.market}")
            return
        expected = (released.claim.forfeited, released.credit)
        self._expect(f"a claim of {e.account:#x}", (e.forfeited, e.credit), expected)
        book.state.funding_clearing += released.clearing
        book.surplus += released.surplus
        self.insurance += released.surplus
        if e.forfeited:
            book.forfeited += e.credit
            self.insurance += e.credit
        else:
            book.traders_paid -= e.credit
            self.accounts[e.account].balance += e.credit
