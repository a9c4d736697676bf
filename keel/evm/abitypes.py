"""ABI structs and arrays, compiled once into closures.

Compiled types are about ten times faster than eth-abi, which looks up every type again on each call; the
tests hold one to the other. It matters where a lens returns hundreds of accounts, and where a simulation
makes millions of calls.
"""

import keyword
import re
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from keel.artifacts import AbiEntry
from keel.errors import CodecError
from keel.evm.scalars import WORD, AbiType, read_count, scalar

_ARRAY = re.compile(r"(.*)\[([0-9]*)\]")


def compile_type(parameter: AbiEntry) -> AbiType:
    """Compile the type of one ABI parameter (with `components` for structs)."""
    kind: str = parameter["type"]
    if array := _ARRAY.fullmatch(kind):
        element = compile_type({**parameter, "type": array.group(1)})
        return _fixed_array(element, int(array.group(2))) if array.group(2) else _list(element)
    if kind == "tuple":
        return compile_record(parameter["components"], _record_name(parameter))
    return scalar(kind)


def compile_record(parameters: Sequence[AbiEntry], name: str) -> AbiType:
    """Compile a struct or argument list: decodes to a named tuple, encodes a sequence or a mapping."""
    members = [compile_type(parameter) for parameter in parameters]
    record = record_class(name, tuple(field_names(parameters)))
    encode, decode, size, dynamic = _sequence(members, record)

    def encode_record(value: Any) -> bytes:
        if isinstance(value, Mapping):
            if value.keys() != set(record._fields):
                raise ValueError(f"{name} has the members {', '.join(record._fields)}")
            value = [value[field] for field in record._fields]
        if len(value) != len(members):
            raise ValueError(f"{name} has {len(members)} members, not {len(value)}")
        return encode(value)

    return AbiType(WORD if dynamic else size, dynamic, encode_record, decode)


def field_names(parameters: Sequence[AbiEntry]) -> list[str]:
    """Attribute names of parameters: the ABI's own made valid in Python (`from_`), or `arg` and the place."""
    names = [parameter.get("name", "").strip("_") or f"arg{i}" for i, parameter in enumerate(parameters)]
    names = [f"{name}_" if keyword.iskeyword(name) else name for name in names]
    return [f"{name}_{i}" if names.index(name) != i else name for i, name in enumerate(names)]


@cache
def record_class(name: str, fields: tuple[str, ...]) -> Any:
    """The named tuple class of a struct; one per name and members, so that equal structs share it."""
    return namedtuple(name, fields)


def _record_name(parameter: AbiEntry) -> str:
    # `struct Core.Position[]` -> `Position`
    name: str = parameter.get("internalType", "").split(" ")[-1].split(".")[-1].split("[")[0]
    return name if name.isidentifier() and not keyword.iskeyword(name) else "Record"


def _fixed_array(element: AbiType, length: int) -> AbiType:
    encode, decode, size, dynamic = _sequence([element] * length, None)

    def encode_array(values: Any) -> bytes:
        if len(values) != length:
            raise ValueError(f"the array needs {length} elements, not {len(values)}")
        return encode(values)

    return AbiType(WORD if dynamic else size, dynamic, encode_array, decode)


def _list(element: AbiType) -> AbiType:
    size, read = element.size, element.decode

    def encode(values: Any) -> bytes:
        encode_elements = _encoder([element] * len(values), size * len(values))
        return len(values).to_bytes(WORD, "big") + encode_elements(values)

    def decode(data: bytes, position: int) -> list[Any]:
        length = read_count(data, position)
        start = position + WORD
        end = start + length * size
        if end > len(data):
            raise CodecError("an array is longer than its data")
        if element.dynamic:
            return [read(data, start + read_count(data, place)) for place in range(start, end, size)]
        return [read(data, place) for place in range(start, end, size)]

    return AbiType(WORD, True, encode, decode)


def _sequence(
    members: Sequence[AbiType], record: Any
) -> tuple[Callable[[Any], bytes], Callable[[bytes, int], Any], int, bool]:
    """Encoder, decoder, head size and dynamic flag of consecutive members; without a record, a list."""
    plan, size = [], 0
    for member in members:
        plan.append((member, size))
        size += member.size
    dynamic = any(member.dynamic for member in members)
    decode = _mixed_decoder(plan, size, record) if dynamic else _static_decoder(plan, record)
    return _encoder(members, size), decode, size, dynamic


def _encoder(members: Sequence[AbiType], head_size: int) -> Callable[[Sequence[Any]], bytes]:
    encoders = [member.encode for member in members]

    def encode_static(values: Sequence[Any]) -> bytes:
        return b"".join([encode(value) for encode, value in zip(encoders, values, strict=True)])

    def encode_mixed(values: Sequence[Any]) -> bytes:
        heads, tails, offset = [], [], head_size
        for member, value in zip(members, values, strict=True):
            encoded = member.encode(value)
            if member.dynamic:
                heads.append(offset.to_bytes(WORD, "big"))
                tails.append(encoded)
                offset += len(encoded)
            else:
                heads.append(encoded)
        return b"".join(heads + tails)

    return encode_mixed if any(member.dynamic for member in members) else encode_static


def _static_decoder(plan: Sequence[tuple[AbiType, int]], record: Any) -> Callable[[bytes, int], Any]:
    readers = [(member.decode, place) for member, place in plan]
    new = tuple.__new__

    def decode(data: bytes, position: int) -> Any:
        values = [read(data, position + place) for read, place in readers]
        return values if record is None else new(record, values)

    return decode


def _mixed_decoder(
    plan: Sequence[tuple[AbiType, int]], size: int, record: Any
) -> Callable[[bytes, int], Any]:
    def decode(data: bytes, position: int) -> Any:
        if position + size > len(data):
            raise CodecError("a value is longer than its data")
        values = [
            member.decode(data, position + (read_count(data, position + place) if member.dynamic else place))
            for member, place in plan
        ]
        return values if record is None else tuple.__new__(record, values)

    return decode
