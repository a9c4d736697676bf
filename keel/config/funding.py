"""Funding settings: which model charges a market, its parameters in human units, and reference sets.

Fractions where the contracts take WAD; rates are fractions per 8 hours. Bounds are the contracts' own: a
value that a contract would refuse can be written down, and is refused when the model is deployed.
"""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, ValidationError

from keel.config.interest import InterestSource
from keel.config.settings import PRESETS, Seconds, Settings, Wad, camel, preset_names, problem_of, read_toml
from keel.errors import ConfigError
from keel.units import parse_wad

NO_SOURCE = "0x" + "00" * 20
DEFAULT_MODEL = "layered"

_FOLDER = PRESETS / "funding"
_STANDARD_DEVIATION = Decimal("0.0003")
_THREE_DAYS = 259_200

# Members of the contracts' enum, in order.
Smoothing = Literal["spot", "exponential", "slew", "interval", "weighted_interval"]


class _ModelSettings(Settings):
    def abi(self, interest_source: str = NO_SOURCE) -> dict[str, Any]:
        """The struct that the contract's constructor takes, in its order and spelling.

        Args:
            interest_source: Address of the deployed interest source; zero where there is none.
        """
        struct: dict[str, Any] = {}
        for name, value in self:
            if name == "interest_source":
                struct[camel(name)] = interest_source
            elif name == "smoothing":
                struct[camel(name)] = get_args(Smoothing).index(value)
            elif name != "model":
                struct[camel(name)] = parse_wad(value) if isinstance(value, Decimal) else value
        return struct


class LayeredSettings(_ModelSettings):
    """Leaky integrators over a non-linear target: Keel's own model (LayeredMath, LayeredFunding)."""

    model: Literal["layered"] = "layered"
    interest: Wad
    """Interest at or below the base volatility, per 8 h; unused with an interest source."""
    interest_max: Wad
    """Highest interest, per 8 h."""
    interest_beta: Wad
    """Growth of interest per unit of relative excess volatility."""
    base_sigma: Wad
    """Base volatility, annualised."""
    deadzone: Wad
    """Half-width of the dead zone around the interest, per 8 h."""
    convexity: Wad
    """Scale of the convexity: the excess, per 8 h, at which the rate is 1.72 times as large."""
    premium_factor: Wad
    """Rate per 8 h that one unit of premium becomes."""
    kink_rate: Wad
    """Rate added at the kink of utilization, per 8 h."""
    slope_rate: Wad
    """Rate added beyond the kink at full utilization, per 8 h."""
    kink: Wad
    """Utilization at the kink, inside 0 .. 1."""
    cap_longs_pay: Wad
    """Most that longs pay, per 8 h."""
    cap_shorts_pay: Wad
    """Most that shorts pay, per 8 h."""
    slow_weight: Wad
    """Weight of the slow layer, 0 .. 1; the fast layer weighs the rest."""
    fast_seconds: Seconds
    """Time constant of the fast layer."""
    slow_seconds: Seconds
    """Time constant of the slow layer."""
    skew_seconds: Seconds
    """Time constant of the skew layer."""
    deviation: Wad = _STANDARD_DEVIATION
    """Standard deviation of the rate, per 8 h: the unit of its distance from its slow mean."""
    gain: Wad = Decimal(3)
    """Arbitrage gain for which the set must be stable, per hour."""
    interest_source: InterestSource | None = None
    """Where the interest comes from instead."""


class PremiumSettings(_ModelSettings):
    """Funding from the premium, as exchanges charge it (PremiumMath, PremiumFunding)."""

    model: Literal["premium"] = "premium"
    interest: Wad
    """Interest at or below the base volatility, per 8 h; unused with an interest source."""
    interest_max: Wad = Decimal("0.001")
    """Highest interest, per 8 h."""
    interest_beta: Wad = Decimal(0)
    """Growth of interest per unit of relative excess volatility."""
    base_sigma: Wad = Decimal("0.6")
    """Base volatility, annualised."""
    interest_source: InterestSource | None = None
    """Where the interest comes from instead."""
    deadzone: Wad
    """Half-width of the dead zone around the interest, per 8 h."""
    premium_factor: Wad = Decimal(1)
    """Rate per 8 h that one unit of premium becomes."""
    premium_max: Wad = Decimal("0.05")
    """Largest premium that counts, a fraction of the index."""
    scaling: Wad = Decimal(0)
    """0, or the literal form: rate = (premium + interest) * scaling, without dead zone."""
    cap_longs_pay: Wad
    """Most that longs pay, per 8 h."""
    cap_shorts_pay: Wad
    """Most that shorts pay, per 8 h."""
    smoothing: Smoothing = "exponential"
    """How the premium becomes a rate: spot, exponential, slew, interval or weighted_interval."""
    smoothing_seconds: Seconds = 3_600
    """Time constant (exponential), time from cap to cap (slew), or length of an interval."""
    offset_seconds: Seconds = 0
    """Intervals begin at midnight UTC plus this."""
    deviation: Wad = _STANDARD_DEVIATION
    """Standard deviation of the rate, per 8 h: the unit of its distance from its slow mean."""
    mean_seconds: Seconds = _THREE_DAYS
    """Time constant of the rate's slow mean."""
    gain: Wad = Decimal(3)
    """Arbitrage gain for which the set must be stable, per hour."""


class VelocitySettings(_ModelSettings):
    """Funding whose rate drifts with the skew (VelocityFunding)."""

    model: Literal["velocity"] = "velocity"
    velocity: Wad
    """Change per day, at full skew, of the rate per 8 h."""
    skew_scale: Wad
    """Net position that counts as full skew, base."""
    deadband: Wad = Decimal(0)
    """Part of full skew below which the rate rests, or only leaks, 0 .. 0.99."""
    leak_seconds: Seconds = 0
    """Time constant with which the rate leaks to zero; 0: none."""
    cap_longs_pay: Wad
    """Most that longs pay, per 8 h."""
    cap_shorts_pay: Wad
    """Most that shorts pay, per 8 h."""
    deviation: Wad = _STANDARD_DEVIATION
    """Standard deviation of the rate, per 8 h: the unit of its distance from its slow mean."""
    mean_seconds: Seconds = _THREE_DAYS
    """Time constant of the rate's slow mean."""


class AdaptiveSettings(_ModelSettings):
    """Funding that adapts until the sides balance (AdaptiveFunding)."""

    model: Literal["adaptive"] = "adaptive"
    increase: Wad
    """Rise per hour and unit of imbalance of the rate per 8 h."""
    decrease: Wad
    """Fall per hour of the rate per 8 h, whatever the imbalance."""
    increase_threshold: Wad
    """Imbalance, |longs - shorts| / (longs + shorts), above which the rate rises."""
    decrease_threshold: Wad
    """Imbalance below which the rate falls; between the thresholds it rests."""
    rate_min: Wad = Decimal(0)
    """Least that the crowded side pays, per 8 h."""
    rate_max: Wad
    """Most that the crowded side pays, per 8 h."""
    deviation: Wad = _STANDARD_DEVIATION
    """Standard deviation of the rate, per 8 h: the unit of its distance from its slow mean."""
    mean_seconds: Seconds = _THREE_DAYS
    """Time constant of the rate's slow mean."""


AnyFunding = LayeredSettings | PremiumSettings | VelocitySettings | AdaptiveSettings

#: Settings class by the name of its model.
FUNDING_MODELS: Mapping[str, type[AnyFunding]] = MappingProxyType(
    {
        "layered": LayeredSettings,
        "premium": PremiumSettings,
        "velocity": VelocitySettings,
        "adaptive": AdaptiveSettings,
    }
)


def funding_presets() -> list[str]:
    """Names of the reference sets."""
    return preset_names(_FOLDER)


def load_funding(
    name_or_path: str | None = None, model: str | None = None, changes: Mapping[str, object] | None = None
) -> AnyFunding:
    """A reference set of parameters, or the parameters in a TOML file, with some of them replaced.

    Args:
        name_or_path: Preset by name, or path of a `.toml` file with the fields at its top level; None is the
            reference set of the model itself.
        model: Model that it must be for; None is any.
        changes: Values that replace those of the set, by field, as people write them.

    Raises:
        ConfigError: There is no such set or model, the set is another model's, the model has no such field,
            or a value is wrong (it is named).
    """
    if model is not None:
        _check_model(model)
    name = name_or_path or model or DEFAULT_MODEL
    raw = read_toml(_FOLDER, name, "funding preset")
    found = raw.get("model", DEFAULT_MODEL)
    _check_model(found)
    if model not in (None, found):
        raise ConfigError(f"{name} is a set of the {found} model, not of {model}", "choose one of the two")
    kind = FUNDING_MODELS[found]
    fields = [field for field in kind.model_fields if field != "model"]
    for field in changes or {}:
        if field not in fields:
            raise ConfigError(f"the {found} model has no {field}", f"it has {', '.join(fields)}")
    try:
        return kind.model_validate({**raw, **(changes or {})})
    except ValidationError as problem:
        where, what = problem_of(problem)
        raise ConfigError(f"{found}.{where}: {what}", "correct that value") from None


def _check_model(name: object) -> None:
    if name not in FUNDING_MODELS:
        raise ConfigError(f"no funding model {name!r}", f"use one of {', '.join(FUNDING_MODELS)}")


def _with_model(raw: object) -> object:
    """Fill the default in, and name an unknown model; what is no table is left to pydantic."""
    if not isinstance(raw, Mapping):
        return raw
    model = raw.get("model", DEFAULT_MODEL)
    try:
        _check_model(model)
    except ConfigError as problem:
        # What pydantic turns into the error of this field.
        raise ValueError(str(problem)) from None
    return {**raw, "model": model}


FundingSettings = Annotated[AnyFunding, Field(discriminator="model"), BeforeValidator(_with_model)]
