"""Kinds of collateral as the fuzzer reads them, and what holdings count for: not as the model says it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from keel.evm.chain import Contract
from keel.model.cold_records import CollateralKind
from keel.model.validity import Defect, Price
from keel.sim.fuzz.raw import RawChain, decoder
from keel.units import BPS

_DOUBT, _GRACE = int(Defect.UNCERTAIN | Defect.VOLATILE), int(Defect.SEQUENCER_GRACE)
_WEEK = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of collateral at one moment.

    Attributes:
        listed: As listed.
        price: As stored.
        tokens: What the contract that keeps it has, token units.
    """

    listed: CollateralKind
    price: Price
    tokens: int

    @property
    def unit(self) -> int:
        """Token units of a whole token."""
        return int(10**self.listed.decimals)

    def haircut(self, now: int) -> int:
        """Haircut that counts for liquidation, bps, floor: a higher one arrives evenly over a week."""
        before, target = self.listed.haircut_before, self.listed.terms.haircut_bps
        passed = min(now - self.listed.haircut_since, _WEEK)
        return min(target, before + max(target - before, 0) * passed // _WEEK)

    def valid(self, now: int) -> bool:
        """Whether the price is good for deposits, sales and new risk: no defect, and fresh."""
        fresh = now - self.price.at <= self.listed.terms.fresh_seconds
        return self.price.at > 0 and self.price.flags == 0 and fresh

    def least_discount(self, now: int) -> int:
        """Least discount of a sale, bps: never above the haircut."""
        return min(self.listed.terms.discount_bps, self.haircut(now))

    @property
    def asked(self) -> int:
        """What a whole token is sold for without discount, WAD quote."""
        return max(self.price.index, self.price.twap)


class Worth(NamedTuple):
    """What holdings count for, quote WAD, floor for each kind.

    Attributes:
        value: At the index.
        worse: For new risk and withdrawals.
        better: For liquidation.
        proceeds: What a sale of all brings at the least discount.
    """

    value: int = 0
    worse: int = 0
    better: int = 0
    proceeds: int = 0


def worth(kinds: Mapping[int, Kind], held: Mapping[int, int], now: int) -> Worth:
    """What holdings, token units by kind, count for."""
    parts = [_worth(kinds[kind], tokens, now) for kind, tokens in held.items()]
    return Worth(*(sum(column) for column in zip(*parts, strict=True))) if parts else Worth()


def _worth(kind: Kind, tokens: int, now: int) -> Worth:
    price, terms = kind.price, kind.listed.terms
    doubt = -(-price.index * price.spread_bps // BPS)
    low = min(price.index - doubt, price.twap)
    high = price.index
    if price.flags & _DOUBT:
        high = price.index + doubt if price.flags & _GRACE else max(price.index + doubt, price.twap)
    counts = kind.valid(now) and low >= terms.floor

    def part(at: int, less_bps: int) -> int:
        return tokens * at * (BPS - less_bps) // (BPS * kind.unit)

    haircut = kind.haircut(now)
    return Worth(
        part(min(price.index, terms.ceiling), haircut),
        part(min(low, terms.ceiling), terms.haircut_bps) if counts else 0,
        part(min(high, terms.ceiling), haircut),
        part(kind.asked, kind.least_discount(now)),
    )


class KindReader:
    """Reads kinds and holdings, one raw call each.

    Args:
        chain: Chain of the contract.
        keeper: The contract that keeps collateral.
        accounts: Account ids; their places stand for them everywhere else.
        tokens: Token of each kind, by id.
    """

    def __init__(
        self, chain: RawChain, keeper: Contract, accounts: Iterable[int], tokens: Mapping[int, Contract]
    ) -> None:
        self._call, self._keeper, self._sender = chain.call_raw, keeper.address, chain.accounts[0]
        self.ids = tuple(tokens)
        encode = {view: keeper.abi.function(view).encode for view in ("kindOf", "priceOf", "heldOf")}
        self._kind_calls = {kind: encode["kindOf"]((kind,)) for kind in tokens}
        self._price_calls = {kind: encode["priceOf"]((kind,)) for kind in tokens}
        self._held_calls = {
            (place, kind): encode["heldOf"]((account, kind))
            for place, account in enumerate(accounts)
            for kind in tokens
        }
        self._token_calls = {
            kind: (token.address, token.abi.function("balanceOf").encode((keeper.address,)))
            for kind, token in tokens.items()
        }
        self._listed = decoder(keeper.abi, "kindOf", CollateralKind)
        self._price = decoder(keeper.abi, "priceOf", Price)

    def kind(self, kind: int) -> Kind:
        """A kind now."""
        token, question = self._token_calls[kind]
        tokens = int.from_bytes(self._call(token, question, self._sender), "big")
        return Kind(
            self._listed(self._read(self._kind_calls[kind])),
            self._price(self._read(self._price_calls[kind])),
            tokens,
        )

    def holdings(self, places: Iterable[int], kinds: Iterable[int]) -> dict[tuple[int, int], int]:
        """What accounts have of kinds, token units; none of them 0."""
        keys = [(place, kind) for place in places for kind in kinds]
        found = {key: int.from_bytes(self._read(self._held_calls[key]), "big") for key in keys}
        return {key: tokens for key, tokens in found.items() if tokens}

    def _read(self, call: bytes) -> bytes:
        return self._call(self._keeper, call, self._sender)
