"""The books of the core as the records of the model: one raw call for each account, position or market.

Only what an action touched is read again; `Reader.read_all` reads everything.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field

from keel.evm.chain import Contract
from keel.model.cold_records import Resolution, ResolutionMark
from keel.model.records import Account, Escrow, EscrowClaim, Market, Position
from keel.model.validity import suspect
from keel.sim.fuzz.ghost import Stretch
from keel.sim.fuzz.kinds import Kind, KindReader
from keel.sim.fuzz.raw import RawChain, decoder

_WORD = 32
_OF_MARKET, _OF_POSITION = (
    ("marketOf", "escrowOf", "resolutionOf"),
    ("positionOf", "escrowClaimOf", "resolutionMarkOf"),
)
_VIEWS = ("accountOf", *_OF_MARKET, *_OF_POSITION)


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
        kinds: Kinds of collateral, by id.
        holdings: What accounts have of them, token units, by place and kind; none of them 0.
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
    kinds: Mapping[int, Kind]
    holdings: Mapping[tuple[int, int], int]
    stretches: Mapping[int, tuple[Stretch, ...]] = field(default_factory=dict)

    def copy(self) -> "Books":
        """Another moment, the same so far."""
        kept = self.accounts.copy(), self.positions.copy(), self.markets.copy()
        waiting, shared = (
            (self.escrows.copy(), self.claims.copy()),
            (self.resolutions.copy(), self.marks.copy()),
        )
        return Books(
            self.now, self.totals, *kept, *waiting, *shared, self.kinds, self.holdings, self.stretches
        )

    def owed(self) -> int:
        """Every bucket of the core added up, quote WAD."""
        pools = sum(market.cash + market.funding_clearing for market in self.markets.values())
        reserves = sum(escrow.reserve for escrow in self.escrows.values())
        return pools + reserves + self.totals.insurance + sum(account.balance for account in self.accounts)


@dataclass(frozen=True, slots=True)
class Touched:
    """What an action may have changed.

    Attributes:
        accounts: By place.
        positions: By place and market.
        markets: By id.
        insurance: Whether the insurance may be another.
        tokens: Whether the core may have other tokens.
        kinds: Kinds of collateral, by id: with what the touched accounts have of them.
    """

    accounts: tuple[int, ...] = ()
    positions: tuple[tuple[int, int], ...] = ()
    markets: tuple[int, ...] = ()
    insurance: bool = False
    tokens: bool = False
    kinds: tuple[int, ...] = ()


class Reader:
    """Reads the core's books.

    Args:
        chain: Chain of the core.
        core: The core.
        token: Settlement token.
        accounts: Account ids; their places stand for them everywhere else.
        markets: Market ids.
        kinds: Reads kinds of collateral.
    """

    def __init__(
        self,
        chain: RawChain,
        core: Contract,
        token: Contract,
        accounts: Sequence[int],
        markets: Sequence[int],
        kinds: KindReader,
    ) -> None:
        self._kinds, self._places = kinds, range(len(accounts))
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
            {kind: self._kinds.kind(kind) for kind in self._kinds.ids},
            self._kinds.holdings(self._places, self._kinds.ids),
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
        self._read_kinds(after, touched)
        if touched.tokens:
            after.totals = self._totals()
        elif touched.insurance:
            known = before.totals
            after.totals = Totals(known.booked, known.held, *self._insurance_now())
        return after

    def _read_kinds(self, after: Books, touched: Touched) -> None:
        if not touched.kinds:
            return
        after.kinds = {**after.kinds, **{kind: self._kinds.kind(kind) for kind in touched.kinds}}
        read = {(place, kind) for place in touched.accounts for kind in touched.kinds}
        kept = {key: tokens for key, tokens in after.holdings.items() if key not in read}
        after.holdings = kept | self._kinds.holdings(touched.accounts, touched.kinds)

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
