"""The funding models by name.

Names are those of settings and commands; parameters are the structs of the contracts, field by field.
"""

from collections.abc import Mapping
from types import MappingProxyType

from keel.errors import ConfigError
from keel.model.adaptive import AdaptiveFunding, AdaptiveParams
from keel.model.interest import Source
from keel.model.layered import LayeredFunding, LayeredParams
from keel.model.premium import PremiumFunding, PremiumParams
from keel.model.velocity import VelocityFunding, VelocityParams

AnyModel = PremiumFunding | VelocityFunding | AdaptiveFunding | LayeredFunding
AnyParams = PremiumParams | VelocityParams | AdaptiveParams | LayeredParams

#: Model class and class of its parameters, by name; the class has the contract's name.
MODELS: Mapping[str, tuple[type[AnyModel], type[AnyParams]]] = MappingProxyType(
    {
        "premium": (PremiumFunding, PremiumParams),
        "velocity": (VelocityFunding, VelocityParams),
        "adaptive": (AdaptiveFunding, AdaptiveParams),
        "layered": (LayeredFunding, LayeredParams),
    }
)


def make_model(name: str, params: AnyParams, source: Source | None = None) -> AnyModel:
    """Twin of a funding model.

    Args:
        name: Key of `MODELS`.
        params: Parameters of that model.
        source: Asks the source of interest; only premium and layered models have one.

    Raises:
        ConfigError: No model has that name, or the parameters are another model's.
        Refused: The constructor of the contract would refuse the parameters.
    """
    match name, params:
        case "premium", PremiumParams():
            return PremiumFunding(params, source)
        case "velocity", VelocityParams():
            return VelocityFunding(params)
        case "adaptive", AdaptiveParams():
            return AdaptiveFunding(params)
        case "layered", LayeredParams():
            return LayeredFunding(params, source)
    if name not in MODELS:
        raise ConfigError(f"no funding model is called {name!r}", f"use one of {', '.join(MODELS)}")
    given, wanted = type(params).__name__, MODELS[name][1].__name__
    raise ConfigError(f"{given} are not parameters of the {name} model", f"give {wanted}")
