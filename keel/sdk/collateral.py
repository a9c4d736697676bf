"""Deploy collateral besides the settlement token: the contract that keeps it, then kind by kind."""

from collections.abc import Callable
from typing import Any

from keel.config.collateral import CollateralSettings
from keel.evm.chain import Chain, Contract
from keel.sdk.deployment import KIND_LISTED, Deployment, KindContracts, Record, kind_step
from keel.sdk.feeds import deploy_sources, feed_checks, read_sources
from keel.sdk.funding import DeployStep

# Sends a transaction under the name of a step: step, target, function, arguments.
SendStep = Callable[..., None]


class KindDeployer:
    """Deploys and lists kinds, in the steps of a deployment.

    Args:
        chain: Chain to deploy on.
        record: Steps done before.
        deploy: Deploys one contract under the name of a step.
        send: Sends one transaction under the name of a step, once.
        warn: Told about a source that is silent and may be.
    """

    def __init__(
        self, chain: Chain, record: Record, deploy: DeployStep, send: SendStep, warn: Callable[[str], None]
    ) -> None:
        self._chain, self._record = chain, record
        self._deploy, self._send, self._warn = deploy, send, warn

    def keeper(self, core: Contract) -> Contract:
        """The contract that keeps collateral, made known to the core. Raises Reverted: the core has one."""
        keeper = self._deploy("collateral", "Collateral", core)
        self._send("collateral.set", core, "setCollateral", keeper)
        return keeper

    def kind(
        self, keeper: Contract, gate: Contract | str, number: int, settings: CollateralSettings
    ) -> KindContracts:
        """One kind: its token if it is to be deployed, sources, hub, listing.

        Args:
            keeper: Who keeps it.
            gate: Gate of the rollup's sequencer, nobody's address where there is none.
            number: Id that it gets.
            settings: The kind.

        Raises:
            Reverted: A term out of bounds, or a token that is a kind already.
            ChainError: A price source has no believable price.
            ConfigError: The cap does not fit the token's decimals.
        """
        step = kind_step(settings.name)
        token, decimals = self._token(step, settings)
        made = deploy_sources(self._deploy, step, settings.feed)
        if f"{step}.hub" not in self._record.contracts:
            read_sources(self._chain, step, settings.feed, made, self._warn)
        feed = settings.feed.abi([source.address for source in made.adapters])
        hub = self._deploy(f"{step}.hub", "OracleHub", keeper, number, feed, gate)
        terms = settings.terms_abi(decimals, hub.address)
        self._send(f"{step}{KIND_LISTED}", keeper, "listKind", token, terms)
        return KindContracts(number, settings.name, token, decimals, hub, made.adapters, made.aggregators)

    def _token(self, step: str, settings: CollateralSettings) -> tuple[Contract, int]:
        if settings.token is None:
            decimals = settings.token_decimals
            return self._deploy(f"{step}.token", "MockToken", decimals), decimals
        token = self._chain.at("MockToken", settings.token)
        return token, int(self._chain.call(token, "decimals"))


def collateral_checks(
    chain: Chain, deployed: Deployment, kinds: tuple[CollateralSettings, ...]
) -> dict[str, tuple[Any, Any]]:
    """What the contracts say of themselves and what the settings say: must be equal, by name."""
    keeper = deployed.collateral
    if keeper is None:
        return {}
    call = chain.call
    pairs: dict[str, tuple[Any, Any]] = {
        "the contract for other collateral": (call(deployed.core, "collateralContract"), keeper.address),
        "its core": (call(keeper, "CORE"), deployed.core.address),
        "its authority": (call(keeper, "authority"), deployed.access.address),
        "the number of kinds": (call(keeper, "kindCount"), len(kinds)),
    }
    for kind, settings in zip(deployed.kinds, kinds, strict=True):
        listed = call(keeper, "kindOf", kind.id)
        wanted = settings.terms_abi(kind.decimals, kind.hub.address)
        pairs[f"the token of {kind.name}"] = (listed.token, kind.token.address)
        pairs[f"the terms of {kind.name}"] = (listed.terms._asdict(), wanted)
        pairs[f"the keeper of {kind.name}'s hub"] = (call(kind.hub, "CORE"), keeper.address)
        pairs[f"the kind of {kind.name}'s hub"] = (call(kind.hub, "MARKET"), kind.id)
        pairs |= feed_checks(chain, kind, settings.feed)
    return pairs
