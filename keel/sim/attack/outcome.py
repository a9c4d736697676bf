"""What an attack came to, and how fast the pool paid. Amounts are quote WAD."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from keel.sim.attack.suspects import EIGHT_HOURS, Suspect
from keel.units import BPS, WAD

# The pool's share is a floor, and the integral is truncated before it.
_ROUNDING = 2


class Accrual(NamedTuple):
    """One accrual of funding.

    Attributes:
        start: Seconds since 1970; `end` the same.
        end: When it was accrued.
        skew: Net position meanwhile, base WAD.
        received: What the pool received; negative: paid.
    """

    start: int
    end: int
    skew: int
    received: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a plan came to.

    Attributes:
        profit: What the attacker withdrew less what he paid in.
        fees: Fees that he paid.
        position: Largest sum of his positions, at the index.
        seconds: How long it took him.
        pool_funding: Funding that the pool received, all in all; negative: paid.
        pool_change: Change of the pool's equity, its part of the fees included.
        worst: Most funding that the pool paid within 8 hours.
        exposure: Largest net position of all traders, at the index.
        over_cap: Most by which one accrual paid more than cap * |q| * P for its time, beyond rounding; at
            most 0 where the bound holds.
    """

    profit: int
    fees: int
    position: int
    seconds: int
    pool_funding: int
    pool_change: int
    worst: int
    exposure: int
    over_cap: int

    @property
    def funding(self) -> int:
        """Funding that the attacker received less what he paid; the curve leaves only rounding."""
        return self.profit + self.fees

    @property
    def bps(self) -> float:
        """Profit in bps of the largest position."""
        return self.profit * BPS / self.position if self.position else 0.0


def worst_loss(accruals: Sequence[Accrual]) -> int:
    """Most funding that the pool paid, net, in accruals that lie within 8 hours."""
    worst = first = held = 0
    for last in accruals:
        held -= last.received
        while last.end - accruals[first].end >= EIGHT_HOURS:
            held += accruals[first].received
            first += 1
        worst = max(worst, held)
    return worst


def over_cap(suspect: Suspect, accruals: Sequence[Accrual], index: int) -> int:
    """Most by which an accrual paid more than the cap allows (see `Outcome.over_cap`)."""
    return max((-step.received - _allowed(suspect, step, index) for step in accruals), default=0)


def _allowed(suspect: Suspect, step: Accrual, index: int) -> int:
    value = abs(step.skew) * index // WAD
    return suspect.cap * value * suspect.payable(step.start, step.end) // (EIGHT_HOURS * WAD) + _ROUNDING
