"""All that one command finds, and what it was asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean
from typing import NamedTuple

from keel.sim.stress.record import StressRecord
from keel.sim.stress.sweep import Line, line_of


@dataclass(frozen=True, slots=True)
class Study:
    """Replays and sweeps.

    Attributes:
        records: One replay of each window and entry.
        lines: The same and its further seeds, in a line each; empty if only one seed was asked for.
        frontier: One line for each leverage, window and entry; empty if it was not asked for.
        stakes: The same for each stake of the insurance.
        rallies: One line for each mirrored window, entry, depth and seed; empty if it was not asked for.
        hands: Lines of the concentration study; empty if it was not asked for.
    """

    records: tuple[StressRecord, ...]
    lines: tuple[Line, ...] = ()
    frontier: tuple[Line, ...] = ()
    stakes: tuple[Line, ...] = ()
    rallies: tuple[Line, ...] = ()
    hands: tuple[Line, ...] = ()

    @property
    def failed(self) -> list[str]:
        """Replays with the given parameters in which the insurance did not pay everything."""
        return [f"{one.window}, {one.entry}, seed {one.seed}" for one in self._shipped if one.after_insurance]

    @property
    def used(self) -> float:
        """Largest part of a fund that was gone at once in any replay with the given parameters."""
        return max((line.used / line.fund for line in self._shipped if line.fund), default=0.0)

    @property
    def _shipped(self) -> tuple[Line, ...]:
        return self.lines or tuple(line_of(record) for record in self.records)


class Hands(NamedTuple):
    """The same open interest in so many accounts, averaged over draws: parts of the open interest.

    Attributes:
        window: Its name.
        entry: When the accounts opened.
        accounts: How many.
        draws: How many replays.
        concentration: Herfindahl index.
        liquidated: Value liquidated.
        worst: The same in the worst draw.
        burst: Largest value liquidated after one price.
        worst_burst: The same in the worst draw.
        debt: Bad debt, quote WAD, floor.
    """

    window: str
    entry: str
    accounts: int
    draws: int
    concentration: float
    liquidated: float
    worst: float
    burst: float
    worst_burst: float
    debt: int


def by_hands(lines: Sequence[Line]) -> list[Hands]:
    """Lines of the concentration study, averaged over their draws, in the order of the lines."""
    groups: dict[tuple[str, str, int], list[Line]] = {}
    for line in lines:
        groups.setdefault((line.window, line.entry, line.accounts), []).append(line)
    return [
        Hands(
            window,
            entry,
            accounts,
            len(group),
            mean(line.concentration for line in group),
            mean(line.liquidated_part for line in group),
            max(line.liquidated_part for line in group),
            mean(line.burst_part for line in group),
            max(line.burst_part for line in group),
            sum(line.debt for line in group) // len(group),
        )
        for (window, entry, accounts), group in groups.items()
    ]
