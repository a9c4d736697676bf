"""How the twin says that the contract would not do it."""

from keel.errors import KeelError

PANIC_OVERFLOW = 0x11
PANIC_DIVISION = 0x12


class ModelError(KeelError):
    """The contract would not give this call a right answer."""


class Refused(ModelError):  # noqa: N818, the word of the field
    """The contract reverts here.

    Attributes:
        error: Name of the custom error, or `Panic` for a compiler check: the same text as `Reverted.error`.
        values: Its arguments in order of declaration.
    """

    def __init__(self, error: str, *values: object) -> None:
        self.error = error
        self.values = values
        super().__init__(f"the contract refuses with {error}({', '.join(map(str, values))})")


class Truncated(ModelError):  # noqa: N818, the word of the field
    """A cast or unchecked arithmetic loses digits here: the contract would go on with a wrong number.

    Solidity checks neither explicit casts nor arithmetic that the source calls unchecked. A sequence of calls
    that gets here on a real market is a bug in the contracts, so the twin stops instead of being wrong alike.
    """
