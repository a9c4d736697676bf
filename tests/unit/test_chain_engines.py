"""One script on every engine: results, events, errors, storage and time must not depend on which one runs."""

import pytest

from keel.errors import ChainError, Reverted
from keel.evm.chain import DEV_ACCOUNTS, GENESIS_TIME
from keel.evm.engines import open_chain
from keel.evm.revm import RevmChain
from keel.sdk.anvil import Anvil
from keel.sdk.web3chain import Web3Chain

ALICE, BOB, CAROL = DEV_ACCOUNTS[1:4]
TOTAL_SUPPLY_SLOT = 0x05345CDF77EB68F44C
NO_SIGNATURE = (27, b"\1" * 32, b"\2" * 32)

# Reverts if its transient slot 0 is set, else sets it: works once per transaction.
ONCE = bytes.fromhex("5f5c15600957" + "5f5ffd" + "5b60015f5d00")
ONCE_CREATION = (
    bytes([0x5F + len(ONCE)])
    + ONCE
    + bytes.fromhex("5f52")
    + bytes([0x60, len(ONCE), 0x60, 32 - len(ONCE), 0xF3])
)
# Needs more memory than gas can buy.
GREEDY_CREATION = bytes.fromhex("5f67ffffffffffffffff52")
TOO_LARGE_CREATION = bytes.fromhex("6160015ff3")  # returns 24,577 zero bytes


@pytest.fixture(scope="module")
def node():
    with Anvil() as running:
        yield running


@pytest.fixture(params=["revm", "pyevm", "anvil"])
def chain(request):
    if request.param != "anvil":
        yield open_chain(request.param)
        return
    node = Web3Chain(request.getfixturevalue("node").url)
    before = node.snapshot()
    yield node
    node.revert(before)


@pytest.fixture
def token(chain):
    return chain.deploy("MockToken", 6)


def test_accounts_are_the_public_development_accounts(chain):
    assert tuple(chain.accounts) == DEV_ACCOUNTS


def test_results_and_events(chain, token):
    assert chain.call(token, "decimals") == 6
    assert chain.call(token, "name") == "Keel Test Dollar"
    minted = chain.send(token, "mint", ALICE, 100, sender=BOB)
    assert minted.result is None
    log = minted.event("Transfer")
    assert log.address == token.address
    assert log.args == {"from_": f"0x{'0' * 40}", "to": ALICE, "value": 100}
    sent = chain.send(token, "transfer", token, 30, sender=ALICE)
    assert sent.result is True
    assert [log.args["to"] for log in sent.logs] == [token.address]
    assert sent.events("Approval") == []
    with pytest.raises(ChainError, match="0 Approval events"):
        sent.event("Approval")
    assert chain.call(token, "balanceOf", ALICE) == 70
    assert chain.storage(token.address, TOTAL_SUPPLY_SLOT) == 100


def test_errors_undo_everything(chain, token):
    chain.send(token, "mint", ALICE, 100, sender=BOB)
    for attempt in (chain.call, chain.send):
        with pytest.raises(Reverted) as refused:
            attempt(token, "transfer", BOB, 101, sender=ALICE)
        assert refused.value.error == "InsufficientBalance"
    with pytest.raises(Reverted) as refused:
        chain.send(token, "transferFrom", ALICE, BOB, 1, sender=CAROL)
    assert refused.value.error == "InsufficientAllowance"
    with pytest.raises(Reverted) as refused:
        chain.send(token, "transfer", BOB, 1, sender=ALICE, value=1)
    assert refused.value.error == ""
    assert chain.call(token, "balanceOf", ALICE) == 100


def test_call_changes_nothing(chain, token):
    assert chain.call(token, "approve", BOB, 5, sender=ALICE) is True
    assert chain.call(token, "allowance", ALICE, BOB) == 0


def test_time(chain, token):
    start = chain.timestamp()
    deadline = start + 100
    permit = ("permit", ALICE, BOB, 1, deadline, *NO_SIGNATURE)

    def refusal(attempt):
        with pytest.raises(Reverted) as refused:
            attempt(token, *permit, sender=BOB)
        return refused.value.error

    chain.warp(100)
    assert chain.timestamp() == deadline
    assert (refusal(chain.call), refusal(chain.send)) == ("InvalidPermit", "InvalidPermit")
    assert chain.timestamp() == deadline
    before = chain.snapshot()
    chain.warp(1)
    assert (refusal(chain.call), refusal(chain.send)) == ("PermitExpired", "PermitExpired")
    chain.revert(before)
    assert chain.timestamp() == deadline
    assert (refusal(chain.call), refusal(chain.send)) == ("InvalidPermit", "InvalidPermit")
    with pytest.raises(ChainError):
        chain.warp(0)


def test_snapshots_nest(chain, token):
    outer = chain.snapshot()
    chain.send(token, "mint", ALICE, 1, sender=BOB)
    middle = chain.snapshot()
    chain.send(token, "mint", ALICE, 10, sender=BOB)
    inner = chain.snapshot()
    chain.send(token, "mint", ALICE, 100, sender=BOB)
    chain.revert(middle)
    assert chain.call(token, "totalSupply") == 1
    for gone in (middle, inner, -1):
        with pytest.raises(ChainError, match="does not exist"):
            chain.revert(gone)
    chain.send(token, "mint", ALICE, 1_000, sender=BOB)
    assert chain.call(token, "totalSupply") == 1_001
    chain.revert(outer)
    assert chain.call(token, "totalSupply") == 0


def test_transient_storage_ends_with_the_transaction(chain):
    once = chain.create(ONCE_CREATION, ALICE)
    for _ in range(2):
        assert chain.send_raw(once, b"", ALICE).result == b""
        assert chain.call_raw(once, b"", ALICE) == b""


@pytest.mark.parametrize("code", [TOO_LARGE_CREATION, GREEDY_CREATION])
def test_limits_halt(chain, code):
    with pytest.raises(Reverted) as refused:
        chain.create(code, ALICE)
    assert refused.value.error == "Halted"


def test_same_gas_where_gas_is_exact(node):
    """First and second write of the same storage: only revm may say less."""

    def costs(chain):
        token = chain.deploy("MockToken", 18)
        chain.call(token, "mint", ALICE, 1)
        return [chain.send(token, "mint", ALICE, 1, sender=BOB).gas_used for _ in range(2)]

    exact = costs(Web3Chain(node.url))
    assert costs(open_chain("pyevm")) == exact
    assert all(said <= paid for said, paid in zip(costs(open_chain("revm")), exact, strict=True))


def test_start_time():
    assert open_chain("revm").timestamp() == GENESIS_TIME
    assert open_chain("pyevm", timestamp=5).timestamp() == 5


def test_unknown_engine():
    with pytest.raises(ChainError, match="use revm or pyevm"):
        open_chain("geth")


def test_revm_survives_its_snapshot_limit():
    chain = RevmChain()
    token = chain.deploy("MockToken", 18)
    first = chain.snapshot()
    for _ in range(511):
        chain.snapshot()
    with pytest.raises(ChainError, match="snapshots are open"):
        chain.snapshot()
    chain.send(token, "mint", ALICE, 1, sender=BOB)
    chain.revert(first)
    assert chain.call(token, "totalSupply") == 0
    for _ in range(2_000):
        chain.revert(chain.snapshot())
    assert chain.call(token, "decimals") == 18


def test_revm_refuses_what_is_not_a_call():
    with pytest.raises(ChainError, match="refused"):
        RevmChain().send_raw(ALICE, b"", BOB, value=10**30)
