"""What a deployment leaves on the chain: wiring, roles, immutables, sizes; and how it resumes."""

import json

import ape
import pytest
from support.bench import rolled_back

from keel.analytics.sizes import runtime_sizes
from keel.config.deployment import load_deployment
from keel.errors import ChainError, KeelError
from keel.evm.chain import NOBODY
from keel.sdk.deploy import deploy
from keel.sdk.deployment import Record, addresses, load_record
from keel.sdk.governance import GOVERNOR_FUNCTIONS, GUARDIAN_FUNCTIONS, Roles, roles_of

CODE_LIMIT = 24_576
AUTHORITY_SLOT = 15


@pytest.fixture(scope="session")
def contracts(deployed):
    return deployed.protocol.contracts


@pytest.fixture(scope="session")
def ask(deployed):
    return deployed.chain.call


def test_the_core_points_at_its_parts(project, ask, contracts):
    core = project.Keel.at(contracts.core.address)
    assert core.EXTENSION() == contracts.extension.address
    assert core.TOKEN() == contracts.token.address
    assert core.TOKEN_SCALE() == 10**12
    assert core.marketCount() == 1
    assert ask(contracts.core, "authority") == contracts.access.address


def test_core_and_extension_agree(ask, contracts):
    for constant in ("TOKEN", "TOKEN_SCALE", "authority"):
        assert ask(contracts.core, constant) == ask(contracts.extension, constant)


def test_the_other_parts_keep_nothing_themselves(deployed, contracts):
    """They work on the core's storage; the extension's constructor leaves the authority, after the books."""
    words = [deployed.chain.storage(contracts.extension.address, slot) for slot in range(18)]
    assert words == [0] * AUTHORITY_SLOT + [int(contracts.access.address, 16)] + [0] * (17 - AUTHORITY_SLOT)
    words = [deployed.chain.storage(contracts.liquidation.address, slot) for slot in range(18)]
    assert words == [0] * 18


def test_the_core_keeps_its_authority_where_the_extension_looks_for_it(deployed, contracts):
    """The core has no variable for it: only the extension's code reads and writes it."""
    stored = deployed.chain.storage(contracts.core.address, AUTHORITY_SLOT)
    assert stored == int(contracts.access.address, 16)


def test_the_parts_point_at_the_core(ask, contracts, settings):
    market, preset = contracts.markets[0], settings.markets[0]
    lenses = contracts.lens, contracts.funding_lens, contracts.oracle_lens
    for part in (*lenses, contracts.insurance, market.hub, market.vault):
        assert ask(part, "CORE") == contracts.core.address
    assert ask(market.vault, "MARKET") == market.id == 1
    assert ask(market.vault, "COOLDOWN") == preset.cooldown_seconds
    assert ask(contracts.insurance, "COOLDOWN") == settings.insurance_cooldown_seconds
    for vault in (market.vault, contracts.insurance):
        assert ask(vault, "asset") == contracts.token.address
        assert ask(vault, "share") == vault.address
    assert ask(market.sources[0], "AGGREGATOR") == market.aggregators[0].address
    assert ask(market.sources[0], "heartbeat") == preset.feed.sources[0].heartbeat_seconds


def test_the_market_is_as_the_settings_say(ask, contracts, settings):
    market, preset = contracts.markets[0], settings.markets[0]
    listed = ask(contracts.core, "configOf", market.id)
    wanted = preset.config_abi(market.funding.address)
    parts = {part: wanted.pop(part) for part in ("brackets", "tiers")}
    assert {name: getattr(listed.config, name) for name in wanted} == wanted
    assert {part: getattr(listed.config, part)._asdict() for part in parts} == parts
    links = preset.links_abi(market.vault.address, market.hub.address)
    assert {name: getattr(listed.links, name) for name in links} == links
    feed = ask(market.hub, "feed")
    wanted = preset.feed.abi([source.address for source in market.sources])
    assert ([*feed.sources], feed.limits._asdict()) == (wanted["sources"], wanted["limits"])
    params = ask(market.funding, "params")
    assert {name: getattr(params, name) for name in preset.funding.abi()} == preset.funding.abi()


def test_roles(deployed, contracts, ask):
    access, timelock, deployer = contracts.access, contracts.timelock, deployed.chain.accounts[0]
    roles = roles_of(deployed.chain, access)
    holders = {
        roles.admin: {timelock.address},
        roles.governor: {timelock.address},
        roles.guardian: {deployer},
    }
    assert len(holders) == 3
    for role, wanted in holders.items():
        everybody = (timelock.address, contracts.core.address, *deployed.chain.accounts)
        assert {who for who in everybody if ask(access, "hasRole", role, who)[0]} == wanted


def test_restricted_functions_have_their_role(deployed, contracts, ask):
    roles = roles_of(deployed.chain, contracts.access)
    assert roles == Roles(admin=0, governor=1, guardian=2)

    def role(target, function):
        selector = target.abi.function(function).selector
        return ask(contracts.access, "getTargetFunctionRole", target, selector)

    assert {role(contracts.core, name) for name in GOVERNOR_FUNCTIONS} == {roles.governor}
    assert {role(contracts.core, name) for name in GUARDIAN_FUNCTIONS} == {roles.guardian}


def test_the_timelock_governs_itself(deployed, contracts, ask, settings):
    timelock, deployer = contracts.timelock, deployed.chain.accounts[0]

    def holders(name):
        everybody = (NOBODY, timelock.address, *deployed.chain.accounts)
        role = ask(timelock, name)
        return {who for who in everybody if ask(timelock, "hasRole", role, who)}

    assert ask(timelock, "getMinDelay") == settings.timelock_seconds
    assert holders("PROPOSER_ROLE") == holders("CANCELLER_ROLE") == {deployer}
    assert holders("EXECUTOR_ROLE") == {NOBODY}  # anyone
    assert holders("DEFAULT_ADMIN_ROLE") == {timelock.address}


def test_code_on_the_chain_is_the_compiled_code_and_fits(contracts):
    market = contracts.markets[0]
    core = (contracts.core, contracts.extension, contracts.liquidation)
    parts = (*core, contracts.lens, market.hub, contracts.insurance, contracts.access, contracts.timelock)
    for part in (*parts, market.vault, market.funding, *market.sources):
        name = "Keel" if part is contracts.core else part.name
        size = len(ape.chain.provider.get_code(part.address))
        assert size == runtime_sizes()[name] <= CODE_LIMIT


def test_ape_sees_the_custom_errors(project, contracts, accounts):
    core = project.Keel.at(contracts.core.address)
    with ape.reverts(project.Keel.ZeroAmount):
        core.deposit(1, 0, sender=accounts[1])
    with ape.reverts(project.Keel.MarketUnknown, market=7):
        core.accrue(7, sender=accounts[1])


def test_every_address_is_listed(contracts):
    listed = addresses(contracts)
    assert len(set(listed.values())) == len(listed) == 25
    assert listed["core"] == contracts.core.address


class MachineFailsError(Exception):
    """The deployer's machine stops here."""


def stop_at(wanted):
    def progress(step):
        if step == wanted:
            raise MachineFailsError

    return progress


@pytest.mark.parametrize("step", ["core", "insurance.set", "BTC.hub", "roles.renounce"])
def test_an_interrupted_deployment_goes_on(chain, tmp_path, step):
    path = tmp_path / "record.json"
    with rolled_back(chain):
        with pytest.raises(MachineFailsError):
            deploy(chain, load_deployment(), record=load_record(path), progress=stop_at(step))
        before = json.loads(path.read_text()) if path.exists() else {"contracts": {}, "done": []}
        assert step not in (*before["contracts"], *before["done"])
        steps = []
        deploy(chain, load_deployment(), record=load_record(path), progress=steps.append)
        assert steps[0] == step
        after = json.loads(path.read_text())
        assert after["contracts"].items() >= before["contracts"].items()
        # A third run has nothing left to do.
        deploy(chain, load_deployment(), record=load_record(path), progress=stop_at)
        assert json.loads(path.read_text()) == after


def test_a_record_of_another_chain_is_refused(chain):
    with rolled_back(chain):
        record = Record()
        deploy(chain, load_deployment(), record=record)
    with pytest.raises(KeelError):
        deploy(chain, load_deployment(), record=record)


def test_a_wrong_wiring_is_refused(chain):
    with rolled_back(chain):
        record = Record()
        deploy(chain, load_deployment(), record=record)
        record.contracts["insurance"] = ("ShareVault", record.contracts["BTC.vault"][1])
        with pytest.raises(ChainError, match="the insurance vault is"):
            deploy(chain, load_deployment(), record=record)
