"""Deploy a funding model and the source of its interest: the same contracts on every chain."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from keel.config.funding import NO_SOURCE, AnyFunding
from keel.config.interest import DifferenceSource, FixedSource, InterestSource
from keel.evm.chain import Contract

#: Contract of each model, by the model's name in settings.
MODEL_CONTRACTS: Mapping[str, str] = MappingProxyType(
    {
        "layered": "LayeredFunding",
        "premium": "PremiumFunding",
        "velocity": "VelocityFunding",
        "adaptive": "AdaptiveFunding",
    }
)

# Deploys a contract under the name of a step: step, contract name, constructor arguments.
DeployStep = Callable[..., Contract]


def deploy_model(deploy: DeployStep, step: str, settings: AnyFunding) -> Contract:
    """Deploy what the settings describe: first the source of interest, if there is one, then the model.

    Args:
        deploy: Deploys one contract under the name of a step.
        step: Name of the model's step; a source of interest has steps of its own below it.
        settings: The model and its parameters.

    Raises:
        Reverted: The contract refuses a parameter (ParameterOutOfBounds, Unstable), or the source of interest
            its arguments.
    """
    source = getattr(settings, "interest_source", None)
    address = NO_SOURCE if source is None else _deploy_source(deploy, f"{step}.interest", source).address
    return deploy(step, MODEL_CONTRACTS[settings.model], settings.abi(address))


def _deploy_source(deploy: DeployStep, step: str, source: InterestSource) -> Contract:
    if isinstance(source, DifferenceSource):
        parts = [_deploy_source(deploy, f"{step}.{leg}", getattr(source, leg)) for leg in ("quote", "base")]
        return deploy(step, "RateDifference", *parts)
    name = "FixedInterest" if isinstance(source, FixedSource) else "LendingYield"
    arguments: tuple[Any, ...] = source.arguments()
    return deploy(step, name, *arguments)
