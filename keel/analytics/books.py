"""The books of a core, kept from its events alone.

Feed every event of the core, in order, with its block time. Accounts, positions, markets, insurance and
booked tokens then equal what the chain stores, to the wei, and each event is checked against the twin of the
contracts: a fill must cost what the curve says, a settlement must be what the indices say. What does not fit
is kept in `faults`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from keel.analytics.collateral_book import CollateralBook
from keel.analytics.market_book import MarketBook
from keel.analytics.resolution_events import ResolutionEvents
from keel.analytics.tape import Entry
from keel.errors import DataError
from keel.model import pool
from keel.model.records import Market, MarketConfig, MarketLinks, parse
from keel.model.validity import Price

# Events that may stand between the two of a position that is taken over.
_BETWEEN = frozenset(
    {"BadDebtCovered", "FundingDustSwept", "DeficitLeft", "ResolutionBegun", "MarketStatusSet"}
)
# Events that move nothing.
_SILENT = frozenset({"OperatorSet", "InsuranceVaultSet", "CollateralSet", "FundingSpiked"})


class Books(ResolutionEvents):
    """Event-sourced ledger of one core.

    Args:
        core: Address of the core; events of other contracts are passed over.
        token_scale: WAD per token unit.
        keeper: Address of the contract that keeps other collateral; None where there is none.

    Attributes:
        collateral: What that contract keeps; None without one.
    """

    def __init__(self, core: str, token_scale: int, keeper: str | None = None) -> None:
        super().__init__(core)
        self.collateral = None if keeper is None else CollateralBook(keeper)
        self._core, self._scale = core, token_scale
        self._handlers: Mapping[str, Callable[[Any], None]] = {
            "Deposited": self._deposited,
            "Withdrawn": self._withdrawn,
            "Traded": self._traded,
            "Liquidated": self._liquidated,
            "Absorbed": self._absorbed,
            "BackstopFilled": self._backstop_filled,
            "BadDebtCovered": self._bad_debt,
            "DeficitLeft": self._deficit_left,
            "ResolutionBegun": self._resolution_begun,
            "PositionCounted": self._position_counted,
            "ResolutionCounted": self._resolution_counted,
            "ProfitCut": self._profit_cut,
            "PositionShut": self._position_shut,
            "ResolutionEnded": self._resolution_ended,
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
        """Enter events, in order; those of one call at once.

        Raises:
            DataError: An event is of a kind that these books do not know, or one before it is missing.
        """
        every = list(entries)
        if self.collateral is not None:
            self._read_collateral(self.collateral, every)
        own = [entry for entry in every if entry.log.address == self._core]
        for place, entry in enumerate(own):
            if entry.log.event in _SILENT:
                continue
            handler = self._handlers.get(entry.log.event)
            if handler is None:
                raise DataError(f"the core emitted {entry.log.event}", "teach the books this event first")
            self._at, event = entry.at, SimpleNamespace(**entry.log.args)
            if entry.log.event == "BackstopFilled" and _takes_over(own[place + 1 :]):
                self._taken = event
            else:
                handler(event)

    # Margin

    def _read_collateral(self, book: CollateralBook, entries: Sequence[Entry]) -> None:
        """What the core notes of it, no event of its own says."""
        book.read(entries)
        self.faults += book.faults
        book.faults.clear()
        for account, _ in book.holdings:
            self.accounts[account].collateral = book.noted(account)

    def _deposited(self, e: Any) -> None:
        self.booked += e.tokens
        self.accounts[e.account].balance += e.tokens * self._scale

    def _withdrawn(self, e: Any) -> None:
        self.booked -= e.tokens
        self.accounts[e.account].balance -= e.tokens * self._scale

    # Funding and price

    def _accrued(self, e: Any) -> None:
        self._accrue(self._book(e.market), e.fundingState, e.perBase)

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


def _takes_over(later: Sequence[Entry]) -> bool:
    """Whether what the insurance's account filled is the other side of a liquidation in the same call."""
    following = next((entry.log.event for entry in later if entry.log.event not in _BETWEEN), None)
    return following == "Absorbed"
