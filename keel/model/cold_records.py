"""Twins of the structs that only cold paths read.

Those of `LiquidationBook.sol`, `Resolution.sol`, `Restriction.sol` and `CollateralTerms.sol`.

The same fields in the same order as there, names in snake_case; all frozen, see `records.parse`.
"""

from dataclasses import dataclass
from enum import IntEnum


@dataclass(frozen=True, slots=True)
class Window:
    """An amount that is added to, and falls to zero at an even pace.

    Attributes:
        amount: Quote WAD.
        at: Time up to which it has fallen, seconds.
    """

    amount: int = 0
    at: int = 0


class Stage(IntEnum):
    """Where a resolution stands: every position is counted once, then the cut is taken from each profit."""

    NONE = 0
    COUNTING = 1
    APPLYING = 2


@dataclass(frozen=True, slots=True)
class Resolution:
    """How a market shares out what nobody has paid; amounts are quote WAD.

    Attributes:
        number: Number of this resolution, from 1.
        stage: Where it stands.
        price: Price at which profits count, WAD quote per base.
        long_left: Open interest of longs not counted yet, base WAD; `short_left` that of shorts.
        deficit: What nobody has paid.
        waiting: What came while the cut was being taken; it waits for the next resolution.
        profits: Sum of profits counted; `profits_left` the part of them not cut yet.
        cut: What the profits give in all.
        before: Status of the market before; what was held tighter than reduce-only stays so.
    """

    number: int = 0
    stage: Stage = Stage.NONE
    price: int = 0
    long_left: int = 0
    short_left: int = 0
    deficit: int = 0
    waiting: int = 0
    profits: int = 0
    profits_left: int = 0
    cut: int = 0
    before: int = 0


@dataclass(frozen=True, slots=True)
class ResolutionMark:
    """One account in a market's resolution.

    Attributes:
        number: Resolution in which it was counted last.
        done: Whether nothing more is taken from it.
        profit: Profit that counts, quote WAD, floor.
    """

    number: int = 0
    done: bool = False
    profit: int = 0


@dataclass(frozen=True, slots=True)
class LiquidationBook:
    """What only liquidations keep of a market; the marks of accounts are in `Books.resolution_marks`.

    Attributes:
        pushed: Value pushed through the curve, at the index when it was pushed; empties in five minutes.
        losses: What the pool paid for debts; forgotten in a day.
        resolution: The present or last one.
        held: Whether a resolution made the market reduce-only, until governance reopens it.
    """

    pushed: Window = Window()
    losses: Window = Window()
    resolution: Resolution = Resolution()
    held: bool = False


@dataclass(frozen=True, slots=True)
class Restriction:
    """What the guardian did to a market last; times are seconds.

    Attributes:
        by: Address of the guardian behind the present status; zero: governance.
        until: From when on anyone may lift it; 0 = nothing of the guardian's to lift.
        rested_at: From when on the guardian may restrict the market again.
        standing: Status that lifting leaves: what governance had set.
    """

    by: str = "0x" + "00" * 20
    until: int = 0
    rested_at: int = 0
    standing: int = 0


@dataclass(frozen=True, slots=True)
class CollateralTerms:
    """Terms of a kind of collateral.

    Attributes:
        cap: Most that all accounts together may have, token units.
        haircut_bps: Part of the value that counts for nothing; a higher one reaches maintenance over a week.
        discount_bps: Least discount at which collateral is sold.
        fresh_seconds: Price age up to which it counts for new risk and is taken or sold.
        floor: Price below which nothing is taken, and nothing counts for new risk, WAD quote; 0 = none.
        ceiling: What a whole token counts for at most, WAD quote.
        oracle: Hub of the kind.
    """

    cap: int
    haircut_bps: int
    discount_bps: int
    fresh_seconds: int
    floor: int
    ceiling: int
    oracle: str


@dataclass(frozen=True, slots=True)
class CollateralKind:
    """A listed kind of collateral.

    Attributes:
        token: Its token.
        decimals: Of the token.
        haircut_before: The haircut that maintenance comes from, bps; `haircut_since` since when, seconds.
        held: Token units of all accounts.
        terms: In force.
    """

    token: str
    decimals: int
    haircut_before: int
    haircut_since: int
    held: int
    terms: CollateralTerms
