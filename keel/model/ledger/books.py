"""Twin of `core/KeelStorage.sol`: the books and the token boundary."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from typing import Any

from keel.model.cold_records import CollateralKind, LiquidationBook, Resolution, ResolutionMark, Restriction
from keel.model.errors import ModelError, Refused
from keel.model.fixed import cast, checked, safe_cast
from keel.model.funding import FundingModel
from keel.model.records import (
    Account,
    Escrow,
    EscrowClaim,
    EscrowOutcome,
    Market,
    MarketConfig,
    MarketLinks,
    Position,
)
from keel.model.validity import Price

STATUS_OPEN = 1
STATUS_REDUCE_ONLY = 2
STATUS_CLOSED = 3
STATUS_RESOLVING = 4
STATUS_SHUT = 5
MAX_SIZE = 2**110 - 1
MAX_AMOUNT = 2**100
BALANCE_BITS = 120
MAX_POOL_SHARES = 2**120 - 1
MAX_INSURANCE_SHARES = 2**128 - 1


class Books:
    """Everything the core stores. Amounts are quote WAD unless said otherwise; ids of markets count from 1.

    Args:
        token_scale: WAD per unit of the settlement token.
        models: Twins of the funding models by contract address.
        core: Address of the contract, which it never pays out to.

    Attributes:
        booked_tokens: Tokens in less tokens out, token units.
        insurance_assets: Quote WAD.
        insurance_shares: 24 decimals.
        collateral: Address of the contract that keeps other collateral; 0 = none.
        collateral_kinds: By id, counted from 1; `collateral_prices` the stored price of each.
        collateral_held: Token units by account and kind, none of them 0.
        debt_markets: Where an account was last in debt that other collateral stands for, or nothing.
        liquidation_books: By market; `resolution_marks` by account and market.
        escrows: By market; `escrow_outcomes` by market and period, `escrow_claims` by account and market.
    """

    def __init__(self, token_scale: int, models: Mapping[str, FundingModel], core: str = "0x0") -> None:
        self.core = _address(core)
        self.token_scale = token_scale
        self.models = {_address(address): model for address, model in models.items()}
        self.booked_tokens = 0
        self.insurance_assets = 0
        self.insurance_shares = 0
        self.insurance_vault = 0
        self.markets: dict[int, Market] = {}
        self.configs: dict[int, MarketConfig] = {}
        self.links: dict[int, MarketLinks] = {}
        self.accounts: defaultdict[int, Account] = defaultdict(Account)
        self.positions: defaultdict[tuple[int, int], Position] = defaultdict(Position)
        self.liquidation_books: dict[int, LiquidationBook] = {}
        self.resolution_marks: dict[tuple[int, int], ResolutionMark] = {}
        self.escrows: defaultdict[int, Escrow] = defaultdict(Escrow)
        self.escrow_outcomes: dict[tuple[int, int], EscrowOutcome] = {}
        self.escrow_claims: dict[tuple[int, int], EscrowClaim] = {}
        self.restrictions: dict[int, Restriction] = {}
        self.operators: set[tuple[int, int]] = set()
        self.collateral = 0
        self.collateral_kinds: dict[int, CollateralKind] = {}
        self.collateral_prices: dict[int, Price] = {}
        self.collateral_held: dict[tuple[int, int], int] = {}
        self.debt_markets: dict[int, int] = {}

    def claims(self) -> int:
        """All buckets together: what the booked tokens are owed to, quote WAD."""
        margin = sum(account.balance for account in self.accounts.values())
        pools = sum(market.cash + market.funding_clearing for market in self.markets.values())
        reserves = sum(escrow.reserve for escrow in self.escrows.values())
        return margin + pools + reserves + self.insurance_assets

    def resolution_of(self, market: int) -> Resolution:
        """The market's present or last resolution."""
        return self._liquidation_book(market).resolution

    def resolution_mark_of(self, account: int, market: int) -> ResolutionMark:
        """One account in the market's resolutions."""
        return self.resolution_marks.get((account, market), ResolutionMark())

    def _resolution_to(self, market: int, **changes: Any) -> None:
        """Change fields of the market's resolution."""
        kept = self._liquidation_book(market)
        self.liquidation_books[market] = replace(kept, resolution=replace(kept.resolution, **changes))

    def _set_status(self, market: int, status: int) -> None:
        self.configs[market] = replace(self.configs[market], status=status)

    def _liquidation_book(self, market: int) -> LiquidationBook:
        return self.liquidation_books.get(market, LiquidationBook())

    @contextmanager
    def _atomic(self) -> Iterator[None]:
        """What is refused inside leaves no trace; records are replaced there, never changed in place."""
        kept = {name: copy(book) for name, book in vars(self).items()}
        try:
            yield
        except ModelError:
            vars(self).update(kept)
            raise

    def _account(self, account: int) -> Account:
        """Working copy."""
        return copy(self.accounts.get(account, Account()))

    def _position(self, account: int, market: int) -> Position:
        """Working copy."""
        return copy(self.positions.get((account, market), Position()))

    def _to_amount(self, tokens: int) -> int:
        """WAD of token units, exact; zero and what no account could hold are refused."""
        if tokens == 0:
            raise Refused("ZeroAmount")
        if tokens > self.token_limit:
            raise Refused("AmountOutOfRange", tokens, self.token_limit)
        return tokens * self.token_scale

    @property
    def token_limit(self) -> int:
        """Most token units that one call moves."""
        return MAX_AMOUNT // self.token_scale

    def _book_in(self, tokens: int) -> None:
        self.booked_tokens = checked(self.booked_tokens + tokens, 128)

    def _pay_out(self, to: str, tokens: int) -> None:
        if _address(to) in (0, self.core):
            raise Refused("RecipientInvalid", to)
        if tokens > self.booked_tokens:
            raise Refused("TokensMissing", self.booked_tokens, tokens)
        self.booked_tokens -= tokens

    def _to_insurance(self, amount: int) -> None:
        self.insurance_assets = checked(self.insurance_assets + cast(amount, 128), 128)


def add(total: int, change: int) -> int:
    """Sum of two int128: the change is cast safely, the sum is checked."""
    return checked(total + safe_cast(change, 128, signed=True), 128, signed=True)


def add_balance(balance: int, change: int) -> int:
    """The same of an account's balance, int120."""
    return checked(balance + safe_cast(change, BALANCE_BITS, signed=True), BALANCE_BITS, signed=True)


def same_address(one: str | int, other: str | int) -> bool:
    """Whether two addresses are equal, whatever their case."""
    return _address(one) == _address(other)


def _address(address: str | int) -> int:
    return int(address, 16) if isinstance(address, str) else address
