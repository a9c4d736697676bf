"""Deploy Keel: the same steps on every chain, resumable, checked at the end.

Every step is recorded before the next one begins; run again with the same record, it goes on where it
stopped. The deployer administers the access manager until the last step hands it to the timelock.
"""

from collections.abc import Callable
from typing import Any

from keel.config.deployment import DeploymentSettings, MarketSettings
from keel.errors import ChainError
from keel.evm.chain import NOBODY, Chain, Contract
from keel.sdk.collateral import KindDeployer, collateral_checks
from keel.sdk.deployment import Deployment, KindContracts, MarketContracts, Record, bind
from keel.sdk.feeds import deploy_sources, feed_checks, read_sources
from keel.sdk.funding import deploy_model
from keel.sdk.governance import (
    COLLATERAL_FUNCTIONS,
    GOVERNOR_FUNCTIONS,
    GUARDIAN_FUNCTIONS,
    require_delay,
    roles_of,
)

Progress = Callable[[str], None]

_ANYONE = NOBODY


class Deployer:
    """One run of the deployment.

    Args:
        chain: Chain to deploy on.
        settings: What to deploy.
        sender: Deployer; pays, and administers until the hand-over.
        record: Steps done before, and where to keep them.
        progress: Called with the name of each step as it begins.
    """

    def __init__(
        self,
        chain: Chain,
        settings: DeploymentSettings,
        sender: str,
        record: Record | None = None,
        progress: Progress = lambda _step: None,
    ) -> None:
        self._chain, self._settings, self._sender = chain, settings, sender
        self._record = record or Record()
        self._progress = progress

    def run(self) -> Deployment:
        """Do what is not done yet, check the wiring, and give the contracts.

        Raises:
            Reverted: A contract refused a step (a parameter out of bounds, for example).
            ChainError: A price source has no believable price, or the wiring is not as it should be.
            ConfigError: The chain is not local, and governance would be too fast or left to the deployer.
        """
        require_delay(self._chain.chain_id, self._settings)
        access = self._contract("access", "KeelAccess", self._sender)
        timelock = self._timelock()
        token, decimals = self._token()
        liquidation = self._contract("liquidation", "KeelLiquidation", token)
        extension = self._contract("extension", "KeelExtension", token, access)
        keel = self._contract("core", "Keel", token, access, extension, liquidation)
        core = self._chain.at("IKeel", keel.address)
        insurance, gate = self._insurance(core), self._sequencer()
        markets = tuple(
            self._market(core, gate, i, market) for i, market in enumerate(self._settings.markets, start=1)
        )
        lenses, updater = self._lenses(core), self._pyth_updater(core)
        collateral, kinds = self._collateral(core, gate)
        deployed = Deployment(
            token=token,
            token_decimals=decimals,
            core=core,
            extension=extension,
            liquidation=liquidation,
            **lenses,
            pyth_updater=updater,
            insurance=insurance,
            access=access,
            timelock=timelock,
            markets=markets,
            collateral=collateral,
            kinds=kinds,
        )
        self._wire(deployed)
        self._check(deployed)
        return deployed

    def _insurance(self, core: Contract) -> Contract:
        cooldown = self._settings.insurance_cooldown_seconds
        vault = self._contract("insurance", "ShareVault", core, 0, cooldown, "Keel Insurance", "kINS")
        self._once("insurance.set", core, "setInsuranceVault", vault)
        return vault

    def _lenses(self, core: Contract) -> dict[str, Contract]:
        names = {
            "lens": "Lens",
            "funding_lens": "FundingLens",
            "oracle_lens": "OracleLens",
            "liquidation_lens": "LiquidationLens",
        }
        return {step: self._contract(step, name, core) for step, name in names.items()}

    def _timelock(self) -> Contract:
        proposer = self._settings.governor or self._sender
        delay = self._settings.timelock_seconds
        cancellers = [self._settings.canceller] if self._settings.canceller else []
        return self._contract("timelock", "KeelTimelock", delay, [proposer], cancellers, [_ANYONE])

    def _sequencer(self) -> Contract | str:
        """The gate of a rollup's sequencer; nobody's address where there is none."""
        feed = self._settings.sequencer_feed
        if feed is None:
            return NOBODY
        return self._contract("sequencer", "SequencerGate", feed, self._settings.sequencer_grace_seconds)

    def _pyth_updater(self, core: Contract) -> Contract | None:
        """Pays for pushes to Pyth, where a market reads it."""
        pyth = self._settings.pyth
        return None if pyth is None else self._contract("pyth_updater", "PythUpdater", pyth, core)

    def _token(self) -> tuple[Contract, int]:
        if self._settings.token is None:
            decimals = self._settings.token_decimals
            return self._contract("token", "MockToken", decimals), decimals
        token = self._chain.at("MockToken", self._settings.token)
        return token, int(self._chain.call(token, "decimals"))

    def _market(
        self, core: Contract, gate: Contract | str, number: int, market: MarketSettings
    ) -> MarketContracts:
        name = market.name
        title, symbol = f"Keel {name} Pool", f"k{name}"
        vault = self._contract(
            f"{name}.vault", "ShareVault", core, number, market.cooldown_seconds, title, symbol
        )
        # A model keeps no state: markets with the same settings share one, which saves gas to who has both.
        first = next(other for other in self._settings.markets if other.funding == market.funding)
        funding = deploy_model(self._contract, f"{first.name}.funding", market.funding)
        made = deploy_sources(self._contract, name, market.feed)
        if f"{name}.hub" not in self._record.contracts:
            read_sources(self._chain, name, market.feed, made, self._progress)
        feed = market.feed.abi([source.address for source in made.adapters])
        hub = self._contract(f"{name}.hub", "OracleHub", core, number, feed, gate)
        config = market.config_abi(funding.address)
        links = market.links_abi(vault.address, hub.address)
        self._once(f"{name}.list", core, "listMarket", config, links)
        return MarketContracts(
            number, name, vault, market.funding.model, funding, hub, made.adapters, made.aggregators
        )

    def _collateral(
        self, core: Contract, gate: Contract | str
    ) -> tuple[Contract | None, tuple[KindContracts, ...]]:
        """What keeps other collateral, and its kinds; nothing where the settings list none."""
        listed = self._settings.collateral
        if not listed:
            return None, ()
        deployer = KindDeployer(self._chain, self._record, self._contract, self._once, self._progress)
        keeper = deployer.keeper(core)
        return keeper, tuple(deployer.kind(keeper, gate, i, kind) for i, kind in enumerate(listed, start=1))

    def _wire(self, deployed: Deployment) -> None:
        """Selectors to roles, roles to holders; last, the administration to the timelock."""
        access, core, timelock = deployed.access, deployed.core, deployed.timelock
        governed = [core.abi.function(name).selector for name in GOVERNOR_FUNCTIONS]
        guarded = [core.abi.function(name).selector for name in GUARDIAN_FUNCTIONS]
        guardian = self._settings.guardian or self._sender
        roles = roles_of(self._chain, access)
        self._once("roles.governed", access, "setTargetFunctionRole", core, governed, roles.governor)
        self._once("roles.guarded", access, "setTargetFunctionRole", core, guarded, roles.guardian)
        if deployed.collateral is not None:
            keeper = deployed.collateral
            listing = [keeper.abi.function(name).selector for name in COLLATERAL_FUNCTIONS]
            self._once("roles.collateral", access, "setTargetFunctionRole", keeper, listing, roles.governor)
        self._once("roles.governor", access, "grantRole", roles.governor, timelock, 0)
        self._once("roles.guardian", access, "grantRole", roles.guardian, guardian, 0)
        self._once("roles.admin", access, "grantRole", roles.admin, timelock, 0)
        self._once("roles.renounce", access, "renounceRole", roles.admin, self._sender)

    def _check(self, deployed: Deployment) -> None:
        """What must be true of a finished deployment."""
        call = self._chain.call
        roles = roles_of(self._chain, deployed.access)
        expect = {
            "the core's token": (call(deployed.core, "TOKEN"), deployed.token.address),
            "the extension's token": (call(deployed.extension, "TOKEN"), deployed.token.address),
            "the token of liquidations": (call(deployed.liquidation, "TOKEN"), deployed.token.address),
            "the core's authority": (call(deployed.core, "authority"), deployed.access.address),
            "the insurance vault": (call(deployed.core, "insurance").vault, deployed.insurance.address),
            "the number of markets": (call(deployed.core, "marketCount"), len(deployed.markets)),
            "the timelock's administration": (
                call(deployed.access, "hasRole", roles.admin, deployed.timelock)[0],
                True,
            ),
            "the deployer's administration": (
                call(deployed.access, "hasRole", roles.admin, self._sender)[0],
                False,
            ),
        }
        for market, settings in zip(deployed.markets, self._settings.markets, strict=True):
            links = call(deployed.core, "configOf", market.id).links
            expect[f"the vault of {market.name}"] = (links.vault, market.vault.address)
            expect[f"the hub of {market.name}"] = (links.oracle, market.hub.address)
            expect[f"the core of {market.name}'s hub"] = (call(market.hub, "CORE"), deployed.core.address)
            expect[f"the market of {market.name}'s hub"] = (call(market.hub, "MARKET"), market.id)
            expect |= feed_checks(self._chain, market, settings.feed)
        expect |= collateral_checks(self._chain, deployed, self._settings.collateral)
        for what, (found, wanted) in expect.items():
            if found != wanted:
                raise ChainError(
                    f"{what} is {found} instead of {wanted}", "start again with a new deployment record"
                )

    def _contract(self, step: str, name: str, *args: Any) -> Contract:
        if step not in self._record.contracts:
            self._progress(step)
            deployed = self._chain.deploy(name, *args, sender=self._sender)
            self._record.contracts[step] = (name, deployed.address)
            self._record.save()
        recorded, _ = self._record.contracts[step]
        if recorded != name:
            raise ChainError(
                f"the record has a {recorded} for {step}, the settings ask for a {name}",
                "deploy with the settings of that record, or start again with a new one",
            )
        return bind(self._chain, self._record, step)

    def _once(self, step: str, target: Contract, function: str, *args: Any) -> None:
        if step in self._record.done:
            return
        self._progress(step)
        self._chain.send(target, function, *args, sender=self._sender)
        self._record.done.append(step)
        self._record.save()


def deploy(
    chain: Chain,
    settings: DeploymentSettings,
    sender: str | None = None,
    record: Record | None = None,
    progress: Progress = lambda _step: None,
) -> Deployment:
    """Deploy with a Deployer; the sender defaults to the chain's first account."""
    return Deployer(chain, settings, sender or chain.accounts[0], record, progress).run()
