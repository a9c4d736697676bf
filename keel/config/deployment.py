"""Deployment settings: read from TOML, checked, and turned into what constructors and `listMarket` take.

People write fractions (0.0005), percentages never; seconds; quote and base units as decimals. Contracts take
ppm, bps and WAD: a value that does not fit their unit exactly is refused, never rounded.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, model_validator

from keel.config.feeds import FeedSettings, PythSettings
from keel.config.funding import FundingSettings
from keel.config.settings import PRESETS, Number, Settings, Wad, problem_of, read_toml
from keel.errors import ConfigError
from keel.units import parse_units, parse_wad

_NO_TIERS = ("limit1", "limit2", "weight2Ppm", "weight3Ppm")


class BracketSettings(Settings):
    """One margin bracket.

    Attributes:
        up_to: Upper end of position value, whole quote units; None for the last one.
        maintenance: Maintenance rate inside the bracket, a fraction.
        initial: Initial rate inside the bracket, a fraction.
    """

    up_to: int | None = None
    maintenance: Number
    initial: Number


class SizeTierSettings(Settings):
    """Marginal weights of what a position pays in funding: 1 up to the first limit.

    Attributes:
        limit1: Upper end of the first tier, base.
        limit2: Upper end of the second tier, base.
        weight2: Weight inside the second tier, 1 to 10.
        weight3: Weight beyond the second tier, at least that of the second.
    """

    limit1: Wad
    limit2: Wad
    weight2: Number
    weight3: Number

    def abi(self) -> dict[str, int]:
        """The SizeTiers struct."""
        return {
            "limit1": parse_wad(self.limit1),
            "limit2": parse_wad(self.limit2),
            "weight2Ppm": parse_units(self.weight2, 6),
            "weight3Ppm": parse_units(self.weight3, 6),
        }


class MarketSettings(Settings):
    """One market; see MarketConfig for each field. Fractions where the contract has ppm or bps.

    Without size tiers every position pays for its size.
    """

    name: str
    taker_fee: Number
    deviation_fee: Number
    insurance_fee_share: Number
    depth_per_share: Number
    max_exposure: Number
    max_skew: Number
    max_side: Number
    hedge: Number
    base_sigma: Number
    fresh_seconds: int
    stale_seconds: int
    heartbeat_seconds: int
    min_notional: int
    penalty_min: Number
    penalty_max: Number
    keeper_share: Number
    target: Number
    window: Number
    loss_cap: Number
    cooldown_seconds: int
    brackets: tuple[BracketSettings, ...] = Field(min_length=4, max_length=4)
    tiers: SizeTierSettings | None = None
    funding: FundingSettings
    feed: FeedSettings

    def brackets_abi(self) -> dict[str, int]:
        """The Brackets struct."""
        limits = {f"limit{i + 1}": bracket.up_to or 0 for i, bracket in enumerate(self.brackets[:3])}
        rates = {
            f"{kind}{i + 1}": parse_units(getattr(bracket, kind), 4)
            for kind in ("maintenance", "initial")
            for i, bracket in enumerate(self.brackets)
        }
        penalties = {
            "penaltyMinBps": parse_units(self.penalty_min, 4),
            "penaltyMaxBps": parse_units(self.penalty_max, 4),
        }
        return {**limits, **rates, **penalties}

    def config_abi(self, funding_model: str) -> dict[str, Any]:
        """The MarketConfig struct of an open market."""
        return {
            "fundingModel": funding_model,
            "takerFeePpm": parse_units(self.taker_fee, 6),
            "deviationFeePpm": parse_units(self.deviation_fee, 6),
            "insuranceFeeSharePpm": parse_units(self.insurance_fee_share, 6),
            "maxSidePpm": parse_units(self.max_side, 6),
            "hedgePercent": parse_units(self.hedge, 2),
            "depthPerShare": parse_wad(self.depth_per_share),
            "maxExposurePpm": parse_units(self.max_exposure, 6),
            "maxSkewPpm": parse_units(self.max_skew, 6),
            "targetBps": parse_units(self.target, 4),
            "baseSigmaBps": parse_units(self.base_sigma, 4),
            "freshSeconds": self.fresh_seconds,
            "staleSeconds": self.stale_seconds,
            "heartbeatSeconds": self.heartbeat_seconds,
            "minNotional": self.min_notional,
            "status": 1,
            "brackets": self.brackets_abi(),
            "tiers": self.tiers.abi() if self.tiers else dict.fromkeys(_NO_TIERS, 0),
        }

    def links_abi(self, vault: str, oracle: str) -> dict[str, Any]:
        """The MarketLinks struct."""
        return {
            "vault": vault,
            "keeperShareBps": parse_units(self.keeper_share, 4),
            "windowPpm": parse_units(self.window, 6),
            "lossCapPpm": parse_units(self.loss_cap, 6),
            "oracle": oracle,
        }


class DeploymentSettings(Settings):
    """A whole deployment.

    Attributes:
        token: Settlement token; None deploys one that anyone mints (local chains and testnets).
        token_decimals: Decimals of a deployed token.
        timelock_seconds: Delay of governance; a day at least on a chain that is not local.
        insurance_cooldown_seconds: Time between request and claim of an insurance redemption.
        governor: Proposer of the timelock; None is the deployer, on local chains only.
        canceller: Who may cancel what the governor proposed; None is nobody but the governor.
        guardian: Who may restrict markets for a while; None is the deployer, on local chains only.
        sequencer_feed: Uptime feed of a rollup's sequencer; None on a chain that has none.
        sequencer_grace_seconds: How long after an outage nobody may open, and only the worst are liquidated.
        markets: Markets to list, in order of their ids.
    """

    token: str | None = None
    token_decimals: int = 6
    timelock_seconds: int = Field(172_800, ge=0, le=2_592_000)
    insurance_cooldown_seconds: int = 604_800
    governor: str | None = None
    canceller: str | None = None
    guardian: str | None = None
    sequencer_feed: str | None = None
    sequencer_grace_seconds: int = 3_600
    markets: tuple[MarketSettings, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_pyth(self) -> "DeploymentSettings":
        named = {source.contract.lower(): source.contract for source in self._pyth_sources()}
        if len(named) > 1:
            raise ValueError(f"sources name Pyth as {' and '.join(named.values())}, a chain has one")
        return self

    @property
    def pyth(self) -> str | None:
        """Pyth's contract on this chain; None where no market reads it."""
        return next((source.contract for source in self._pyth_sources()), None)

    def _pyth_sources(self) -> Iterator[PythSettings]:
        for market in self.markets:
            yield from (source for source in market.feed.sources if isinstance(source, PythSettings))


def load_deployment(name_or_path: str = "local") -> DeploymentSettings:
    """Read a preset by name or a TOML file by path.

    Raises:
        ConfigError: There is no such preset or file, it is not TOML, or a value is wrong (it is named).
    """
    raw = read_toml(PRESETS, name_or_path, "deployment settings")
    try:
        return DeploymentSettings.model_validate(raw)
    except ValidationError as problem:
        where, what = problem_of(problem)
        name = Path(name_or_path).name
        raise ConfigError(f"{name}: {where}: {what}", "correct that value") from None
