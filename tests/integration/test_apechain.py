"""ape's provider as a chain: the same behaviour as the other engines, and the deployment script on it."""

import subprocess

import pytest
from support.bench import rolled_back

from keel.errors import ChainError, Reverted
from keel.sdk.anvil import Anvil
from keel.sdk.apechain import ApeChain
from keel.sdk.deployment import load_record
from keel.sdk.rpc import Rpc

APE_LOCAL_ID = 1337


@pytest.fixture(autouse=True)
def taken_back(chain):
    with rolled_back(chain):
        yield


@pytest.fixture
def token(chain):
    return chain.deploy("MockToken", 6)


def refused(action):
    with pytest.raises(Reverted) as failure:
        action()
    return failure.value


def test_accounts_are_apes_test_accounts(chain, accounts):
    assert list(chain.accounts) == [account.address for account in accounts]


def test_transactions_change_and_calls_do_not(chain, token):
    alice, bob = chain.accounts[:2]
    receipt = chain.send(token, "mint", alice, 5, sender=bob)
    assert receipt.event("Transfer").args["value"] == 5
    assert receipt.event("Transfer").address == token.address
    assert receipt.gas_used > 21_000
    assert len(receipt.transaction) == 66
    assert chain.send(token, "transfer", bob, 2, sender=alice).result is True
    assert chain.call(token, "transfer", bob, 2, sender=alice) is True
    assert chain.call(token, "balanceOf", alice) == 3


def test_reverts_are_decoded(chain, token):
    alice, bob = chain.accounts[:2]
    for act in (chain.send, chain.call):
        failure = refused(lambda act=act: act(token, "transfer", bob, 1, sender=alice))
        assert failure.error == "InsufficientBalance"
    feed = chain.deploy("MockAggregator", 8)
    chain.send(feed, "setBroken", True, sender=alice)
    assert refused(lambda: chain.call(feed, "latestRoundData")).error == "FeedDown"
    assert refused(lambda: chain.deploy("ChainlinkSource", feed, 0)).error == "HeartbeatOutOfBounds"
    silent = chain.deploy("MockSilentToken")
    panic = refused(lambda: chain.send(silent, "transfer", bob, 1, sender=alice))
    assert (panic.error, panic.values) == ("Panic", (0x11,))
    nothing = refused(lambda: chain.deploy("ChainlinkSource", alice, 60))
    assert nothing.error == ""


def test_time_and_snapshots(chain, token):
    alice = chain.accounts[0]
    start = chain.timestamp()
    taken = chain.snapshot()
    chain.warp(1_000)
    chain.send(token, "mint", alice, 7, sender=alice)
    assert 1_000 <= chain.timestamp() - start <= 1_010
    chain.revert(taken)
    assert chain.timestamp() - start <= 10
    assert chain.call(token, "balanceOf", alice) == 0
    with pytest.raises(ChainError, match="does not exist"):
        chain.revert(taken)
    with pytest.raises(ChainError, match="forward"):
        chain.warp(0)


def test_a_time_that_was_set_survives_a_snapshot(chain, token):
    start = chain.timestamp()
    chain.warp(500)
    taken = chain.snapshot()
    chain.send(token, "mint", chain.accounts[0], 7, sender=chain.accounts[0])
    chain.revert(taken)
    assert 500 <= chain.timestamp() - start <= 510


def test_storage(chain):
    feed = chain.deploy("MockAggregator", 8)
    assert chain.storage(feed.address, 0) == 8


def test_only_signers_send(accounts, token):
    alone = ApeChain([accounts[3]])
    assert alone.accounts == (accounts[3].address,)
    with pytest.raises(ChainError, match="no account of ape signs"):
        alone.send(token, "mint", accounts[3].address, 1, sender=accounts[0].address)


def test_the_deployment_script_resumes_from_its_record(tmp_path):
    path = tmp_path / "deployed.json"
    with Anvil() as node:
        Rpc(node.url).request("anvil_setChainId", APE_LOCAL_ID)
        command = ["ape", "run", "deploy", "--network", f"ethereum:local:{node.url}", "--account", "TEST::0"]
        runs = [
            subprocess.run([*command, "--record", path], capture_output=True, text=True, check=True).stdout
            for _ in range(2)
        ]
    first, second = (run.splitlines() for run in runs)
    contracts = load_record(path).contracts
    assert "  roles.renounce" in first
    assert "  roles.renounce" not in second
    for step in ("core", "BTC.vault", "timelock"):
        line = next(line for line in second if f" {step} " in line)
        assert contracts[step][1] in line
        assert line in first
