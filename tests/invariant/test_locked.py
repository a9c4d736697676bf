"""INV-55: while a call of the core is under way, no other call of it changes anything."""

import pytest
import solcx

from keel.config.deployment import load_deployment
from keel.errors import Reverted
from keel.evm.codec import Abi, decode_revert
from keel.evm.revm import RevmChain
from keel.sim.fuzz.action import Action
from keel.sim.fuzz.stage import Stage

TOKEN = """
pragma solidity 0.8.30;
contract CallbackToken {
    uint8 public constant decimals = 6;
    mapping(address => uint256) public balanceOf;
    address private target;
    bytes private data;
    bool public reached;
    bool public passed;
    bytes public answer;
    function mint(address to, uint256 tokens) external { balanceOf[to] += tokens; }
    function approve(address, uint256) external returns (bool) { return true; }
    function arm(address target_, bytes calldata data_) external {
        (target, data, reached, passed) = (target_, data_, false, false);
    }
    function transfer(address to, uint256 tokens) external returns (bool) {
        return move(msg.sender, to, tokens);
    }
    function transferFrom(address from, address to, uint256 tokens) external returns (bool) {
        return move(from, to, tokens);
    }
    function move(address from, address to, uint256 tokens) private returns (bool) {
        balanceOf[from] -= tokens;
        balanceOf[to] += tokens;
        if (target != address(0)) {
            reached = true;
            (passed, answer) = target.call(data);
        }
        return true;
    }
}
"""
LOCKED = {
    *("deposit", "withdraw", "trade", "updateAndTrade", "liquidate", "unwind", "claimFunding"),
    *("accrue", "updatePrice", "resolve", "deleverage"),
    *("poolDeposit", "poolRedeem", "insuranceDeposit", "insuranceRedeem"),
}
OUTER = {
    "deposit": Action("deposit", (1, 1, 5_000_000)),
    "withdraw": Action("withdraw", (1, 1, 5_000_000, 1)),
    "redeem": Action("redeem", (7, 1, 10**24, 7)),
}


@pytest.fixture(scope="module")
def token_contract():
    wanted = {"*": {"CallbackToken": ["abi", "evm.bytecode.object"]}}
    given = {
        "language": "Solidity",
        "sources": {"token.sol": {"content": TOKEN}},
        "settings": {"evmVersion": "cancun", "outputSelection": wanted},
    }
    return solcx.compile_standard(given, solc_version="0.8.30")["contracts"]["token.sol"]["CallbackToken"]


@pytest.fixture(scope="module")
def stage(token_contract):
    chain = RevmChain()
    address = chain.create(bytes.fromhex(token_contract["evm"]["bytecode"]["object"]), chain.accounts[0])
    stage = Stage(chain, load_deployment("fuzz").model_copy(update={"token": address}))
    stage.apply(Action("request", (7, 1, 10**24)))
    # The token may trade for the account: whatever refuses its calls, it is not that.
    stage.world.send_core(1, "setOperator", stage.world.ids[1], address, True)
    return stage


@pytest.fixture(scope="module")
def token(token_contract):
    return Abi(token_contract["abi"])


def changing(abi):
    """Functions of the core that may change something."""
    return [
        entry
        for entry in abi.entries
        if entry["type"] == "function" and entry["stateMutability"] not in ("view", "pure")
    ]


def plain(parameter, world):
    """A value of the parameter's type that is as harmless, and as likely to be taken, as there is."""
    kind = parameter["type"]
    if kind.endswith("[]"):
        return []
    if kind == "tuple":
        return [plain(member, world) for member in parameter["components"]]
    known = {"address": world.senders[1], "bool": False, "bytes": b"", "bytes32": bytes(32)}
    if parameter["name"] == "account":
        return world.ids[1]
    return known.get(kind, 2**64 if parameter["name"] == "deadline" else 1)


@pytest.mark.parametrize("outer", OUTER)
def test_no_call_gets_into_a_call(stage, token, outer):
    world, raw = stage.world, stage.world.chain
    asset, sender = world.token.address, raw.accounts[0]

    def ask(function):
        data = raw.call_raw(asset, token.function(function).encode(()), sender)
        return token.function(function).decode(data)

    with stage.aside():
        undisturbed = stage.apply(OUTER[outer])
        assert undisturbed.refusal is None
        expected = stage.reader.read_all()
    locked = set()
    for entry in changing(world.core.abi):
        arguments = [plain(parameter, world) for parameter in entry["inputs"]]
        if entry["name"] == "multicall":
            arguments = [[world.encode_core("accrue", 1)]]
        with stage.aside():
            inner = world.encode_core(entry["name"], *arguments)
            raw.send_raw(asset, token.function("arm").encode((world.core.address, inner)), sender)
            assert stage.apply(OUTER[outer]).refusal is None
            assert ask("reached")
            assert stage.reader.read_all() == expected, entry["name"]
            if not ask("passed") and decode_revert(ask("answer")).error == "ReentrancyGuardReentrantCall":
                locked.add(entry["name"])
    assert locked >= LOCKED


def test_the_lock_opens_again(stage):
    with stage.aside():
        for action in OUTER.values():
            assert stage.apply(action).refusal is None


def test_a_refused_call_leaves_the_lock_open(stage):
    with stage.aside():
        refusal = stage.apply(Action("withdraw", (2, 1, 1, 2))).refusal
        assert isinstance(refusal, Reverted)
        assert stage.apply(OUTER["deposit"]).refusal is None
