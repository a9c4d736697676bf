"""What a run of the loop shows: how fast the premium comes back, and whether it swings on."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from keel.sim.loop.run import LoopRecord
from keel.sim.loop.settings import BAND, HOUR
from keel.units import WAD

#: Growth of an envelope per hour below which it holds.
_STEADY = 0.002
_LEAST_SWINGS = 3
# Share of the last quarter that an anchored premium spends beyond the band at most.
_STRAY = 0.05


@dataclass(frozen=True, slots=True)
class Swing:
    """The outermost point between two crossings of the index: hours since the beginning, signed premium."""

    at: float
    premium: float


@dataclass(frozen=True, slots=True)
class Measures:
    """A run in figures; hours, and fractions.

    Attributes:
        beyond: Share of time at which the premium is beyond the band.
        mean: Mean premium; `spread` its standard deviation.
        half_life: When the premium is within half of the first for good; None: not before the last quarter.
        anchored_after: When the first whole hour inside the band begins; None: never.
        overshoot: Largest premium on the other side, over the first.
        growth: Of the envelope of the swings, per hour (negative: it fades); None: fewer than three swings.
        period: Of the swings; None as above.
        verdict: `anchored`, `adrift` on one side, or swings that are `fading`, `steady` or `growing`.
    """

    beyond: float
    mean: float
    spread: float
    half_life: float | None
    anchored_after: float | None
    overshoot: float
    growth: float | None
    period: float | None
    verdict: str


def measure(record: LoopRecord) -> Measures:
    """Measure a run; growth and period are of the swings in its second half, of all if those are few."""
    hours, premiums = record.hours, record.premiums
    band = BAND / WAD
    found = _late(swings(hours, premiums), hours[-1] / 2)
    growth = envelope_growth(found)
    # The first reading lasts for no time.
    held = np.array(premiums[1:])
    return Measures(
        beyond=float(np.mean(np.abs(held) > band)),
        mean=float(np.mean(held)),
        spread=float(np.std(held)),
        half_life=_half_life(hours, premiums),
        anchored_after=_anchored_after(hours, premiums, HOUR // record.settings.touch_seconds, band),
        overshoot=_overshoot(premiums),
        growth=growth,
        period=None if growth is None else 2 * (found[-1].at - found[0].at) / (len(found) - 1),
        verdict=_verdict(held[-len(held) // 4 :].tolist(), band, growth),
    )


def swings(hours: Sequence[float], premiums: Sequence[float]) -> list[Swing]:
    """Every whole swing: neither the first, which a shock began, nor the last, which is not over."""
    signs = np.sign(premiums)
    crossings = (np.flatnonzero(signs[1:] * signs[:-1] < 0) + 1).tolist()
    found = []
    for start, end in pairwise(crossings):
        top = start + int(np.argmax(np.abs(premiums[start:end])))
        found.append(Swing(hours[top], premiums[top]))
    return found


def envelope_growth(found: Sequence[Swing]) -> float | None:
    """Growth per hour of the swings' sizes, an exponential by least squares; None of fewer than three."""
    if len(found) < _LEAST_SWINGS:
        return None
    slope, _ = np.polyfit([swing.at for swing in found], [np.log(abs(swing.premium)) for swing in found], 1)
    return float(slope)


def _late(found: Sequence[Swing], since: float) -> Sequence[Swing]:
    late = [swing for swing in found if swing.at >= since]
    return late if len(late) >= _LEAST_SWINGS else found


def _half_life(hours: Sequence[float], premiums: Sequence[float]) -> float | None:
    outside = [place for place, premium in enumerate(premiums) if abs(premium) > abs(premiums[0]) / 2]
    if not outside:
        return None
    last = outside[-1] + 1
    return hours[last] if last < len(hours) * 3 // 4 else None


def _anchored_after(
    hours: Sequence[float], premiums: Sequence[float], touches: int, band: float
) -> float | None:
    inside = 0
    for place, premium in enumerate(premiums):
        inside = inside + 1 if abs(premium) <= band else 0
        if inside > touches:
            return hours[place - touches]
    return None


def _overshoot(premiums: Sequence[float]) -> float:
    first = premiums[0]
    if not first:
        return 0.0
    return max(0.0, *(-premium / first for premium in premiums))


def _verdict(tail: Sequence[float], band: float, growth: float | None) -> str:
    if sum(abs(premium) > band for premium in tail) <= _STRAY * len(tail):
        return "anchored"
    if growth is None or min(tail) > -band or max(tail) < band:
        return "adrift"
    if abs(growth) < _STEADY:
        return "steady"
    return "growing" if growth > 0 else "fading"
