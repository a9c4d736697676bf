"""The books of the core as the records of the model: one raw call for each account, position or market.

Only what an action touched is read again; `Reader.read_all` reads everything.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Protocol, TypeVar, get_type_hints

from keel.artifacts import AbiEntry
from keel.errors import ChainError
from keel.evm.chain import Chain, Contract
from keel.evm.codec import Abi
from keel.model.cold_records import Resolution, ResolutionMark
from keel.model.records import Account, Escrow, EscrowClaim, Market, Position
from keel.model.validity import suspect
from keel.sim.fuzz.ghost import Stretch

T = TypeVar("T")
Decoder = Callable[[bytes], Any]

_WORD = 32
_OF_MARKET, _OF_POSITION = (
    ("marketOf", "escrowOf", "resolutionOf"),
    ("positionOf", "escrowClaimOf", "resolutionMarkOf"),
)
_VIEWS = ("accountOf", *_OF_MARKET, *_OF_POSITION)


class RawChain(Chain, Protocol):
    """A chain that also takes calldata as it is: every one of this project does."""

    def call_raw(self, address: str, calldata: bytes, sender: str) -> bytes:
        """Run a call without keeping any of its effects; gives what it returned. Raises Reverted."""


@dataclass(slots=True)
class Totals:
    """What the core counts for all markets together.

    Attributes:
        booked: Tokens the core owes, token units.
        held: Tokens the core has, token units.
        insurance: Insurance assets, quote WAD.
        insurance_shares: 24 decimals.
    """

    booked: int
    held: int
    insurance: int
    insurance_shares: int


@dataclass(slots=True)
class Books:
    """All books at one moment. Records are shared between moments and never changed.

    Attributes:
        now: Block time, seconds.
        accounts: By place in the cast.
        positions: By place of the account and market.
        markets: By id.
        escrows: Escrow of the market's last stretch of suspect prices, by market.
        claims: What accounts have in escrow, by place and market.
        resolutions: The present or last resolution, by market.
        marks: How far accounts are in it, by place and market.
        stretches: Stretches of suspect prices by market: not read, but what the fuzzer makes of the prices.
    """

    now: int
    totals: Totals
    accounts: list[Account]
    positions: dict[tuple[int, int], Position]
    markets: dict[int, Market]
    escrows: dict[int, Escrow]
    claims: dict[tuple[int, int], EscrowClaim]
    resolutions: dict[int, Resolution]
    marks: dict[tuple[int, int], ResolutionMark]
    stretches: Mapping[int, tuple[Stretch, ...]] = field(default_factory=dict)

    def copy(self) -> "Books":
        """Another moment, the same so far."""
        kept = self.accounts.copy(), self.positions.copy(), self.markets.copy()
        waiting, shared = (
            (self.escrows.copy(), self.claims.copy()),
            (self.resolutions.copy(), self.marks.copy()),
        )
        return Books(self.now, self.totals, *kept, *waiting, *shared, self.stretches)

    def owed(self) -> int:
        """Every bucket of the core added up, quote WAD."""
        pools = sum(market.cash + market.funding_clearing for market in self.markets.values())
        reserves = sum(escrow.reserve for escrow in self.escrows.values())
        return pools + reserves + self.totals.insurance + sum(account.balance for account in self.accounts)


@dataclass(frozen=True, slots=True)
class Touched:
    """What an action may have changed: accounts by place, positions, markets, insurance, tokens held."""

    accounts: tuple[int, ...] = ()
    positions: tuple[tuple[int, int], ...] = ()
    markets: tuple[int, ...] = ()
    insurance: bool = False
    tokens: bool = False


class Reader:
    """Reads the core's books.

    Args:
        chain: Chain of the core.
        core: The core.
        token: Settlement token.
        accounts: Account ids; their places stand for them everywhere else.
        markets: Market ids.
    """

    def __init__(
        self,
        chain: RawChain,
        core: Contract,
        token: Contract,
        accounts: Sequence[int],
        markets: Sequence[int],
    ) -> None:
        self._call, self._core, self._token = chain.call_raw, core.address, token.address
        self._chain, self._sender = chain, chain.accounts[0]
        encode = {view: core.abi.function(view).encode for view in _VIEWS}
        keys = [(place, market) for place in range(len(accounts)) for market in markets]
        self._account_calls = [encode["accountOf"]((account,)) for account in accounts]
        self._market_calls, self._escrow_calls, self._resolution_calls = (
            {market: encode[view]((market,)) for market in markets} for view in _OF_MARKET
        )
        self._position_calls, self._claim_calls, self._mark_calls = (
            {(place, market): encode[view]((accounts[place], market)) for place, market in keys}
            for view in _OF_POSITION
        )
        self._account = decoder(core.abi, "accountOf", Account)
        self._position = decoder(core.abi, "positionOf", Position)
        self._market = decoder(core.abi, "marketOf", Market)
        self._escrow = decoder(core.abi, "escrowOf", Escrow)
        self._claim = decoder(core.abi, "escrowClaimOf", EscrowClaim)
        self._resolution = decoder(core.abi, "resolutionOf", Resolution)
        self._mark = decoder(core.abi, "resolutionMarkOf", ResolutionMark)
        self._booked = core.abi.function("booked").encode(())
        self._insurance = core.abi.function("insurance").encode(())
        self._held = token.abi.function("balanceOf").encode((core.address,))

    def read_all(self) -> Books:
        """Everything, from the chain."""
        read = self._read
        return Books(
            self._chain.timestamp(),
            self._totals(),
            [self._account(read(call)) for call in self._account_calls],
            {place: self._position(read(call)) for place, call in self._position_calls.items()},
            {market: self._market(read(call)) for market, call in self._market_calls.items()},
            {market: self._escrow(read(call)) for market, call in self._escrow_calls.items()},
            {place: self._claim(read(call)) for place, call in self._claim_calls.items()},
            {market: self._resolution(read(call)) for market, call in self._resolution_calls.items()},
            {place: self._mark(read(call)) for place, call in self._mark_calls.items()},
        )

    def read(self, before: Books, touched: Touched, resolving: Container[int] = ()) -> Books:
        """The books after an action that changed at most `touched`; `resolving` markets share out a loss."""
        after, read = before.copy(), self._read
        after.now = self._chain.timestamp()
        for place in touched.accounts:
            after.accounts[place] = self._account(read(self._account_calls[place]))
        for key in touched.positions:
            after.positions[key] = self._position(read(self._position_calls[key]))
        for market in touched.markets:
            after.markets[market] = self._market(read(self._market_calls[market]))
            if _escrow_moved(before, after, market, touched):
                after.escrows[market] = self._escrow(read(self._escrow_calls[market]))
                for key in touched.positions:
                    after.claims[key] = self._claim(read(self._claim_calls[key]))
            if market in resolving:
                after.resolutions[market] = self._resolution(read(self._resolution_calls[market]))
        for key in (key for key in touched.positions if key[1] in resolving):
            after.marks[key] = self._mark(read(self._mark_calls[key]))
        if touched.tokens:
            after.totals = self._totals()
        elif touched.insurance:
            known = before.totals
            after.totals = Totals(known.booked, known.held, *self._insurance_now())
        return after

    def _read(self, call: bytes) -> bytes:
        return self._call(self._core, call, self._sender)

    def _totals(self) -> Totals:
        booked = self._read(self._booked)
        held = self._call(self._token, self._held, self._sender)
        return Totals(int.from_bytes(booked, "big"), int.from_bytes(held, "big"), *self._insurance_now())

    def _insurance_now(self) -> tuple[int, int]:
        """Assets and shares."""
        words = self._read(self._insurance)
        return int.from_bytes(words[:_WORD], "big"), int.from_bytes(words[_WORD : 2 * _WORD], "big")


def _escrow_moved(before: Books, after: Books, market: int, touched: Touched) -> bool:
    """Whether an escrow and claims on it may have changed: at suspect prices, or where there is a claim."""
    flags = before.markets[market].price.flags | after.markets[market].price.flags
    return suspect(flags) or any(before.claims[key].period for key in touched.positions)


def decoder(abi: Abi, view: str, record: type[T]) -> Callable[[bytes], T]:
    """A function from what a view returns to a record of the model, ten times faster than general decoding.

    Raises:
        ChainError: The view's struct and the record do not have the same members.
    """
    for entry in abi.entries:
        if entry["type"] == "function" and entry["name"] == view:
            build, size = _builder(entry["outputs"][0]["components"], record, 0)
            return lambda data: build(data) if len(data) >= size else _short(view)
    raise ChainError(f"the core has no view {view}", "run `make setup`")


def _short(view: str) -> Any:
    raise ChainError(f"{view} returned too little", "run `make setup`")


def _builder(members: Sequence[AbiEntry], record: Any, start: int) -> tuple[Decoder, int]:
    """Builds a record from consecutive words at `start`; also gives where they end."""
    kinds = get_type_hints(record)
    own = fields(record)
    if len(own) != len(members):
        raise ChainError(f"{record.__name__} has other members than the contract's", "update the model")
    parts: list[Decoder] = []
    for own_field, member in zip(own, members, strict=True):
        if member["type"] == "tuple":
            inner, start = _builder(member["components"], kinds[own_field.name], start)
            parts.append(inner)
            continue
        parts.append(_leaf(member["type"], start))
        start += _WORD
    return _joined(parts, record), start


def _joined(parts: Iterable[Decoder], record: Any) -> Decoder:
    plan = tuple(parts)
    return lambda data: record(*[part(data) for part in plan])


def _leaf(kind: str, start: int) -> Decoder:
    end, read = start + _WORD, int.from_bytes
    if kind == "bytes32":
        return lambda data: data[start:end]
    if kind == "bool":
        return lambda data: data[end - 1] != 0
    if kind.startswith("int"):
        return lambda data: read(data[start:end], "big", signed=True)
    return lambda data: read(data[start:end], "big")
