"""What a deployment asks of its governance: a delay and people of its own, but on local chains."""

import pytest
from support.guard import CANCELLER, GUARDIAN
from support.mutants import in_contract, manifest_with

from keel.artifacts import manifest_path
from keel.config.deployment import DeploymentSettings, load_deployment
from keel.errors import ConfigError
from keel.evm.chain import CHAIN_ID, NOBODY
from keel.evm.revm import RevmChain
from keel.sdk.deploy import deploy
from keel.sdk.governance import LEAST_DELAY, LOCAL_CHAINS, require_delay, roles_of

MAINNET = 1
PEOPLE = {"governor": CANCELLER, "guardian": GUARDIAN}


class PublicChain(RevmChain):
    """The engine as if it were a public network."""

    chain_id = MAINNET


def settings_with(**changes):
    return load_deployment().model_copy(update=changes)


@pytest.mark.parametrize("local", sorted(LOCAL_CHAINS))
def test_local_chains_take_anything(local):
    require_delay(local, settings_with(timelock_seconds=0))


def test_the_chain_of_this_process_is_local():
    assert RevmChain().chain_id == CHAIN_ID in LOCAL_CHAINS


@pytest.mark.parametrize("seconds", [0, LEAST_DELAY - 1])
def test_public_chains_have_a_delay(seconds):
    with pytest.raises(ConfigError, match="timelock_seconds") as refused:
        require_delay(MAINNET, settings_with(timelock_seconds=seconds, **PEOPLE))
    assert str(LEAST_DELAY) in refused.value.remedy


@pytest.mark.parametrize("missing", sorted(PEOPLE))
def test_on_public_chains_governance_is_not_left_to_the_deployer(missing):
    people = {name: who for name, who in PEOPLE.items() if name != missing}
    with pytest.raises(ConfigError, match=f"{missing} is not set"):
        require_delay(MAINNET, settings_with(timelock_seconds=LEAST_DELAY, **people))


def test_deployments_to_a_public_chain_are_checked_before_anything_is_sent():
    chain, steps = PublicChain(), []
    with pytest.raises(ConfigError, match="timelock_seconds"):
        deploy(chain, load_deployment(), progress=steps.append)
    assert steps == []
    done = deploy(chain, settings_with(timelock_seconds=LEAST_DELAY, **PEOPLE))
    assert chain.call(done.timelock, "getMinDelay") == LEAST_DELAY


@pytest.mark.parametrize("seconds", [-1, 30 * 86_400 + 1])
def test_delays_beyond_what_the_timelock_takes(seconds):
    raw = load_deployment().model_dump() | {"timelock_seconds": seconds}
    with pytest.raises(ValueError, match="timelock_seconds"):
        DeploymentSettings.model_validate(raw)


def test_who_proposes_who_cancels_and_who_executes():
    chain = RevmChain()
    done = deploy(chain, settings_with(governor=chain.accounts[3], canceller=CANCELLER, guardian=GUARDIAN))

    def holders(role):
        identity = chain.call(done.timelock, role)
        everybody = (*chain.accounts, NOBODY, done.timelock.address)
        return {who for who in everybody if chain.call(done.timelock, "hasRole", identity, who)}

    assert holders("PROPOSER_ROLE") == {chain.accounts[3]}
    assert holders("CANCELLER_ROLE") == {chain.accounts[3], CANCELLER}
    assert holders("EXECUTOR_ROLE") == {NOBODY}
    assert holders("DEFAULT_ADMIN_ROLE") == {done.timelock.address}


# Faults in contracts that the fuzzer does not live long enough to notice.
ENDLESS = in_contract(
    "KeelAccess",
    "the_mandate_has_no_end",
    "",
    "if (roleId == GUARDIAN_ROLE && block.timestamp >= mandateEnd[account]) isMember = false;",
    "",
)
HASTY = in_contract("KeelTimelock", "the_delay_falls", "", "if (delay < LEAST_DELAY) return LEAST_DELAY;", "")


def _outlives_its_mandate(chain, done):
    chain.warp(chain.call(done.access, "MANDATE"))
    return chain.call(done.access, "hasRole", roles_of(chain, done.access).guardian, GUARDIAN)[0]


def _falls(chain, done):
    timelock = done.timelock
    calldata = timelock.abi.function("updateDelay").encode((0,))
    operation = (timelock, 0, calldata, bytes(32), bytes(32))
    chain.send(timelock, "schedule", *operation, LEAST_DELAY, sender=chain.accounts[0])
    chain.warp(LEAST_DELAY)
    chain.send(timelock, "execute", *operation, sender=chain.accounts[0])
    return chain.call(timelock, "getMinDelay") == 0


@pytest.mark.parametrize(
    ("mutant", "fault"), [(ENDLESS, _outlives_its_mandate), (HASTY, _falls)], ids=["mandate", "delay"]
)
def test_a_planted_fault_shows(mutant, fault, tmp_path, monkeypatch):
    """The probe finds nothing in the contract, and something in the faulty one."""

    def probe():
        chain = RevmChain()
        return fault(chain, deploy(chain, settings_with(timelock_seconds=LEAST_DELAY, guardian=GUARDIAN)))

    assert not probe()
    path = manifest_with(mutant, manifest_path(), tmp_path, small=True)
    monkeypatch.setenv("KEEL_BUILD", str(path))
    assert probe()
