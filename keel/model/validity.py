"""Twin of `oracle/ValidityLadder.sol`: how good a price is, and what it is good for."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from types import MappingProxyType

from keel.model.errors import Refused


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


@dataclass(frozen=True, slots=True)
class Price:
    """The stored price of a market.

    Attributes:
        index: Index price, WAD quote per base.
        twap: Clamped 5-minute time-weighted average of the index, WAD quote per base.
        sigma: Annualised EWMA volatility of clamped index returns, 1e-9.
        at: Block time at which it was stored, seconds; 0 = never.
        flags: Defects found when it was taken.
    """

    index: int = 0
    twap: int = 0
    sigma: int = 0
    at: int = 0
    flags: int = 0


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
        Validity.SEQUENCER_GRACE: _RISK_OFF | {Action.POOL_REDEEM},
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
