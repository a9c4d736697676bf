"""An action is data: a name and integers. Lists of them are what is drawn, shrunk, replayed and printed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from keel.evm.chain import Receipt
from keel.sim.fuzz.reader import Touched


class Action(NamedTuple):
    """One step.

    Attributes:
        name: A key of `keel.sim.fuzz.perform.PERFORM`.
        args: Integers: places of senders and accounts in the cast, market ids, amounts.
    """

    name: str
    args: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.args))})"


@dataclass(frozen=True, slots=True)
class Done:
    """What an action that succeeded did.

    Attributes:
        receipt: Receipt of its transaction; None of an action without one.
        paid_in: Tokens that went into the core's books, negative = out of them.
        donated: Tokens that only went into the core's hands.
        touched: What it changed, where only its result says that.
    """

    receipt: Receipt | None = None
    paid_in: int = 0
    donated: int = 0
    touched: Touched | None = None


def to_rows(actions: Iterable[Action]) -> list[list[str | int]]:
    """Actions as plain lists, for JSON and scripts."""
    return [[action.name, *action.args] for action in actions]


def from_rows(rows: Iterable[Sequence[str | int]]) -> list[Action]:
    """The inverse of `to_rows`."""
    return [Action(str(name), tuple(int(value) for value in args)) for name, *args in rows]
