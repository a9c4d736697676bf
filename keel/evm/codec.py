"""Calldata, results, reverts and logs of compiled contracts, as Python values."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from eth_utils.crypto import keccak

from keel.artifacts import AbiEntry, artifact, canonical_type, error_selectors, event_topics, signature
from keel.errors import CodecError, Reverted
from keel.evm.abitypes import compile_record, compile_type, field_names
from keel.evm.scalars import AbiType

_SELECTOR = 4
# Errors that the compiler raises by itself; no ABI lists them.
_BUILT_IN: Sequence[AbiEntry] = (
    {"type": "error", "name": "Error", "inputs": [{"name": "message", "type": "string"}]},
    {"type": "error", "name": "Panic", "inputs": [{"name": "code", "type": "uint256"}]},
)


class Function:
    """One function of a contract: encodes its calls and decodes what it returns.

    Attributes:
        signature: Canonical signature.
        selector: First four bytes of its calldata.
        mutability: `pure`, `view`, `nonpayable` or `payable`.
    """

    __slots__ = ("_inputs", "_outputs", "_single", "mutability", "selector", "signature")

    def __init__(self, entry: AbiEntry) -> None:
        self.signature = signature(entry)
        self.selector = keccak(text=self.signature)[:_SELECTOR]
        self.mutability: str = entry.get("stateMutability", "nonpayable")
        self._inputs = compile_record(entry["inputs"], entry["name"])
        self._single = len(entry["outputs"]) == 1
        self._outputs = _compile_outputs(entry)

    def encode(self, arguments: Sequence[Any]) -> bytes:
        """Calldata for these arguments.

        Raises:
            CodecError: Wrong number of arguments, or one does not fit its type.
        """
        return self.selector + encode_arguments(self._inputs, arguments, self.signature)

    def decode(self, data: bytes) -> Any:
        """What the function returned: nothing, the bare value, or a named tuple of several values."""
        return _decode_whole(self._outputs, data, self.signature, self._single) if self._outputs else None


class Abi:
    """The interface of one contract.

    Attributes:
        entries: ABI entries as the compiler wrote them.
    """

    __slots__ = ("_constructor", "_functions", "entries")

    def __init__(self, entries: Sequence[AbiEntry]) -> None:
        self.entries = tuple(entries)
        self._functions: dict[str, Function | None] = {}
        self._constructor: AbiType | None = None
        for entry in entries:
            if entry["type"] == "function":
                function = Function(entry)
                self._functions[function.signature] = function
                # An overloaded name alone is ambiguous: it stays known, but leads nowhere.
                self._functions[entry["name"]] = None if entry["name"] in self._functions else function
            elif entry["type"] == "constructor":
                self._constructor = compile_record(entry["inputs"], "constructor")

    def function(self, name: str) -> Function:
        """The function of that name, or of that full signature where the name is overloaded."""
        found = self._functions.get(name)
        if found is None:
            raise self._unknown(name)
        return found

    def encode_constructor(self, arguments: Sequence[Any]) -> bytes:
        """Constructor arguments, to be appended to the creation bytecode."""
        if self._constructor is None:
            if arguments:
                raise CodecError("the constructor takes no arguments", "drop them")
            return b""
        return encode_arguments(self._constructor, arguments, "constructor")

    def _unknown(self, name: str) -> CodecError:
        if name in self._functions:
            options = sorted(known for known in self._functions if known.startswith(f"{name}("))
            return CodecError(f"{name} is overloaded", f"use one of {', '.join(options)}")
        return CodecError(f"the contract has no function {name}", "check the name, or run `make setup`")


@cache
def contract_abi(name: str) -> Abi:
    """The interface of a compiled contract."""
    return Abi(artifact(name).abi)


def encode_arguments(kind: AbiType, arguments: Sequence[Any], what: str) -> bytes:
    """Encode an argument list; a value that does not fit becomes a CodecError that names the callee."""
    try:
        return kind.encode(arguments)
    except (ValueError, TypeError, OverflowError, AttributeError) as problem:
        raise CodecError(f"cannot encode the call of {what}: {problem}", "check the arguments") from problem


def decode_revert(data: bytes) -> Reverted:
    """The error that revert data stands for; never fails, since a contract may revert with anything."""
    if not data:
        return Reverted("")
    known = _known_error(data[:_SELECTOR])
    if known is None:
        return Reverted(f"0x{data[:_SELECTOR].hex()}", data=data)
    name, fields, kind = known
    try:
        values = _decode_whole(kind, data[_SELECTOR:], name, single=False)
    except CodecError:
        return Reverted(f"0x{data[:_SELECTOR].hex()}", data=data)
    return Reverted(name, values, dict(zip(fields, values, strict=True)), data)


def halted(reason: str) -> Reverted:
    """The error of a call that the machine itself stopped; the wording of the reason is the engine's."""
    return Reverted("Halted", (reason,), {"reason": reason})


def decode_log(topics: Sequence[bytes], data: bytes) -> tuple[str, dict[str, Any]]:
    """Name and arguments of an event; one that fits no artifact is `unknown`, with its topics and data."""
    known = _known_event(topics[0], len(topics) - 1) if topics else None
    if known is None:
        return "unknown", {"topics": tuple(topics), "data": data}
    name, fields, kinds, body = known
    try:
        plain = iter(_decode_whole(body, data, name, single=False))
        indexed = iter(topics[1:])
        values = [next(plain) if kind is None else kind.decode(next(indexed), 0) for kind in kinds]
    except CodecError:
        # Any contract may emit a known topic with other data; it must not stop who reads the log.
        return "unknown", {"topics": tuple(topics), "data": data}
    return name, dict(zip(fields, values, strict=True))


def _compile_outputs(entry: AbiEntry) -> AbiType | None:
    outputs = entry["outputs"]
    return compile_record(outputs, f"{entry['name']}_result") if outputs else None


def _decode_whole(kind: AbiType, data: bytes, what: str, single: bool) -> Any:
    if not kind.dynamic and len(data) < kind.size:
        message = f"{what} gave {len(data)} bytes instead of {kind.size}"
        raise CodecError(message, "check that its contract is at that address")
    values = kind.decode(data, 0)
    return values[0] if single else values


@cache
def _known_error(selector: bytes) -> tuple[str, list[str], AbiType] | None:
    built_in = {keccak(text=signature(entry))[:_SELECTOR]: entry for entry in _BUILT_IN}
    entry = built_in.get(selector) or error_selectors().get(selector)
    if entry is None:
        return None
    return entry["name"], field_names(entry["inputs"]), compile_record(entry["inputs"], entry["name"])


@cache
def _known_event(topic: bytes, indexed: int) -> tuple[str, list[str], list[AbiType | None], AbiType] | None:
    """Name, argument names, types of the indexed arguments (None if it is in the data), type of the data."""
    entry = event_topics().get((topic, indexed))
    if entry is None:
        return None
    inputs = entry["inputs"]
    kinds = [_topic_type(parameter) if parameter["indexed"] else None for parameter in inputs]
    body = compile_record([parameter for parameter in inputs if not parameter["indexed"]], entry["name"])
    return entry["name"], field_names(inputs), kinds, body


def _topic_type(parameter: AbiEntry) -> AbiType:
    # A topic is one word: of anything longer, only the hash is there.
    kind = canonical_type(parameter)
    hashed = kind in ("bytes", "string") or kind.endswith(("]", ")"))
    return compile_type({"type": "bytes32"} if hashed else parameter)
