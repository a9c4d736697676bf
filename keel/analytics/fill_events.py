"""What the events say of fills: trades, liquidations, and what the insurance takes over and works off."""

from dataclasses import replace
from typing import Any

from keel.analytics.escrow_events import EscrowEvents
from keel.analytics.market_book import MarketBook
from keel.model import funding, market_set, position
from keel.model.fixed import mul_div_floor_signed
from keel.model.ledger.filling import fill_cost
from keel.model.records import Market, Position
from keel.sdk.protocol import account_id
from keel.units import RAY, WAD


class FillEvents(EscrowEvents):
    """Enters fills, the funding before them, and who pays what an account cannot.

    Args:
        core: Address of the core; its own first account is the insurance's.
    """

    def __init__(self, core: str) -> None:
        super().__init__()
        self.backstop = account_id(core)
        self._at = 0
        # The insurance's part of an event that is still to come, and what others have paid into its account.
        self._taken: Any = None
        self._covered = 0

    def _traded(self, e: Any) -> None:
        book = self._book(e.market)
        self._touched(e.account, e.market, e.settled)
        cost = fill_cost(book.state.price, book.depth, book.state.skew, e.fill.size)
        self._fill_on_curve(e.account, book, e, cost)
        self.accounts[e.account].balance -= e.fee
        self.insurance += e.insuranceFee
        book.state.cash += e.fee - e.insuranceFee
        book.report.fees += e.fee - e.insuranceFee

    def _liquidated(self, e: Any) -> None:
        book = self._book(e.market)
        self._touched(e.account, e.market, e.settled)
        # Without the spread: a doubt about a price makes a liquidation no dearer.
        price = replace(book.state.price, spread_bps=0)
        cost = fill_cost(price, book.depth, book.state.skew, e.fill.size)
        self._fill_on_curve(e.account, book, e, cost)
        self._punish(e)

    def _absorbed(self, e: Any) -> None:
        book, taken, self._taken = self._book(e.market), self._taken, None
        if taken is None:
            self.faults.append(f"a position of {e.account:#x} went over to nobody")
            return
        self._touched(e.account, e.market, e.settled)
        self._settle_backstop(taken)
        # Both sides at the index: the pool neither gains nor loses, whatever the curve is worth in between.
        cost = -(-e.fill.size * book.state.price.index // WAD)
        self._fill(e.account, e.market, e.fill, cost)
        self._fill(self.backstop, e.market, taken.fill, -cost)
        self._expect(f"what the insurance took of {e.account:#x}", taken.fill.size, -e.fill.size)
        self._sweep(taken)
        self._punish(e)

    def _backstop_filled(self, e: Any) -> None:
        """The insurance works a piece off; what it takes over waits for the event of who loses it."""
        book = self._book(e.market)
        self._touched(self.backstop, e.market, e.settled)
        cost = fill_cost(book.state.price, book.depth, book.state.skew, e.fill.size)
        self._fill_on_curve(self.backstop, book, e, cost)
        self._sweep(e)

    def _bad_debt(self, e: Any) -> None:
        book, covered = self._book(e.market), e.fromInsurance + e.fromPool
        if e.account == self.backstop:
            self._covered = covered
        self.accounts[e.account].balance += covered
        self.insurance -= e.fromInsurance
        book.state.cash -= e.fromPool
        book.report.bad_debt -= e.fromPool
        book.escrow.forfeit(e.account)

    def _settle_backstop(self, e: Any) -> None:
        """Funding of what the insurance had, in a market that the account's settlement has just accrued."""
        book, held = self._book(e.market), self.positions.get((self.backstop, e.market), Position())
        if held.size == 0:
            said = (e.settled.perBase, e.settled.paid, e.settled.received, e.settled.surplus)
            self._expect("funding of an empty position", said, (0, 0, 0, 0))
            return
        self._expect("the second accrual of a call", e.settled.perBase, 0)
        self._expect("the model's state after it", e.settled.fundingState, book.state.funding_state)
        self._settle(self.backstop, book, held, e.settled)

    def _sweep(self, e: Any) -> None:
        """What its own account gained or lost is the insurance's; the pool may have paid before."""
        account, covered = self.accounts[self.backstop], self._covered
        self._expect("what the insurance's account brought", e.result, account.balance - covered)
        self.insurance += account.balance
        account.balance = self._covered = 0

    def _punish(self, e: Any) -> None:
        self.accounts[e.account].balance -= e.penalty
        self.accounts[account_id(e.keeper)].balance += e.reward
        self.insurance += e.penalty - e.reward

    def _fill_on_curve(self, account: int, book: MarketBook, e: Any, cost: int) -> None:
        value = book.value()
        self._fill(account, e.market, e.fill, cost)
        book.report.trader_pnl += e.fill.cost - (book.value() - value)

    def _fill(self, account: int, market: int, fill: Any, cost: int) -> None:
        book, key = self._book(market), (account, market)
        state, held = book.state, self.positions.get(key, Position())
        self._check_fill(account, held, fill, cost)
        state.open_notional += fill.notionalAfter - held.notional
        state.cash -= fill.realized
        self.accounts[account].balance += fill.realized
        _move_interest(state, held.size, fill.sizeAfter)
        members = self.accounts[account].markets
        if fill.sizeAfter == 0:
            self.positions.pop(key, None)
            self.accounts[account].markets = market_set.remove(members, market)
            return
        self.positions[key] = Position(
            fill.sizeAfter, held.escrowed, fill.notionalAfter, state.longs_paid, state.shorts_paid
        )
        self.accounts[account].markets = market_set.add(members, market)

    def _check_fill(self, account: int, held: Position, fill: Any, cost: int) -> None:
        self._expect(f"cost of a fill of {account:#x}", fill.cost, cost)
        after = position.fill(held.size, held.notional, fill.size, fill.cost)
        said = (fill.realized, fill.sizeAfter, fill.notionalAfter)
        self._expect(
            f"a fill of {account:#x}", said, (after.realized, after.size_after, after.notional_after)
        )

    def _accrue(self, book: MarketBook, funding_state: bytes, per_base: int) -> None:
        state = book.state
        received = mul_div_floor_signed(state.skew * per_base, 1, RAY)
        state.funding_state, state.accrued_at = funding_state, self._at
        if per_base > 0:
            state.longs_paid += per_base
        else:
            state.shorts_paid -= per_base
        state.cash += received
        state.funding_clearing -= received
        book.report.funding += received

    def _touched(self, account: int, market: int, settled: Any) -> None:
        """Funding before a fill: the market's accrued, the position's settled."""
        book, held = self._book(market), self.positions.get((account, market), Position())
        self._accrue(book, settled.fundingState, settled.perBase)
        self._settle(account, book, held, settled)

    def _settle(self, account: int, book: MarketBook, held: Position, settled: Any) -> None:
        state = book.state
        said = (settled.paid, settled.received, settled.surplus)
        self._expect(f"funding of {account:#x}", said, funding.due(state, book.config.tiers, held))
        held.longs_paid, held.shorts_paid = state.longs_paid, state.shorts_paid
        net = settled.paid - settled.received
        self.accounts[account].balance -= net
        book.traders_paid += net
        state.funding_clearing += net - settled.surplus
        book.surplus += settled.surplus
        self.insurance += settled.surplus


def _move_interest(state: Market, before: int, after: int) -> None:
    state.long_interest += max(after, 0) - max(before, 0)
    state.short_interest += max(-after, 0) - max(-before, 0)
