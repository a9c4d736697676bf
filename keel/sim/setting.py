"""Deployment settings and timing of a market day."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from keel.config.deployment import DeploymentSettings, load_deployment
from keel.errors import ConfigError
from keel.sim.candles import PRICE_DECIMALS, Candles
from keel.sim.feed import Outage
from keel.sim.paths import Step, steps

# The price history must cover the five-minute average before the first trade.
WARM_UP_SECONDS = 420

# Quote of curve depth per quote of liquidity.
_DEPTH_PER_QUOTE = Decimal(75)
# A move beyond this factor within a day is not believable.
_PRICE_RANGE = 20
_WAD_STEP = Decimal("1e-18")


@dataclass(frozen=True, slots=True)
class DaySettings:
    """What a market day is made of.

    Attributes:
        candles: Prices.
        real: Whether they are market data, not simulation.
        deployment: What to deploy.
        path: Price at every step.
        outage: When the feed fails.
        seed: Seed of the participants.
        traders: Number of traders.
    """

    candles: Candles
    real: bool
    deployment: DeploymentSettings
    path: tuple[Step, ...]
    outage: Outage
    seed: int
    traders: int

    @property
    def genesis(self) -> int:
        """Latest time at which the chain may begin, seconds since 1970."""
        return self.path[0].time - WARM_UP_SECONDS

    @property
    def outage_step(self) -> int:
        """First step without a feed."""
        return next(i for i, step in enumerate(self.path) if step.time >= self.outage.start)


def market_day(
    candles: Candles, *, real: bool, seed: int, traders: int = 26, outage_minutes: int = 15
) -> DaySettings:
    """Settings for a series of candles.

    The feed fails seven twelfths into the day. Depth and sane bounds follow the first price, so that any
    market can be replayed with the same preset.

    Raises:
        ConfigError: The series is too short for the outage, or there is no trader.
    """
    path = tuple(steps(candles))
    length = path[-1].time - path[0].time
    if traders < 1:
        raise ConfigError(f"{traders} traders", "give at least one")
    if length < 8 * 60 * outage_minutes // 2:
        raise ConfigError(f"{length // 60} minutes of prices", f"give at least {4 * outage_minutes}")
    start = path[0].time + length * 7 // 12 // 60 * 60
    outage = Outage(start, start + 60 * outage_minutes)
    return DaySettings(candles, real, _scaled(path[0].price), path, outage, seed, traders)


def _scaled(first_price: int) -> DeploymentSettings:
    price = Decimal(first_price).scaleb(-PRICE_DECIMALS)
    preset = load_deployment("demo")
    market = preset.markets[0]
    feed = market.feed.model_copy(
        update={"min_price": _exact(price / _PRICE_RANGE), "max_price": _exact(price * _PRICE_RANGE)}
    )
    depth = _exact(_DEPTH_PER_QUOTE / price)
    scaled = market.model_copy(update={"depth_per_share": depth, "feed": feed})
    return preset.model_copy(update={"markets": (scaled,)})


def _exact(value: Decimal) -> Decimal:
    return value.quantize(_WAD_STEP, ROUND_HALF_EVEN)
