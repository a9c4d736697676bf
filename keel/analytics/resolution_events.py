"""What the events say of a market that shares out a loss, or ends."""

from dataclasses import replace
from typing import Any

from keel.analytics.fill_events import FillEvents
from keel.model.fixed import mul_div_ceil
from keel.model.ledger.books import STATUS_SHUT
from keel.model.records import Position
from keel.units import WAD


class ResolutionEvents(FillEvents):
    """Enters deficits, what winners give, and positions that end at a fixed price."""

    def _deficit_left(self, e: Any) -> None:
        """The pool advances what nobody may pay."""
        book = self._book(e.market)
        if e.account == self.backstop:
            self._covered += e.amount
        self.accounts[e.account].balance += e.amount
        book.state.cash -= e.amount
        book.report.bad_debt -= e.amount

    def _resolution_begun(self, e: Any) -> None:
        book = self._book(e.market)
        book.resolution_price = e.price
        if book.config.status != STATUS_SHUT:
            self._expect(f"the price of a resolution in market {e.market}", e.price, book.state.price.index)
            return
        value, price = book.value(), book.state.price
        self._expect(f"the last price of market {e.market}", e.price, price.twap)
        book.state.price = replace(price, index=e.price, spread_bps=0, flags=0)
        book.state.accrued_at = self._at
        book.report.trader_pnl -= book.value() - value

    def _position_counted(self, e: Any) -> None:
        book, held = self._book(e.market), self.positions.get((e.account, e.market), Position())
        gain = max(held.size * book.resolution_price // WAD - held.notional, 0)
        # In a shut market a debt beyond the profit is set off against it.
        if not (book.config.status == STATUS_SHUT and e.profit == 0):
            self._expect(f"the profit of {e.account:#x}", e.profit, gain)
        self._touched(e.account, e.market, e.settled)
        self._sweep_own(e.account)
        book.counted[e.account] = e.profit

    def _resolution_counted(self, e: Any) -> None:
        book = self._book(e.market)
        self._expect(f"profits in market {e.market}", e.profits, sum(book.counted.values()))
        book.profits, book.cut = e.profits, e.cut

    def _profit_cut(self, e: Any) -> None:
        """The pool gets back what it advanced, out of what it owes."""
        book = self._book(e.market)
        self._touched(e.account, e.market, e.settled)
        self._sweep_own(e.account)
        share = mul_div_ceil(book.counted[e.account], book.cut, book.profits)
        self._expect(f"what {e.account:#x} gave", e.amount, share)
        held = self.positions[e.account, e.market]
        held.notional += e.amount
        book.state.open_notional += e.amount
        book.report.bad_debt += e.amount

    def _position_shut(self, e: Any) -> None:
        book, held = self._book(e.market), self.positions.get((e.account, e.market), Position())
        cost = -(held.size * book.resolution_price // WAD)
        self._expect(f"the end of {e.account:#x}", e.fill.size, -held.size)
        self._fill_on_curve(e.account, book, e, cost)
        self._sweep_own(e.account)

    def _sweep_own(self, account: int) -> None:
        """What the insurance's account gained or lost is the insurance's."""
        if account == self.backstop:
            self.insurance += self.accounts[account].balance
            self.accounts[account].balance = self._covered = 0

    def _resolution_ended(self, e: Any) -> None:
        book = self._book(e.market)
        book.counted.clear()
        book.profits = book.cut = 0
