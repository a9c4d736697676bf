"""Where choices come from: a seeded generator here, hypothesis in the tests."""

from collections.abc import Sequence
from random import Random
from typing import Protocol, TypeVar

T = TypeVar("T")


class Draws(Protocol):
    """A source of choices."""

    def integer(self, low: int, high: int) -> int:
        """An integer from `low` to `high`, both included."""

    def pick(self, options: Sequence[T]) -> T:
        """One of the options."""

    def chance(self, percent: int) -> bool:
        """True in so many cases of a hundred."""


class RandomDraws:
    """Choices of a pseudo-random generator.

    Args:
        seed: The same seed gives the same choices.
    """

    def __init__(self, seed: int) -> None:
        self._random = Random(seed).random  # noqa: S311, repeatable, not secret

    def integer(self, low: int, high: int) -> int:
        """See `Draws.integer`; beyond 2^53 the lowest digits repeat, which does no harm here."""
        return low + int(self._random() * (high - low + 1))

    def pick(self, options: Sequence[T]) -> T:
        """See `Draws.pick`."""
        return options[int(self._random() * len(options))]

    def chance(self, percent: int) -> bool:
        """See `Draws.chance`."""
        return self._random() * 100 < percent
