"""The ABI codec, held to eth-abi."""

from contextlib import suppress

import eth_abi
import pytest
from eth_utils import keccak, to_checksum_address
from hypothesis import given, settings
from hypothesis import strategies as st

from keel.artifacts import canonical_type
from keel.errors import CodecError
from keel.evm.abitypes import compile_record, compile_type, field_names
from keel.evm.chain import DEV_ACCOUNTS, Contract
from keel.evm.codec import Abi, decode_log, decode_revert

ADDRESS = DEV_ACCOUNTS[0]
POINT = {
    "type": "tuple",
    "name": "p",
    "internalType": "struct Core.Point",
    "components": [{"type": "int256", "name": "x"}, {"type": "bool", "name": "from"}],
}
ABI = Abi(
    [
        {"type": "constructor", "inputs": [{"type": "uint8", "name": "decimals"}]},
        {
            "type": "function",
            "name": "move",
            "inputs": [POINT, {"type": "address", "name": "to"}],
            "outputs": [POINT, {"type": "uint64", "name": ""}],
        },
        {"type": "function", "name": "size", "inputs": [], "outputs": [{"type": "uint256", "name": ""}]},
        {"type": "function", "name": "put", "inputs": [{"type": "uint256"}], "outputs": []},
        {"type": "function", "name": "put", "inputs": [{"type": "bytes4"}], "outputs": []},
    ]
)


def scalar_types():
    sizes = st.integers(1, 32)
    return st.one_of(
        st.sampled_from(["bool", "address", "bytes", "string"]),
        st.builds(lambda kind, size: f"{kind}{8 * size}", st.sampled_from(["uint", "int"]), sizes),
        st.builds(lambda size: f"bytes{size}", sizes),
    ).map(lambda kind: {"type": kind})


def array_of(element):
    suffix = st.sampled_from(["[]", "[1]", "[3]"])
    return st.builds(lambda inner, end: {**inner, "type": inner["type"] + end}, element, suffix)


def struct_of(element):
    return st.lists(element, min_size=1, max_size=4).map(
        lambda members: {
            "type": "tuple",
            "components": [{**member, "name": f"m{i}"} for i, member in enumerate(members)],
        }
    )


def values_of(parameter):
    kind = parameter["type"]
    if kind.endswith("]"):
        inner, _, length = kind[:-1].rpartition("[")
        element = values_of({**parameter, "type": inner})
        bounds = (0, 3) if length == "" else (int(length), int(length))
        return st.lists(element, min_size=bounds[0], max_size=bounds[1])
    if kind == "tuple":
        return st.tuples(*map(values_of, parameter["components"]))
    if kind.startswith("uint"):
        return st.integers(0, 2 ** int(kind[4:]) - 1)
    if kind.startswith("int"):
        return st.integers(-(2 ** (int(kind[3:]) - 1)), 2 ** (int(kind[3:]) - 1) - 1)
    if kind.startswith("bytes") and kind != "bytes":
        return st.binary(min_size=int(kind[5:]), max_size=int(kind[5:]))
    return {
        "bool": st.booleans(),
        "address": st.binary(min_size=20, max_size=20).map(to_checksum_address),
        "bytes": st.binary(max_size=70),
        "string": st.text(max_size=40),
    }[kind]


TYPES = st.recursive(scalar_types(), lambda inner: array_of(inner) | struct_of(inner), max_leaves=8)
ARGUMENTS = st.lists(TYPES, min_size=1, max_size=4).flatmap(
    lambda types: st.tuples(st.just(types), st.tuples(*map(values_of, types)))
)


def plain(value):
    """Without the difference between lists, tuples and records, or between spellings of an address."""
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.lower() if isinstance(value, str) and value.startswith("0x") else value


@given(ARGUMENTS)
@settings(deadline=None)
def test_agrees_with_eth_abi(arguments):
    types, values = arguments
    names = [canonical_type(parameter) for parameter in types]
    compiled = compile_record(types, "Arguments")
    encoded = eth_abi.encode(names, values)
    assert compiled.encode(values) == encoded
    assert plain(compiled.decode(encoded, 0)) == plain(eth_abi.decode(names, encoded))


@given(ARGUMENTS, st.data())
@settings(deadline=None)
def test_damaged_data_never_raises_anything_but_codec_error(arguments, data):
    types, values = arguments
    function = Abi(
        [{"type": "function", "name": "f", "inputs": [], "outputs": [*types, {"type": "bool"}]}]
    ).function("f")
    encoded = bytearray(compile_record([*types, {"type": "bool"}], "Result").encode((*values, True)))
    place = data.draw(st.integers(0, len(encoded) - 1))
    encoded[place] ^= data.draw(st.integers(1, 255))
    cut = bytes(encoded[: data.draw(st.integers(0, len(encoded)))])
    for damaged in (bytes(encoded), cut):
        with suppress(CodecError):
            function.decode(damaged)


def test_short_answer_is_refused():
    with pytest.raises(CodecError, match="0 bytes instead of 32"):
        ABI.function("size").decode(b"")


def test_length_that_leaves_the_data_is_refused():
    numbers = compile_type({"type": "uint256[]"})
    with pytest.raises(CodecError):
        numbers.decode((2**255).to_bytes(32, "big"), 0)
    with pytest.raises(CodecError):
        numbers.decode((2).to_bytes(32, "big") + bytes(32), 0)


@pytest.mark.parametrize(
    ("kind", "word"),
    [("bool", 2), ("uint8", 256), ("int8", 128), ("address", 2**160), ("bytes4", 1)],
)
def test_dirty_words_are_refused(kind, word):
    with pytest.raises(CodecError):
        compile_type({"type": kind}).decode(word.to_bytes(32, "big"), 0)


def test_structs_are_records():
    move = ABI.function("move")
    word = bytes(31) + b"\1"
    result = move.decode(word * 3)
    assert (result.p.x, result.p.from_, result.arg1) == (1, True, 1)
    assert type(result.p).__name__ == "Point"
    assert move.encode([result.p, ADDRESS]) == move.encode([{"x": 1, "from_": True}, ADDRESS])


def test_selector_and_constructor():
    assert ABI.function("put(bytes4)").selector == keccak(text="put(bytes4)")[:4]
    assert ABI.encode_constructor([6]) == bytes(31) + b"\6"
    assert Abi([]).encode_constructor([]) == b""


def test_contract_stands_for_its_address():
    contract = Contract("Token", ADDRESS, ABI)
    move = ABI.function("move")
    assert move.encode([(1, True), contract]) == move.encode([(1, True), ADDRESS.lower()])


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        [(1, True)],
        [(1, True), ADDRESS, 1],
        [(2**255, True), ADDRESS],
        [(1.0, True), ADDRESS],
        [("1", True), ADDRESS],
        [(1, 1), ADDRESS],
        [{"x": 1}, ADDRESS],
        [(1, True), ADDRESS[:-1]],
        [(1, True), ADDRESS[:-1] + "7"],
        [(1, True), ADDRESS.replace("f39F", "F39F")],
        [(1, True), None],
        [None, ADDRESS],
    ],
)
def test_wrong_arguments_are_refused(arguments):
    with pytest.raises(CodecError):
        ABI.function("move").encode(arguments)


def test_unknown_and_overloaded_names():
    with pytest.raises(CodecError, match=r"put\(bytes4\), put\(uint256\)"):
        ABI.function("put")
    with pytest.raises(CodecError, match="no function"):
        ABI.function("absent")
    with pytest.raises(CodecError, match="no arguments"):
        Abi([]).encode_constructor([1])


def test_field_names_are_valid_and_distinct():
    names = field_names([{"name": "_a"}, {"name": "a"}, {"name": ""}, {"name": "is"}])
    assert names == ["a", "a_1", "arg2", "is_"]


def test_built_in_errors():
    reason = decode_revert(keccak(text="Error(string)")[:4] + eth_abi.encode(["string"], ["too late"]))
    assert (reason.error, reason.values, reason.named) == ("Error", ("too late",), {"message": "too late"})
    panic = decode_revert(keccak(text="Panic(uint256)")[:4] + eth_abi.encode(["uint256"], [0x12]))
    assert (panic.error, panic.values) == ("Panic", (0x12,))
    assert "division by zero" in str(panic)
    assert decode_revert(b"").error == ""


def test_known_error_and_event_of_the_project():
    assert decode_revert(keccak(text="InsufficientBalance()")[:4]).error == "InsufficientBalance"
    topics = [
        keccak(text="Transfer(address,address,uint256)"),
        bytes(32),
        bytes(12) + bytes.fromhex(ADDRESS[2:]),
    ]
    name, arguments = decode_log(topics, (5).to_bytes(32, "big"))
    assert (name, list(arguments.values())) == ("Transfer", [f"0x{'0' * 40}", ADDRESS, 5])
    assert decode_log(topics, b"")[0] == "unknown"
    assert decode_log([bytes(32)], b"x") == ("unknown", {"topics": (bytes(32),), "data": b"x"})


@given(st.binary(max_size=100))
def test_any_revert_data_gives_an_error(data):
    tail = data[4:]
    assert decode_revert(data).data == data
    assert decode_revert(keccak(text="Error(string)")[:4] + tail).error in ("Error", "0x08c379a0")
