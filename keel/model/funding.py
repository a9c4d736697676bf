"""Twin of `funding/FundingMath.sol`, and what the core and a funding model say to each other.

A long pays ceil(|s| * dU) and receives floor(|s| * dW); a short the mirror. Example: 1 base long, index
51,000, +1 bp for 8 h: dU = 5.1, the long pays 5.10.
"""

from dataclasses import dataclass
from typing import Protocol

from keel.model.fixed import cast, div_ceil
from keel.model.records import Market, Position
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
    """

    state: bytes = bytes(32)
    since: int = 0
    elapsed: int = 0
    premium: int = 0
    utilization: int = 0
    sigma: int = 0


class FundingModel(Protocol):
    """Twin of `IFundingModel`. Rates are WAD per 8 h, positive when longs pay."""

    def initial_state(self, given: FundingInput) -> bytes:
        """State of a market whose funding has rested at the given input for ever."""

    def accrue(self, given: FundingInput) -> tuple[bytes, int]:
        """State at the end, and the integral of the rate in units of 8 hours, RAY, trunc."""

    def rate(self, given: FundingInput) -> int:
        """Rate now, trunc."""

    def target(self, given: FundingInput) -> int:
        """Rate at which funding settles if nothing changes."""


def due(market: Market, position: Position) -> tuple[int, int]:
    """What a position owes (ceil) and is owed (floor) since its last settlement, quote WAD."""
    size = abs(position.size)
    if size == 0:
        return 0, 0
    by_longs = cast(market.longs_paid - position.longs_paid, 128)
    by_shorts = cast(market.shorts_paid - position.shorts_paid, 128)
    pay, receive = (by_longs, by_shorts) if position.size > 0 else (by_shorts, by_longs)
    return div_ceil(size * pay, RAY), size * receive // RAY
