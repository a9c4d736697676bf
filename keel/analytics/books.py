"""The books of a core, kept from its events alone.

Feed every event of the core, in order, with its block time. Accounts, positions, markets, insurance and
booked tokens then equal what the chain stores, to the wei, and each event is checked against the twin of the
contracts: a fill must cost what the curve says, a settlement must be what the indices say. What does not fit
is kept in `faults`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from keel.analytics.escrow_events import EscrowEvents
from keel.analytics.market_book import MarketBook
from keel.analytics.tape import Entry
from keel.errors import DataError
from keel.model import funding, market_set, pool, position
from keel.model.fixed import mul_div_floor_signed
from keel.model.ledger.filling import fill_cost
from keel.model.records import Market, MarketConfig, MarketLinks, Position, parse
from keel.model.validity import Price
from keel.sdk.protocol import account_id
from keel.units import RAY

# Events that move nothing.
_SILENT = frozenset({"OperatorSet", "InsuranceVaultSet", "FundingSpiked"})


class Books(EscrowEvents):
    """Event-sourced ledger of one core.

    Args:
        core: Address of the core; events of other contracts are passed over.
        token_scale: WAD per token unit.
    """

    def __init__(self, core: str, token_scale: int) -> None:
        super().__init__()
        self._core, self._scale = core, token_scale
        self._at = 0
        self._handlers: Mapping[str, Callable[[Any], None]] = {
            "Deposited": self._deposited,
            "Withdrawn": self._withdrawn,
            "Traded": self._traded,
            "Liquidated": self._liquidated,
            "BadDebtCovered": self._bad_debt,
            "FundingAccrued": self._accrued,
            "FundingEscrowed": self._escrowed,
            "EscrowHeld": self._held_back,
            "EscrowClosed": self._closed,
            "EscrowReleased": self._released,
            "FundingDustSwept": self._swept,
            "PriceStored": self._priced,
            "PoolDeposited": self._pool_deposited,
            "PoolRedeemed": self._pool_redeemed,
            "PoolRestSwept": self._rest_swept,
            "InsuranceDeposited": self._insured,
            "InsuranceRedeemed": self._uninsured,
            "MarketConfigured": self._configured,
            "MarketStatusSet": self._status_set,
        }

    def read(self, entries: Iterable[Entry]) -> None:
        """Enter events, in order.

        Raises:
            DataError: An event is of a kind that these books do not know, or one before it is missing.
        """
        for entry in entries:
            if entry.log.address != self._core or entry.log.event in _SILENT:
                continue
            handler = self._handlers.get(entry.log.event)
            if handler is None:
                raise DataError(f"the core emitted {entry.log.event}", "teach the books this event first")
            self._at = entry.at
            handler(SimpleNamespace(**entry.log.args))

    # Margin

    def _deposited(self, e: Any) -> None:
        self.booked += e.tokens
        self.accounts[e.account].balance += e.tokens * self._scale

    def _withdrawn(self, e: Any) -> None:
        self.booked -= e.tokens
        self.accounts[e.account].balance -= e.tokens * self._scale

    # Trades and liquidations

    def _traded(self, e: Any) -> None:
        book = self._book(e.market)
        self._touched(e.account, e.market, e.settled)
        self._fill(e.account, e.market, e.fill, book.state.price)
        self.accounts[e.account].balance -= e.fee
        self.insurance += e.insuranceFee
        book.state.cash += e.fee - e.insuranceFee
        book.report.fees += e.fee - e.insuranceFee

    def _liquidated(self, e: Any) -> None:
        self._touched(e.account, e.market, e.settled)
        # Without the spread: a doubt about a price makes a liquidation no dearer.
        price = replace(self._book(e.market).state.price, spread_bps=0)
        self._fill(e.account, e.market, e.fill, price)
        self.accounts[e.account].balance -= e.penalty
        self.accounts[account_id(e.keeper)].balance += e.reward
        self.insurance += e.penalty - e.reward

    def _bad_debt(self, e: Any) -> None:
        book = self._book(e.market)
        self.accounts[e.account].balance += e.fromInsurance + e.fromPool
        self.insurance -= e.fromInsurance
        book.state.cash -= e.fromPool
        book.report.bad_debt -= e.fromPool
        book.escrow.forfeit(e.account)

    def _fill(self, account: int, market: int, fill: Any, price: Price) -> None:
        book, key = self._book(market), (account, market)
        state, held = book.state, self.positions.get(key, Position())
        self._check_fill(account, book, held, fill, price)
        value = book.value()
        state.open_notional += fill.notionalAfter - held.notional
        state.cash -= fill.realized
        self.accounts[account].balance += fill.realized
        self._move_interest(state, held.size, fill.sizeAfter)
        book.report.trader_pnl += fill.cost - (book.value() - value)
        members = self.accounts[account].markets
        if fill.sizeAfter == 0:
            self.positions.pop(key, None)
            self.accounts[account].markets = market_set.remove(members, market)
            return
        self.positions[key] = Position(
            fill.sizeAfter, held.escrowed, fill.notionalAfter, state.longs_paid, state.shorts_paid
        )
        self.accounts[account].markets = market_set.add(members, market)

    def _check_fill(self, account: int, book: MarketBook, held: Position, fill: Any, price: Price) -> None:
        expected = fill_cost(price, book.depth, book.state.skew, fill.size)
        self._expect(f"cost of a fill of {account:#x}", fill.cost, expected)
        after = position.fill(held.size, held.notional, fill.size, fill.cost)
        said = (fill.realized, fill.sizeAfter, fill.notionalAfter)
        self._expect(
            f"a fill of {account:#x}", said, (after.realized, after.size_after, after.notional_after)
        )

    @staticmethod
    def _move_interest(state: Market, before: int, after: int) -> None:
        state.long_interest += max(after, 0) - max(before, 0)
        state.short_interest += max(-after, 0) - max(-before, 0)

    # Funding and price

    def _accrued(self, e: Any) -> None:
        self._accrue(self._book(e.market), e.fundingState, e.perBase)

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

    def _swept(self, e: Any) -> None:
        book = self._book(e.market)
        book.state.funding_clearing -= e.amount
        book.swept += e.amount
        self.insurance += e.amount

    def _priced(self, e: Any) -> None:
        book = self._book(e.market)
        value = book.value()
        price = parse(Price, e.price)
        book.escrow.price(book.state.price, price)
        # Accrued before, also where funding had stopped and there was nothing to announce.
        book.state.accrued_at, book.state.price = self._at, price
        book.report.trader_pnl -= book.value() - value

    # Pool and insurance

    def _pool_deposited(self, e: Any) -> None:
        book, amount = self._book(e.market), e.tokens * self._scale
        value = book.value()
        book.state.shares += e.shares
        book.state.cash += amount
        book.report.deposits += amount
        book.report.curve_gain -= book.value() - value
        self.booked += e.tokens

    def _pool_redeemed(self, e: Any) -> None:
        book, amount = self._book(e.market), e.tokens * self._scale
        value, before = book.value(), book.depth
        book.state.shares -= e.shares
        book.state.cash -= amount
        dearer = max(book.state.price.index, book.state.price.twap)
        charge = pool.redemption_charge(dearer, before, book.depth, book.state.skew)
        self._expect("the charge of a redemption", e.charge, charge)
        book.report.redemptions -= amount + e.charge
        book.report.curve_gain += e.charge - (book.value() - value)
        self.booked -= e.tokens

    def _rest_swept(self, e: Any) -> None:
        book = self._book(e.market)
        self._expect("the rest of an empty pool", e.amount, book.state.cash)
        book.state.cash -= e.amount
        book.report.redemptions -= e.amount
        self.insurance += e.amount

    def _insured(self, e: Any) -> None:
        self.booked += e.tokens
        self.insurance += e.tokens * self._scale
        self.insurance_shares += e.shares

    def _uninsured(self, e: Any) -> None:
        self.booked -= e.tokens
        self.insurance -= e.tokens * self._scale
        self.insurance_shares -= e.shares

    # Governance

    def _configured(self, e: Any) -> None:
        parameters, cold = parse(MarketConfig, e.config), parse(MarketLinks, e.links)
        if e.market not in self.markets:
            self.markets[e.market] = MarketBook(parameters, cold, Market(accrued_at=self._at))
            return
        book = self._book(e.market)
        value = book.value()
        book.state.accrued_at, book.config, book.links = self._at, parameters, cold
        book.report.curve_gain -= book.value() - value

    def _status_set(self, e: Any) -> None:
        book = self._book(e.market)
        book.config = replace(book.config, status=e.status)
