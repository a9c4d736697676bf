"""Parameters of the compared models, and a TOML file that overrides them.

    [premium]      interest, deadzone, cap_longs_pay, cap_shorts_pay, offset_seconds, ...
    [velocity]     velocity, skew_scale (per unit of depth), deadband, leak_seconds, ...
    [adaptive]     increase, decrease, increase_threshold, rate_max, ...
    [layered]      interest, deadzone, convexity, slow_weight, fast_seconds, ...
    [skew]         max_skew (part of depth), full_premium (premium of full skew)

Keys and units are those of deployment settings: rates are fractions per 8 h, times whole seconds.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import Field, ValidationError

from keel.config.deployment import load_deployment
from keel.config.funding import AdaptiveSettings, AnyFunding, PremiumSettings, VelocitySettings, load_funding
from keel.config.settings import Settings, Wad, problem_of
from keel.errors import ConfigError
from keel.model.adaptive import AdaptiveParams
from keel.model.errors import Refused
from keel.model.fixed import sqrt
from keel.model.funding import EIGHT_HOURS
from keel.model.layered import LayeredParams
from keel.model.models import AnyModel, make_model
from keel.model.premium import PremiumParams, Smoothing
from keel.model.velocity import VelocityParams
from keel.units import WAD, format_wad, parse_wad

PREMIUM, WEIGHTED, VELOCITY, ADAPTIVE, LAYERED = (
    "premium",
    "premium, weighted",
    "velocity",
    "adaptive",
    "layered",
)
# The exchange's cap: 0.75 of the lowest maintenance rate.
MARKETS: Mapping[str, str] = MappingProxyType({"BTC": "0.003", "ETH": "0.00375"})

_INTERVALS = ("interval", "weighted_interval")


class SkewSettings(Settings):
    """How a premium becomes a skew (see funding_compare_inputs)."""

    max_skew: Wad = Field(gt=0, lt=1)
    """End of the band, part of depth: utilization is 1 there."""
    full_premium: Wad = Field(default=Decimal("0.005"), gt=0, lt=1)
    """Premium of the skew that counts as full: velocity and imbalance are whole there."""


@dataclass(frozen=True, slots=True)
class ModelSetting:
    """One compared model.

    Attributes:
        name: What it is called in tables.
        settings: Its parameters as people write them.
        model: Its twin.
    """

    name: str
    settings: AnyFunding
    model: AnyModel

    @property
    def in_intervals(self) -> bool:
        """Whether it charges at the ends of intervals only, not at all times."""
        return isinstance(self.settings, PremiumSettings) and self.settings.smoothing in _INTERVALS


@dataclass(frozen=True, slots=True)
class CompareSettings:
    """Everything that a comparison depends on besides its series.

    Attributes:
        models: In the order of the table.
        skew: How a premium becomes a skew.
        exchange: The form that the exchange charges: the premium model over intervals.
        base_sigma: Volatility before the first return, annualised, WAD.
    """

    models: tuple[ModelSetting, ...]
    skew: SkewSettings
    exchange: PremiumSettings
    base_sigma: int


def load_settings(market: str, path: Path | None = None) -> CompareSettings:
    """The parameters of a market, or what a TOML file says instead.

    Premium is the exchange's form. Velocity and adaptive follow their sources where a premium that does not
    answer to them allows it: without a leak or a fall they would only tell how long the premium had one sign.

    Args:
        market: One of `MARKETS`; it sets the exchange's cap.
        path: TOML file with overrides.

    Raises:
        ConfigError: The file cannot be read, names something unknown, or a model refuses a value.
    """
    tables = _Tables(path)
    local = load_deployment().markets[0]
    skew = tables.skew(local.max_skew)
    full = format_wad(skew_at(parse_wad(skew.full_premium)))
    caps = {"cap_longs_pay": MARKETS[market], "cap_shorts_pay": MARKETS[market]}
    leaky = {"velocity": "0.0024", "skew_scale": full, "deadband": "0.1", "leak_seconds": 86_400, **caps}
    chosen = {
        PREMIUM: tables.funding(PREMIUM, {"smoothing": "interval", **caps}),
        VELOCITY: tables.funding(VELOCITY, leaky),
        ADAPTIVE: tables.funding(ADAPTIVE, {"increase_threshold": "0.1", "decrease_threshold": "0.1"}),
        LAYERED: tables.funding(LAYERED, local.funding.model_dump(exclude={"model"})),
    }
    tables.finish()
    exchange = chosen[PREMIUM]
    if not isinstance(exchange, PremiumSettings):
        raise TypeError(PREMIUM)
    weighted = exchange.model_copy(update={"smoothing": "weighted_interval"})
    if exchange.smoothing == "interval":
        chosen = {PREMIUM: exchange, WEIGHTED: weighted, **chosen}
    models = tuple(ModelSetting(name, one, tables.twin(name, one)) for name, one in chosen.items())
    return CompareSettings(models, skew, exchange, parse_wad(local.base_sigma))


def at_once(settings: PremiumSettings) -> ModelSetting:
    """The exchange's form without averaging."""
    changed = settings.model_copy(update={"smoothing": "spot"})
    return ModelSetting(f"{PREMIUM}, at once", changed, make_twin(changed))


def exchange_at(settings: PremiumSettings, cap: str, offset_seconds: int) -> ModelSetting:
    """The exchange's form over plain 8-hour intervals with another cap and other settlement times."""
    caps = {"cap_longs_pay": Decimal(cap), "cap_shorts_pay": Decimal(cap)}
    plain = {"smoothing": "interval", "smoothing_seconds": EIGHT_HOURS, "offset_seconds": offset_seconds}
    changed = settings.model_copy(update=caps | plain)
    return ModelSetting(PREMIUM, changed, make_twin(changed))


def skew_at(premium: int) -> int:
    """Net position on the curve at a premium (WAD, above -1), part of depth, WAD: 1 - 1 / sqrt(1 + p)."""
    return WAD - sqrt(WAD**3 // (WAD + premium))


def make_twin(settings: AnyFunding) -> AnyModel:
    """The model with these parameters.

    Raises:
        Refused: The contract's constructor would refuse them.
    """
    values = settings.abi()
    match settings:
        case PremiumSettings():
            values["smoothing"] = Smoothing(values["smoothing"])
            return make_model(PREMIUM, PremiumParams(*values.values()))
        case VelocitySettings():
            return make_model(VELOCITY, VelocityParams(*values.values()))
        case AdaptiveSettings():
            return make_model(ADAPTIVE, AdaptiveParams(*values.values()))
    return make_model(LAYERED, LayeredParams(*values.values()))


class _Tables:
    """The tables of an overriding file; each is used once."""

    def __init__(self, path: Path | None) -> None:
        self._name = path.name if path else "shipped parameters"
        self._left: dict[str, Any] = {}
        if path is None:
            return
        try:
            self._left = tomllib.loads(path.read_text(), parse_float=Decimal)
        except OSError as problem:
            reason = problem.strerror or type(problem).__name__
            raise ConfigError(f"cannot read {path} ({reason})", "check the path") from None
        except ValueError as problem:
            raise ConfigError(f"{path.name} is no TOML ({problem})", "correct it") from None

    def funding(self, model: str, base: Mapping[str, object]) -> AnyFunding:
        """The reference set of a model with the values of `base`, then of the model's table."""
        try:
            return load_funding(model=model, changes={**base, **self._take(model)})
        except ConfigError as problem:
            raise ConfigError(f"{self._name}: {problem.message}", problem.remedy) from None

    def skew(self, max_skew: Decimal) -> SkewSettings:
        """How a premium becomes a skew, with the values of its table."""
        try:
            return SkewSettings.model_validate({"max_skew": max_skew, **self._take("skew")})
        except ValidationError as problem:
            where, what = problem_of(problem)
            raise ConfigError(f"{self._name}: skew.{where}: {what}", "correct that value") from None

    def finish(self) -> None:
        """Refuse tables that nothing used."""
        if self._left:
            known = ", ".join((PREMIUM, VELOCITY, ADAPTIVE, LAYERED, "skew"))
            raise ConfigError(f"{self._name}: nothing is called {next(iter(self._left))}", f"use {known}")

    def twin(self, name: str, settings: AnyFunding) -> AnyModel:
        """The model, or the file's mistake."""
        try:
            return make_twin(settings)
        except Refused as problem:
            remedy = "choose values inside the contract's bounds"
            raise ConfigError(f"{self._name}: {name}: {problem.message}", remedy) from None

    def _take(self, name: str) -> dict[str, Any]:
        table = self._left.pop(name, {})
        if not isinstance(table, dict):
            raise ConfigError(f"{self._name}: {name} is no table", f"write [{name}] and its values below it")
        return table
