"""The funding models that run in the loop by default: the shipped sets, as far as they fit its market."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from keel.config.funding import AnyFunding, PremiumSettings, load_funding
from keel.units import parse_wad

#: Where velocity funding counts full skew, base: at a premium of 2 % of the loop's market.
_FULL_SKEW = "4"
_LEAK = 6 * 3_600
_NO_GAIN = Decimal(3)

#: What each entrant is: a preset, and what is changed of it.
_SETS: Mapping[str, tuple[str, Mapping[str, object]]] = MappingProxyType(
    {
        "layered": ("layered", {}),
        "premium-exponential": ("premium-exponential", {}),
        "premium": ("premium", {}),
        "velocity": ("velocity", {"skew_scale": _FULL_SKEW}),
        "velocity-leak": ("velocity", {"skew_scale": _FULL_SKEW, "leak_seconds": _LEAK}),
        "adaptive": ("adaptive", {}),
    }
)


def entrant_names() -> tuple[str, ...]:
    """Models that `keel funding loop` runs when it is asked for all."""
    return tuple(_SETS)


def entrant(name_or_path: str) -> AnyFunding:
    """An entrant by name, any other preset, or the parameters in a TOML file.

    Raises:
        ConfigError: There is no such set, or a value in it is wrong.
    """
    preset, changes = _SETS.get(name_or_path, (name_or_path, {}))
    return load_funding(preset, changes=changes)


def off() -> PremiumSettings:
    """Funding that charges nothing, whatever happens: what the loop is compared with."""
    zero = Decimal(0)
    shipped = load_funding("premium-exponential")
    return PremiumSettings.model_validate(
        shipped.model_dump() | {"interest": zero, "deadzone": zero, "premium_factor": zero}
    )


def declared_gain(funding: AnyFunding) -> int:
    """The gain of arbitrage that a set is meant for, per hour, WAD; 3 where the model has no such promise."""
    return parse_wad(getattr(funding, "gain", _NO_GAIN))
