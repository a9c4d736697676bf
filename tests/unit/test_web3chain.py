"""What only a chain behind JSON-RPC has: signers, fees, waiting, and a node that may be absent."""

import pytest
from eth_account import Account

from keel.errors import ChainError, Reverted, RpcError
from keel.evm.chain import DEV_ACCOUNTS
from keel.sdk.anvil import Anvil
from keel.sdk.rpc import Rpc
from keel.sdk.transactor import Transactor
from keel.sdk.web3chain import Web3Chain

ALICE, BOB = DEV_ACCOUNTS[1:3]
STRANGER = "0x" + "77" * 20
KEY = "0x" + "11" * 32


@pytest.fixture(scope="module")
def node():
    with Anvil(base_fee=10**9) as running:
        yield running


@pytest.fixture(params=[True, False], ids=["anvil", "any node"])
def chain(node, request, monkeypatch):
    """A chain with one local signer, on anvil known as such or taken for any other node."""
    monkeypatch.setattr(Transactor, "on_anvil", request.param)
    signer = Account.from_key(KEY)
    Rpc(node.url).request("anvil_setBalance", signer.address, hex(10**19))
    return Web3Chain(node.url, [signer])


def test_local_signer_comes_first(chain):
    assert chain.accounts == (Account.from_key(KEY).address, *DEV_ACCOUNTS)


def test_signed_and_unlocked_transactions(chain):
    signer = chain.accounts[0]
    token = chain.deploy("MockToken", 6)
    for sender in (signer, BOB):
        receipt = chain.send(token, "mint", ALICE, 5, sender=sender)
        assert receipt.event("Transfer").args["value"] == 5
        assert len(receipt.transaction) == 66
    assert chain.send(token, "approve", BOB, 1, sender=signer).result is True
    assert chain.call(token, "allowance", signer, BOB) == 1


def test_reverts_are_decoded(chain):
    token = chain.deploy("MockToken", 6)
    for sender in (chain.accounts[0], BOB):
        with pytest.raises(Reverted) as refused:
            chain.send(token, "transfer", ALICE, 1, sender=sender)
        assert refused.value.error == "InsufficientBalance"


def test_reverts_are_decoded_without_traces(node, monkeypatch):
    chain = Web3Chain(node.url)
    token = chain.deploy("MockToken", 6)
    request = Rpc.request

    def without_traces(self, method, *params):
        if method.startswith("debug_"):
            raise RpcError("no such method", code=-32601)
        return request(self, method, *params)

    monkeypatch.setattr(Rpc, "request", without_traces)
    with pytest.raises(Reverted) as refused:
        chain.send(token, "transfer", ALICE, 1, sender=BOB)
    assert refused.value.error == "InsufficientBalance"
    receipt = chain.send(token, "approve", ALICE, 1, sender=BOB)
    assert receipt.event("Approval").args["value"] == 1
    with pytest.raises(RpcError, match="events"):
        _ = receipt.result


def test_a_sender_without_key_is_refused(chain):
    token = chain.deploy("MockToken", 6)
    with pytest.raises(RpcError, match="local signer"):
        chain.send(token, "mint", ALICE, 1, sender=STRANGER)


def test_a_transaction_that_is_not_mined_is_reported_with_its_hash():
    with Anvil() as idle:
        token = Web3Chain(idle.url).deploy("MockToken", 6)
        Rpc(idle.url).request("evm_setAutomine", False)
        with pytest.raises(RpcError, match=r"0x[0-9a-f]{64} is not mined after 0 s"):
            Web3Chain(idle.url, timeout=0.1).send(token, "mint", ALICE, 1, sender=BOB)


def test_development_methods_are_missed_by_name(node, monkeypatch):
    chain = Web3Chain(node.url)

    def refuse(self, method, *params):
        raise RpcError(f"the node refused {method}", code=-32601)

    monkeypatch.setattr(chain, "timestamp", lambda: 1)
    monkeypatch.setattr(Rpc, "request", refuse)
    for attempt in (chain.snapshot, lambda: chain.warp(1)):
        with pytest.raises(ChainError, match="development node"):
            attempt()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/SECRET", "SECRET"])
def test_an_absent_node_is_one_line_without_its_url(url):
    with pytest.raises(RpcError) as failure:
        _ = Web3Chain(url).accounts
    assert "does not answer" in str(failure.value)
    assert "SECRET" not in f"{failure.value!r} {failure.value.__cause__!r}"
    assert failure.value.__suppress_context__


def test_anvil_is_gone_after_its_block():
    with Anvil(frozen=False) as running:
        url = running.url
        assert Rpc(url).number("eth_chainId") == 31_337
    with pytest.raises(RpcError):
        Rpc(url).request("eth_chainId")
    with pytest.raises(ChainError, match="not running"):
        _ = running.url


def test_anvil_that_cannot_start_says_why():
    with pytest.raises(ChainError, match="hardfork"):
        Anvil(hardfork="nonsense").start()


def test_missing_anvil(monkeypatch):
    monkeypatch.setattr("keel.sdk.anvil.shutil.which", lambda *_, **__: None)
    with pytest.raises(ChainError, match="make setup"):
        Anvil().start()
