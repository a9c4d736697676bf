"""ABI scalars (integers, bool, address, bytes, string): pairs of functions, value to bytes and back."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from eth_utils.address import is_checksum_formatted_address, to_checksum_address

from keel.errors import CodecError

WORD = 32

_SIZED = re.compile(r"(uint|int|bytes)([0-9]+)")


@dataclass(frozen=True, slots=True)
class AbiType:
    """One ABI type.

    Attributes:
        size: Bytes that the type takes in the head: its whole length when static, 32 when dynamic.
        dynamic: Whether the head holds only an offset to the value.
        encode: Value to bytes; a wrong value raises ValueError, TypeError, OverflowError or AttributeError.
        decode: (data, position) to value; the caller has checked that the head lies within the data. Raises
            CodecError when the bytes are not the canonical form of a value.
    """

    size: int
    dynamic: bool
    encode: Callable[[Any], bytes]
    decode: Callable[[bytes, int], Any]


def scalar(kind: str) -> AbiType:
    """The type of that ABI name, which is neither an array nor a tuple."""
    if kind == "bytes":
        return AbiType(WORD, True, lambda value: _tail(_to_bytes(value)), _decode_bytes)
    if kind == "string":
        return AbiType(WORD, True, lambda value: _tail(value.encode()), _decode_string)
    if kind == "bool":
        return AbiType(WORD, False, _encode_bool, _decode_bool)
    if kind == "address":
        return AbiType(WORD, False, _encode_address, _decode_address)
    match = _SIZED.fullmatch(kind)
    if match is None:
        raise CodecError(f"ABI type {kind} is not supported", "use another type in the contract")
    width = int(match.group(2))
    return _fixed_bytes(width) if match.group(1) == "bytes" else _integer(width, match.group(1) == "int")


def normal_address(value: str | bytes) -> str:
    """Checksummed text of an address.

    Raises:
        CodecError: It is not an address, or its checksum is wrong.
    """
    try:
        return checksum_address(_address_word(value)[12:])
    except (ValueError, TypeError) as problem:
        raise CodecError(str(problem), "check the address") from problem


def read_count(data: bytes, position: int) -> int:
    """An offset or length; one that points outside the data is refused, so decoding cannot run away."""
    value = int.from_bytes(data[position : position + WORD], "big")
    if value > len(data) or position + WORD > len(data):
        raise CodecError("an offset points outside the data")
    return value


def _integer(bits: int, signed: bool) -> AbiType:
    kind = f"{'int' if signed else 'uint'}{bits}"
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    read = int.from_bytes

    def encode(value: Any) -> bytes:
        if not low <= value <= high:
            raise OverflowError(f"{value} does not fit {kind}")
        word: bytes = value.to_bytes(WORD, "big", signed=signed)
        return word

    def decode_full(data: bytes, position: int) -> int:
        return read(data[position : position + WORD], "big", signed=signed)

    def decode(data: bytes, position: int) -> int:
        value = read(data[position : position + WORD], "big", signed=signed)
        if not low <= value <= high:
            raise CodecError(f"{value} does not fit {kind}")
        return value

    return AbiType(WORD, False, encode, decode_full if bits == 8 * WORD else decode)


def _fixed_bytes(width: int) -> AbiType:
    padding = bytes(WORD - width)

    def encode(value: Any) -> bytes:
        raw = _to_bytes(value)
        if len(raw) != width:
            raise ValueError(f"bytes{width} needs {width} bytes, not {len(raw)}")
        return raw + padding

    def decode(data: bytes, position: int) -> bytes:
        if data[position + width : position + WORD] != padding:
            raise CodecError(f"a bytes{width} is not padded with zeros")
        return data[position : position + width]

    return AbiType(WORD, False, encode, decode)


def _to_bytes(value: Any) -> bytes:
    return bytes.fromhex(value.removeprefix("0x")) if isinstance(value, str) else bytes(memoryview(value))


def _tail(raw: bytes) -> bytes:
    return len(raw).to_bytes(WORD, "big") + raw + bytes(-len(raw) % WORD)


def _decode_bytes(data: bytes, position: int) -> bytes:
    length = read_count(data, position)
    start = position + WORD
    if start + length > len(data):
        raise CodecError("a byte string is longer than its data")
    return data[start : start + length]


def _decode_string(data: bytes, position: int) -> str:
    # A contract may return any bytes as a string; text that is shown must not become an exception.
    return _decode_bytes(data, position).decode(errors="replace")


def _encode_bool(value: Any) -> bytes:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is not a bool")
    return value.to_bytes(WORD, "big")


def _decode_bool(data: bytes, position: int) -> bool:
    value = int.from_bytes(data[position : position + WORD], "big")
    if value > 1:
        raise CodecError(f"{value} is not a bool")
    return bool(value)


def _encode_address(value: Any) -> bytes:
    # A contract stands for its address.
    return _address_word(getattr(value, "address", value))


# Checksums cost a hash each, and a run sees the same few addresses over and over.
@lru_cache(maxsize=65_536)
def _address_word(value: str | bytes) -> bytes:
    raw = _to_bytes(value)
    if len(raw) != 20:
        raise ValueError(f"{value!r} is not an address")
    mixed_case = isinstance(value, str) and is_checksum_formatted_address(value)
    if mixed_case and to_checksum_address(value) != value:
        raise ValueError(f"{value!r} has a wrong checksum")
    return raw.rjust(WORD, b"\0")


@lru_cache(maxsize=65_536)
def checksum_address(raw: bytes) -> str:
    """Checksummed text of a 20-byte address."""
    return to_checksum_address(raw)


def _decode_address(data: bytes, position: int) -> str:
    if int.from_bytes(data[position : position + 12], "big"):
        raise CodecError("an address has more than 20 bytes")
    return checksum_address(data[position + 12 : position + WORD])
