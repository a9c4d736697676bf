"""Errors a user can act on: what happened, and what to do about it.

Everything that Keel raises on purpose derives from `KeelError`. The command line turns one into a single line
and exit code 2; any other exception is a bug and keeps its traceback.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

_PANICS: Mapping[int, str] = MappingProxyType(
    {
        0x01: "an assertion failed",
        0x11: "arithmetic overflow or underflow",
        0x12: "division by zero",
        0x21: "value out of an enum's range",
        0x22: "broken storage byte array",
        0x31: "pop from an empty array",
        0x32: "array index out of bounds",
        0x41: "allocation of too much memory",
        0x51: "call of an unset function pointer",
    }
)


class KeelError(Exception):
    """A problem with a remedy.

    Args:
        message: What is wrong, in one sentence without a full stop.
        remedy: What the reader can do about it; empty only where nothing can be said.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}: {self.remedy}" if self.remedy else self.message


class ConfigError(KeelError):
    """A configuration file, option or environment variable is wrong."""


class DataError(KeelError):
    """A value or a data file cannot be used."""


class ArtifactError(KeelError):
    """A compiled contract is missing or unusable."""


class CodecError(KeelError):
    """A value does not fit the ABI type it is meant for, or bytes are not a value of that type."""


class ChainError(KeelError):
    """A chain was asked for something that it cannot do."""


class RpcError(ChainError):
    """A node is unreachable, or refused a request.

    Attributes:
        code: JSON-RPC error code; 0 when there was no answer.
        data: Revert data that came with the refusal, or None.
    """

    def __init__(self, message: str, remedy: str = "", code: int = 0, data: bytes | None = None) -> None:
        super().__init__(message, remedy)
        self.code = code
        self.data = data


class Reverted(KeelError):  # noqa: N818, the word of the field
    """The contract refused the call, and all that the call had changed was undone.

    Attributes:
        error: Name of the custom error; `Error` for a reason string, `Panic` for a compiler check, `Halted`
            when the machine stopped (out of gas, code too large), `0x` and the selector for an error that no
            artifact knows, and empty for a revert without data.
        values: Decoded arguments in order of declaration.
        named: The same arguments by name.
        data: Raw revert data.
    """

    def __init__(
        self,
        error: str,
        values: Sequence[Any] = (),
        named: Mapping[str, Any] | None = None,
        data: bytes = b"",
    ) -> None:
        self.error = error
        self.values = tuple(values)
        self.named = dict(named or {})
        self.data = data
        super().__init__(f"reverted with {self._sentence()}")

    def _sentence(self) -> str:
        if not self.error:
            return "no reason"
        if self.error == "Panic" and self.values:
            return f"Panic: {_PANICS.get(self.values[0], f'code {self.values[0]:#x}')}"
        arguments = ", ".join(f"{name}={value}" for name, value in self.named.items())
        return f"{self.error}({arguments})"
