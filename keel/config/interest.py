"""Where the interest of a funding model comes from, if not from a fixed parameter (see IInterestSource)."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from keel.config.settings import Seconds, Settings, SignedWad, Wad
from keel.units import parse_wad


class FixedSource(Settings):
    """A fixed rate (FixedInterest)."""

    kind: Literal["fixed"]
    annual_rate: SignedWad
    """Simple rate per year, a fraction of either sign: 0.0005 is 0.05 % a year."""

    def arguments(self) -> tuple[int]:
        """What the constructor takes."""
        return (parse_wad(self.annual_rate),)


class LendingSource(Settings):
    """Realised yield of an ERC-4626 lending vault (LendingYield)."""

    kind: Literal["lending"]
    vault: str = Field(pattern="^0x[0-9a-fA-F]{40}$")
    """Address of the vault."""
    window_seconds: Seconds = 86_400
    """Shortest time between updates, one hour to 30 days."""
    most: Wad = Decimal("0.3")
    """Largest yield shown, either sign, a fraction per year above 0, at most 1."""

    def arguments(self) -> tuple[str, int, int]:
        """What the constructor takes."""
        return self.vault, self.window_seconds, parse_wad(self.most)


class DifferenceSource(Settings):
    """Cost of lending the quote currency less that of lending the base (RateDifference)."""

    kind: Literal["difference"]
    quote: "InterestSource"
    """Source of the quote currency's rate."""
    base: "InterestSource"
    """Source of the base currency's rate."""


InterestSource = Annotated[FixedSource | DifferenceSource | LendingSource, Field(discriminator="kind")]
