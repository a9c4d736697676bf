"""A refusal is one specific error with its arguments, and leaves everything as it was."""

from dataclasses import dataclass
from typing import Any

import pytest

from keel.errors import Reverted
from keel.evm.codec import decode_revert


class _Any:
    """Stands for an argument that the test does not predict."""

    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0

    def __repr__(self):
        return "ANY"


ANY = _Any()


@dataclass(frozen=True)
class Refusal:
    """A custom error and its arguments by name."""

    error: str
    args: dict[str, Any]


def refusal(error, **args):
    """The custom error `error` with exactly these arguments; ANY where one is not predicted."""
    return Refusal(error, args)


def error_name(selector):
    """Name of an error by its first four bytes; those in hex where it has arguments."""
    try:
        return decode_revert(bytes(selector)).error
    except Exception:  # noqa: BLE001  (an error with arguments, of which only the selector is kept)
        return selector.hex()


def bytes32(text):
    """Solidity's bytes32 of a short string literal."""
    return text.encode().ljust(32, b"\0")


def out_of_bounds(name, given, low, high):
    """A parameter outside its bounds."""
    return refusal("ParameterOutOfBounds", name=bytes32(name), given=given, low=low, high=high)


def assert_refused(bench, error, action):
    """The action reverts with that error and changes nothing that `bench.digest()` sees."""
    before = bench.digest()
    with pytest.raises(Reverted) as refused:
        action()
    assert (refused.value.error, refused.value.named) == (error.error, error.args)
    assert bench.digest() == before
