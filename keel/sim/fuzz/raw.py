"""Raw calls: from what a view returns to a record of the model, ten times faster than general decoding."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from typing import Any, Protocol, TypeVar, get_type_hints

from keel.artifacts import AbiEntry
from keel.errors import ChainError
from keel.evm.chain import Chain
from keel.evm.codec import Abi
from keel.evm.scalars import normal_address

T = TypeVar("T")
Decoder = Callable[[bytes], Any]

_WORD = 32


class RawChain(Chain, Protocol):
    """A chain that also takes calldata as it is: every one of this project does."""

    def call_raw(self, address: str, calldata: bytes, sender: str) -> bytes:
        """Run a call without keeping any of its effects; gives what it returned. Raises Reverted."""


def decoder(abi: Abi, view: str, record: type[T]) -> Callable[[bytes], T]:
    """A function from what a view returns to a record of the model.

    Raises:
        ChainError: The view's struct and the record do not have the same members.
    """
    for entry in abi.entries:
        if entry["type"] == "function" and entry["name"] == view:
            build, size = _builder(entry["outputs"][0]["components"], record, 0)
            return lambda data: build(data) if len(data) >= size else _short(view)
    raise ChainError(f"there is no view {view}", "run `make setup`")


def _short(view: str) -> Any:
    raise ChainError(f"{view} returned too little", "run `make setup`")


def _builder(members: Sequence[AbiEntry], record: Any, start: int) -> tuple[Decoder, int]:
    """Builds a record from consecutive words at `start`; also gives where they end."""
    kinds = get_type_hints(record)
    own = fields(record)
    if len(own) != len(members):
        raise ChainError(f"{record.__name__} has other members than the contract's", "update the model")
    parts: list[Decoder] = []
    for own_field, member in zip(own, members, strict=True):
        if member["type"] == "tuple":
            inner, start = _builder(member["components"], kinds[own_field.name], start)
            parts.append(inner)
            continue
        parts.append(_leaf(member["type"], start))
        start += _WORD
    return _joined(parts, record), start


def _joined(parts: Iterable[Decoder], record: Any) -> Decoder:
    plan = tuple(parts)
    return lambda data: record(*[part(data) for part in plan])


def _leaf(kind: str, start: int) -> Decoder:
    end, read = start + _WORD, int.from_bytes
    if kind == "address":
        return lambda data: normal_address("0x" + data[start + 12 : end].hex())
    if kind == "bytes32":
        return lambda data: data[start:end]
    if kind == "bool":
        return lambda data: data[end - 1] != 0
    if kind.startswith("int"):
        return lambda data: read(data[start:end], "big", signed=True)
    return lambda data: read(data[start:end], "big")
