"""Collateral besides the settlement token: which tokens, how much, and what they count for.

Fractions where the contract has bps, whole tokens where it has token units, prices in quote per whole token.
"""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, model_validator

from keel.config.feeds import MAX_PRICE, Address, FeedSettings, bps_of
from keel.config.settings import Number, Settings, Wad
from keel.errors import ConfigError, DataError
from keel.units import parse_units, parse_wad

# Bounds of CollateralKinds; a test holds them together.
MOST_KINDS = 8
HAIRCUT_BPS = (100, 9_000)
FRESH_SECONDS = (1, 3_600)
MAX_DECIMALS = 18
#: What the contract's count of a kind's tokens has room for, token units.
MAX_TOKENS = 2**128 - 1


class CollateralSettings(Settings):
    """One kind; see CollateralTerms for each term.

    Attributes:
        name: What people call it; steps of the deployment's record carry it.
        token: Its address; None deploys one that anyone mints (local chains and testnets).
        token_decimals: Decimals of a deployed token.
        cap: Most that all accounts together may have, whole tokens.
        haircut: Part of the value that counts for nothing, a fraction.
        discount: Least discount of a sale, a fraction; at most the haircut.
        floor: Price below which the token has lost its peg; 0 = it has none.
        ceiling: What a token counts for at most; None is whatever its price is.
        fresh_seconds: Price age up to which it counts for new risk and is taken or sold, an hour at most.
        feed: Where its price comes from.
    """

    name: str = Field(min_length=1)
    token: Address | None = None
    token_decimals: Annotated[int, Field(ge=0, le=MAX_DECIMALS)] = 18
    cap: Wad
    haircut: Number
    discount: Number
    floor: Wad = Decimal(0)
    ceiling: Wad | None = None
    fresh_seconds: Annotated[int, Field(ge=FRESH_SECONDS[0], le=FRESH_SECONDS[1])]
    feed: FeedSettings

    @model_validator(mode="after")
    def _in_bounds(self) -> "CollateralSettings":
        haircut = bps_of("haircut", self.haircut, *HAIRCUT_BPS)
        bps_of("discount", self.discount, 1, haircut)
        highest = self.ceiling_wad
        if not 0 < highest <= MAX_PRICE:
            raise ValueError(f"ceiling {self.ceiling:f} is no price, put it above 0 and below 3 * 10^8")
        if parse_wad(self.floor) > highest:
            raise ValueError(f"floor {self.floor:f} is above ceiling {self.ceiling:f}, put them in order")
        if self.floor and self.feed.min_price >= self.floor:
            problem = f"feed.min_price {self.feed.min_price:f} is not below floor {self.floor:f}"
            raise ValueError(f"{problem}: a lost peg would look like a broken feed, choose a lower one")
        return self

    @property
    def ceiling_wad(self) -> int:
        """What a token counts for at most, WAD quote."""
        return MAX_PRICE if self.ceiling is None else parse_wad(self.ceiling)

    def terms_abi(self, decimals: int, oracle: str) -> dict[str, Any]:
        """The CollateralTerms struct.

        Args:
            decimals: The token's.
            oracle: Address of the kind's hub.

        Raises:
            ConfigError: The cap is no whole number of token units, or more than fits.
        """
        try:
            cap = parse_units(self.cap, decimals)
        except DataError as problem:
            raise ConfigError(f"cap of {self.name}: {problem.message}", problem.remedy) from None
        if cap > MAX_TOKENS:
            raise ConfigError(f"cap of {self.name} is above 2^128 token units", "choose a lower one")
        return {
            "cap": cap,
            "haircutBps": parse_units(self.haircut, 4),
            "discountBps": parse_units(self.discount, 4),
            "freshSeconds": self.fresh_seconds,
            "floor": parse_wad(self.floor),
            "ceiling": self.ceiling_wad,
            "oracle": oracle,
        }
