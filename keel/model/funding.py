"""Twin of `funding/FundingMath.sol`, and what the core and a funding model say to each other.

A long pays ceil(w(|s|) * dU) and receives floor(|s| * dW); a short the mirror. w >= |s| is the size by tiers;
what it adds over |s| is the surplus, for the insurance. Example: 1 base long, index 51,000, +1 bp for 8 h:
dU = 5.1, the long pays 5.10.
"""

from dataclasses import dataclass
from typing import Protocol

from keel.model.fixed import PPM, cast, div_ceil
from keel.model.records import Market, Position, SizeTiers
from keel.units import RAY

EIGHT_HOURS = 28_800


@dataclass(frozen=True, slots=True)
class FundingInput:
    """Everything a funding model may depend on, as it was before the touching call and constant since.

    Attributes:
        state: The model's own state of the market, as last returned; 32 bytes.
        since: Start of the accrual, seconds.
        elapsed: Length of the accrual, seconds.
        premium: mark / index - 1, WAD.
        utilization: Utilization with the sign of the net position, WAD, at most 1e36 in size.
        sigma: Annualised index volatility, WAD.
        long_interest: Sum of long sizes, base WAD.
        short_interest: Sum of short sizes, base WAD.
    """

    state: bytes = bytes(32)
    since: int = 0
    elapsed: int = 0
    premium: int = 0
    utilization: int = 0
    sigma: int = 0
    long_interest: int = 0
    short_interest: int = 0


@dataclass(frozen=True, slots=True)
class FundingRates:
    """What a model says of a market, WAD per 8 h; positive: longs pay.

    Attributes:
        current: Rate now, trunc.
        target: Rate at which funding settles if nothing changes.
        interest: Interest component of the target; 0 where a model has none.
        fast: Rate of the short horizon.
        slow: Rate of the long horizon.
    """

    current: int
    target: int
    interest: int
    fast: int
    slow: int


class FundingModel(Protocol):
    """Twin of `IFundingModel`. Rates are WAD per 8 h, positive when longs pay."""

    def initial_state(self, given: FundingInput) -> bytes:
        """State of a market whose funding has rested at the given input for ever."""

    def accrue(self, given: FundingInput) -> tuple[bytes, int, int]:
        """Advance the state and integrate the rate over `elapsed`.

        Returns:
            State at the end; integral of the rate in units of 8 hours, RAY, trunc; distance of the rate
            from its own slow mean at the end, in standard deviations, WAD, trunc.
        """

    def rates(self, given: FundingInput) -> FundingRates:
        """What the model says of the input's state. Ignores `elapsed`."""

    def caps(self) -> tuple[int, int]:
        """Most that longs pay and most that shorts pay, WAD per 8 h, both positive."""


def due(market: Market, tiers: SizeTiers, position: Position) -> tuple[int, int, int]:
    """What a position owes and is owed since its last settlement, quote WAD.

    Returns:
        Paid, ceil, the surplus included; received, floor; the part of what is paid that the size tiers add.
    """
    if position.size == 0:
        return 0, 0, 0
    by_longs = cast(market.longs_paid - position.longs_paid, 128)
    by_shorts = cast(market.shorts_paid - position.shorts_paid, 128)
    return due_between(position.size, tiers, by_longs, by_shorts)


def due_between(signed_size: int, tiers: SizeTiers, by_longs: int, by_shorts: int) -> tuple[int, int, int]:
    """What a position owes and is owed for what the two sides paid, as `due` gives it.

    Args:
        signed_size: Base WAD, long positive.
        tiers: Size tiers of the market.
        by_longs: What the index of longs rose by, RAY quote per base.
        by_shorts: What that of shorts rose by.
    """
    size = abs(signed_size)
    pay, receive = (by_longs, by_shorts) if signed_size > 0 else (by_shorts, by_longs)
    paid = div_ceil(weighted(tiers, size) * pay, RAY)
    return paid, size * receive // RAY, paid - div_ceil(size * pay, RAY)


def weighted(tiers: SizeTiers, size: int) -> int:
    """w(|s|): the size by marginal tiers, base WAD, ceil.

    Example: tiers of 100 at 1, up to 500 at 1.25, the rest at 1.5: 700 weigh 100 + 500 + 300 = 900.
    """
    if tiers.limit1 == 0 or size <= tiers.limit1:
        return size
    middle = min(size, tiers.limit2) - tiers.limit1
    top = max(size - tiers.limit2, 0)
    added = middle * (tiers.weight2_ppm - PPM) + top * (tiers.weight3_ppm - PPM)
    return size + div_ceil(added, PPM)
