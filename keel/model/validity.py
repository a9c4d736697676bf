"""Twin of `oracle/ValidityLadder.sol`: how good a price is, and what it is good for."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from enum import IntEnum, IntFlag
from types import MappingProxyType

from keel.model.errors import Refused
from keel.model.fixed import cast


class Action(IntEnum):
    """What can be done with a market; columns of the action matrix."""

    ADD_MARGIN = 0
    REDUCE = 1
    OPEN = 2
    WITHDRAW = 3
    LIQUIDATE = 4
    POOL_DEPOSIT = 5
    POOL_REDEEM = 6


class Validity(IntEnum):
    """How good a price is, best first. STALE10 and STALE60 are named after the default limits."""

    VALID = 0
    STALE10 = 1
    SHORT_TWAP = 2
    STALE60 = 3
    UNCERTAIN = 4
    VOLATILE = 5
    SEQUENCER_GRACE = 6
    INVALID = 7


class Defect(IntFlag):
    """Defects stored with a price."""

    SHORT_TWAP = 1
    UNCERTAIN = 2
    VOLATILE = 4
    SEQUENCER_GRACE = 8
    INVALID = 16
    # Why it is INVALID.
    SEQUENCER_DOWN = 32


#: Defects of a price that may be wrong: funding at it waits for a better one.
SUSPECT = int(Defect.UNCERTAIN | Defect.VOLATILE | Defect.INVALID)
#: Defects of a price that does not move averages: a doubt, or a market that has just come back.
UNFIT = int(Defect.UNCERTAIN | Defect.SEQUENCER_GRACE)

_WIDTHS = (88, 88, 24, 16, 32, 8)


@dataclass(frozen=True, slots=True)
class Price:
    """The stored price of a market.

    Attributes:
        index: Index price, WAD quote per base.
        twap: Clamped 5-minute time-weighted average of the index, WAD quote per base.
        sigma: Annualised EWMA volatility of clamped index returns, 1e-6.
        spread_bps: How far from the index the true price may lie, ceil, at most 5,000.
        at: Block time at which it was stored, seconds; 0 = never.
        flags: Defects found when it was taken.
    """

    index: int = 0
    twap: int = 0
    sigma: int = 0
    spread_bps: int = 0
    at: int = 0
    flags: int = 0


def pack(price: Price) -> int:
    """The word of a price: its fields in order, low bits first.

    Raises:
        Truncated: A field does not fit.
    """
    word = place = 0
    for value, width in zip(astuple(price), _WIDTHS, strict=True):
        word |= cast(value, width) << place
        place += width
    return word


def unpack(word: int) -> Price:
    """The price of a word."""
    values = []
    for width in _WIDTHS:
        values.append(word & (1 << width) - 1)
        word >>= width
    return Price(*values)


def suspect(flags: int) -> bool:
    """Whether funding at a price with these defects waits in escrow."""
    return flags & SUSPECT != 0


_ALWAYS = frozenset({Action.ADD_MARGIN})
_RISK_OFF = _ALWAYS | {Action.REDUCE, Action.LIQUIDATE}

MATRIX: Mapping[Validity, frozenset[Action]] = MappingProxyType(
    {
        Validity.VALID: frozenset(Action),
        Validity.STALE10: _RISK_OFF,
        Validity.SHORT_TWAP: _RISK_OFF | {Action.WITHDRAW},
        Validity.STALE60: _ALWAYS,
        Validity.UNCERTAIN: _RISK_OFF,
        Validity.VOLATILE: _RISK_OFF,
        Validity.SEQUENCER_GRACE: _RISK_OFF,
        Validity.INVALID: _ALWAYS,
    }
)


def validity(price: Price, fresh_seconds: int, stale_seconds: int, now: int) -> Validity:
    """Validity of a stored price at the block time `now`."""
    if price.at == 0 or price.flags & Defect.INVALID:
        return Validity.INVALID
    age = now - price.at
    if age > stale_seconds:
        return Validity.STALE60
    if price.flags & Defect.SEQUENCER_GRACE:
        return Validity.SEQUENCER_GRACE
    if price.flags & Defect.VOLATILE:
        return Validity.VOLATILE
    if price.flags & Defect.UNCERTAIN:
        return Validity.UNCERTAIN
    if age > fresh_seconds:
        return Validity.STALE10
    return Validity.SHORT_TWAP if price.flags & Defect.SHORT_TWAP else Validity.VALID


def allows(validity_: Validity, action: Action) -> bool:
    """Whether the matrix allows the action."""
    return action in MATRIX[validity_]


def require(price: Price, action: Action, fresh_seconds: int, stale_seconds: int, now: int) -> Validity:
    """The validity of the price, which allows the action.

    Raises:
        Refused: `PriceNotGoodFor`.
    """
    found = validity(price, fresh_seconds, stale_seconds, now)
    if not allows(found, action):
        raise Refused("PriceNotGoodFor", action, found, now - price.at)
    return found
