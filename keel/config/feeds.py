"""Where a market's price comes from: typed sources in order, and what is believable.

One source is believed alone, of two the first is checked against the second, of three the median counts (see
IOracleHub). Fractions where the contracts have bps; whatever does not fit the unit exactly is refused.
"""

import re
from decimal import Decimal
from typing import Annotated, Any, Literal

from eth_utils.address import is_checksum_address, is_checksum_formatted_address
from pydantic import AfterValidator, Field, model_validator

from keel.config.settings import Number, Settings, Wad
from keel.errors import DataError
from keel.units import BPS, parse_units, parse_wad

SOURCE_COUNTS = (1, 2, 3)
MAX_PRICE_DECIMALS = 18
#: What a stored price has room for, WAD.
MAX_PRICE = 2**88 - 1

# Bounds of PythSource, UniswapV3Source and OracleHub; a test holds them together.
PYTH_HEARTBEAT = (1, 60)
PYTH_CONFIDENCE_BPS = (1, 500)
POOL_WINDOW = (300, 86_400)
LIMITS_BPS = {
    "max_deviation": (1, 1_000),
    "max_confidence": (1, 1_000),
    "max_volatile": (100, 5_000),
    "clamp": (100, 5_000),
}

_HEX = re.compile(r"0x[0-9a-fA-F]*")


def _hex(value: str, digits: int, what: str) -> str:
    text = value.strip()
    if not _HEX.fullmatch(text) or len(text) != 2 + digits:
        raise ValueError(f"{value!r} is no {what}, write 0x and {digits} hexadecimal digits")
    if int(text, 16) == 0:
        raise ValueError(f"{value!r} stands for none, put the {what} in its place")
    return text


def _address(value: str) -> str:
    text = _hex(value, 40, "address")
    if is_checksum_formatted_address(text) and not is_checksum_address(text):
        raise ValueError(f"{value!r} has a wrong checksum, copy it again")
    return text


def _word(value: str) -> str:
    return _hex(value, 64, "price id")


Address = Annotated[str, AfterValidator(_address)]
PriceId = Annotated[str, AfterValidator(_word)]


def _between(low: int, high: int) -> AfterValidator:
    def check(value: int) -> int:
        if not low <= value <= high:
            raise ValueError(f"{value} is outside {low} to {high}, choose a value inside")
        return value

    return AfterValidator(check)


class ChainlinkSettings(Settings):
    """A Chainlink feed, or anything that speaks AggregatorV3 (ChainlinkSource).

    Attributes:
        aggregator: Address of the feed's proxy; None deploys one that anyone sets, for local chains.
        decimals: Decimals of its answers.
        heartbeat_seconds: Longest age of an answer: the feed's heartbeat and a margin for late rounds.
    """

    kind: Literal["chainlink"]
    aggregator: Address | None = None
    decimals: Annotated[int, _between(0, MAX_PRICE_DECIMALS)] = 8
    heartbeat_seconds: Annotated[int, _between(1, 7 * 86_400)] = 3_720

    def arguments(self, aggregator: Any) -> tuple[Any, ...]:
        """What the adapter's constructor takes, over that aggregator."""
        return aggregator, self.heartbeat_seconds

    @property
    def reads(self) -> str | None:
        """What tells it from other feeds; None for one that is yet to be deployed."""
        return self.aggregator

    @property
    def answers(self) -> dict[str, Any]:
        """What the deployed adapter must say of itself, by view."""
        told: dict[str, Any] = {"heartbeat": self.heartbeat_seconds}
        return told if self.aggregator is None else {**told, "AGGREGATOR": self.aggregator}


class PythSettings(Settings):
    """A Pyth feed (PythSource): whoever wants its price pushes it and pays for it (PythUpdater).

    Attributes:
        contract: Address of Pyth on this chain; one for the whole deployment.
        price_id: Id of the price feed, 32 bytes; the same on all chains.
        heartbeat_seconds: Longest age of a pushed price, at most a minute.
        confidence: Widest confidence interval (half of it) that is a price, as a fraction of it.
    """

    kind: Literal["pyth"]
    contract: Address
    price_id: PriceId
    heartbeat_seconds: Annotated[int, _between(*PYTH_HEARTBEAT)] = 60
    confidence: Number = Decimal("0.02")

    @model_validator(mode="after")
    def _in_bounds(self) -> "PythSettings":
        bps_of("confidence", self.confidence, *PYTH_CONFIDENCE_BPS)
        return self

    def arguments(self) -> tuple[Any, ...]:
        """What the adapter's constructor takes."""
        confidence = parse_units(self.confidence, 4)
        return self.contract, self.id_bytes, self.heartbeat_seconds, confidence

    @property
    def reads(self) -> str | None:
        """What tells it from other feeds."""
        return self.price_id

    @property
    def id_bytes(self) -> bytes:
        """The price id as a word."""
        return bytes.fromhex(self.price_id[2:])

    @property
    def answers(self) -> dict[str, Any]:
        """What the deployed adapter must say of itself, by view."""
        bounds = {"heartbeat": self.heartbeat_seconds, "CONFIDENCE_BPS": parse_units(self.confidence, 4)}
        return {"PYTH": self.contract, "ID": self.id_bytes, **bounds}


class UniswapSettings(Settings):
    """Average of a Uniswap v3 pool (UniswapV3Source).

    Attributes:
        pool: Address of the pool of base and quote.
        base_token: Address of the token whose price it is.
        window_seconds: Length of the average, five minutes to a day.
        min_liquidity: Least harmonic mean of the liquidity in range, in the pool's units.
        block_seconds: Shortest time between blocks of this chain; how much the pool must remember follows.
    """

    kind: Literal["uniswap"]
    pool: Address
    base_token: Address
    window_seconds: Annotated[int, _between(*POOL_WINDOW)] = 1_800
    min_liquidity: Annotated[int, _between(1, 2**128 - 1)]
    block_seconds: Annotated[int, _between(1, POOL_WINDOW[1])] = 12

    @model_validator(mode="after")
    def _in_bounds(self) -> "UniswapSettings":
        if self.block_seconds > self.window_seconds:
            problem = f"block_seconds {self.block_seconds} is above window_seconds {self.window_seconds}"
            raise ValueError(f"{problem}, choose a longer window")
        return self

    def arguments(self) -> tuple[Any, ...]:
        """What the adapter's constructor takes."""
        return self.pool, self.base_token, self.window_seconds, self.min_liquidity, self.block_seconds

    @property
    def reads(self) -> str | None:
        """What tells it from other feeds."""
        return self.pool

    @property
    def answers(self) -> dict[str, Any]:
        """What the deployed adapter must say of itself, by view."""
        return {"POOL": self.pool, "heartbeat": self.window_seconds, "MIN_LIQUIDITY": self.min_liquidity}


AnySource = Annotated[ChainlinkSettings | PythSettings | UniswapSettings, Field(discriminator="kind")]


class FeedSettings(Settings):
    """Where a market's price comes from.

    Attributes:
        sources: One; or a primary and a reference; or three, whose median counts.
        min_price: Lowest believable price, quote per base.
        max_price: Highest believable price.
        max_deviation: Largest believable disagreement between sources, a fraction.
        max_confidence: Half-width of a confidence interval beyond which a price is uncertain, a fraction.
        max_volatile: Distance of index from TWAP beyond which the price is volatile, a fraction.
        clamp: Largest step of a TWAP sample, a fraction.
    """

    sources: tuple[AnySource, ...]
    min_price: Wad
    max_price: Wad
    max_deviation: Number
    max_confidence: Number
    max_volatile: Number
    clamp: Number

    @model_validator(mode="after")
    def _in_bounds(self) -> "FeedSettings":
        if len(self.sources) not in SOURCE_COUNTS:
            raise ValueError(f"sources has {len(self.sources)} entries, list one, two or three")
        kinds = [source.kind for source in self.sources]
        if len(kinds) == 1 and kinds[0] != "chainlink":
            raise ValueError(f"sources has a {kinds[0]} alone, which others can lead: add a second source")
        named = [source.reads.lower() for source in self.sources if source.reads is not None]
        if len(set(named)) != len(named):
            raise ValueError(f"sources has {max(named, key=named.count)} twice, name another feed")
        if not 0 < parse_wad(self.min_price) <= parse_wad(self.max_price) <= MAX_PRICE:
            span = f"min_price {self.min_price:f} to max_price {self.max_price:f}"
            raise ValueError(f"{span} is no range, put them in order, above 0 and below 3 * 10^8")
        for name, bounds in LIMITS_BPS.items():
            bps_of(name, getattr(self, name), *bounds)
        return self

    def abi(self, sources: list[str]) -> dict[str, Any]:
        """The Feed struct over deployed sources."""
        limits = {
            "minPrice": parse_wad(self.min_price),
            "maxPrice": parse_wad(self.max_price),
            "maxDeviationBps": parse_units(self.max_deviation, 4),
            "maxConfidenceBps": parse_units(self.max_confidence, 4),
            "maxVolatileBps": parse_units(self.max_volatile, 4),
            "clampBps": parse_units(self.clamp, 4),
        }
        return {"sources": sources, "limits": limits}


def bps_of(name: str, value: Decimal, low: int, high: int) -> int:
    """A fraction in bps. Raises ValueError where it is no whole number of bps, or outside the bounds."""
    try:
        bps = parse_units(value, 4)
    except DataError as problem:
        raise ValueError(f"{name} {value:f} is no whole number of bp ({problem.remedy})") from None
    if not low <= bps <= high:
        span = f"{Decimal(low) / BPS:f} to {Decimal(high) / BPS:f}"
        raise ValueError(f"{name} {value:f} is outside {span}, choose a value inside")
    return bps
