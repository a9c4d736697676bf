"""What a stress replay is made of, and the deployment it runs on."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum

from keel.config.deployment import DeploymentSettings, MarketSettings, load_deployment
from keel.errors import ConfigError
from keel.sim.candles import PRICE_DECIMALS
from keel.sim.stress.window import Window

LEAST_LEVERAGE, MOST_LEVERAGE = 2, 50

# Price at which a preset's depth per share is meant; at another price the market has the same depth in quote.
_PRICE_OF_DEPTH = 120_000
_WAD_STEP = Decimal("1e-18")
_LEAST_ACCOUNTS = 4


class Entry(StrEnum):
    """When the accounts open: before the first price, or just before the hour with the deepest fall."""

    START = "start"
    BRINK = "brink"


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who trades.

    Attributes:
        accounts: Number of accounts, over all markets.
        least: Smallest leverage.
        most: Largest leverage that anyone asks for; the initial margin may allow less.
        short_percent: Part of the open interest that is short, percent, below 50.
        spread_percent: Standard deviation of the logarithm of sizes, percent; 0 makes all of a side equal. At
            100 the largest tenth of many accounts holds two fifths.
    """

    accounts: int = 500
    least: int = LEAST_LEVERAGE
    most: int = MOST_LEVERAGE
    short_percent: int = 25
    spread_percent: int = 100


@dataclass(frozen=True, slots=True)
class Money:
    """Whole quote units.

    Attributes:
        pool: Equity of each market's pool.
        insurance_bps: Stake of the insurance over all pools together, bps.
        fill_percent: Utilization that the accounts together reach, percent.
    """

    pool: int = 10_000_000
    insurance_bps: int = 200
    fill_percent: int = 90


@dataclass(frozen=True, slots=True)
class StressSettings:
    """One replay.

    Attributes:
        window: Prices.
        deployment: Parameters; the market of the same name counts, else the first one.
        crowd: Who trades.
        money: How much there is.
        entry: When they open.
        latency: Steps between the price that makes an account liquidatable and its liquidation.
        seed: Of sizes, sides and leverages.
    """

    window: Window
    deployment: DeploymentSettings
    crowd: Crowd = Crowd()
    money: Money = Money()
    entry: Entry = Entry.START
    latency: int = 0
    seed: int = 1

    def check(self) -> None:
        """Refuse what cannot be run.

        Raises:
            ConfigError: A number is out of range.
        """
        crowd, money = self.crowd, self.money
        least = _LEAST_ACCOUNTS * len(self.window.markets)
        if crowd.accounts < least:
            raise ConfigError(f"{crowd.accounts} accounts", f"give at least {least}")
        if not 1 <= crowd.least <= crowd.most:
            raise ConfigError(f"leverage {crowd.least} to {crowd.most}", "give 1 or more, in order")
        if not 1 <= crowd.short_percent < 50:
            raise ConfigError(f"{crowd.short_percent} % short", "give 1 to 49")
        if crowd.spread_percent < 0:
            raise ConfigError(f"a spread of {crowd.spread_percent} %", "give 0 or more")
        if money.pool < 1 or money.insurance_bps < 0 or not 1 <= money.fill_percent <= 100:
            raise ConfigError(
                "pool, insurance or fill out of range", "give 1 or more, 0 bps or more, 1 to 100 %"
            )
        if self.latency < 0:
            raise ConfigError(f"a latency of {self.latency} steps", "give 0 or more")

    def insurance(self) -> int:
        """Stake of the insurance, whole quote units, floor."""
        return self.money.pool * len(self.window.markets) * self.money.insurance_bps // 10_000

    def markets(self) -> DeploymentSettings:
        """What is deployed: one market for each of the window, with the depth of its first price."""
        made = tuple(
            _scaled(_parameters(self.deployment, name), name, candles.bars[0].open)
            for name, candles in self.window.candles.items()
        )
        return self.deployment.model_copy(update={"markets": made})


def shipped(window: Window, preset: str = "local") -> StressSettings:
    """A replay with the parameters of a preset or a .toml file."""
    return StressSettings(window, load_deployment(preset))


def with_leverage(deployment: DeploymentSettings, most: int) -> DeploymentSettings:
    """The same deployment with no initial rate below 1 / `most`; `most` divides 10,000."""
    least = Decimal(1) / most
    markets = tuple(
        market.model_copy(
            update={
                "brackets": tuple(
                    bracket.model_copy(update={"initial": max(bracket.initial, least)})
                    for bracket in market.brackets
                )
            }
        )
        for market in deployment.markets
    )
    return deployment.model_copy(update={"markets": markets})


def with_depth(deployment: DeploymentSettings, times: int) -> DeploymentSettings:
    """The same deployment with every curve that many times as deep."""
    markets = tuple(
        market.model_copy(update={"depth_per_share": market.depth_per_share * times})
        for market in deployment.markets
    )
    return deployment.model_copy(update={"markets": markets})


def depth_of(market: MarketSettings) -> int:
    """Depth of the curve, quote for each quote in a new pool, to the nearest."""
    return round(market.depth_per_share * _PRICE_OF_DEPTH)


def _parameters(deployment: DeploymentSettings, name: str) -> MarketSettings:
    return next((market for market in deployment.markets if market.name == name), deployment.markets[0])


def _scaled(market: MarketSettings, name: str, price: int) -> MarketSettings:
    depth = market.depth_per_share * _PRICE_OF_DEPTH / Decimal(price).scaleb(-PRICE_DECIMALS)
    exact = depth.quantize(_WAD_STEP, ROUND_HALF_EVEN)
    return market.model_copy(update={"name": name, "depth_per_share": exact})
