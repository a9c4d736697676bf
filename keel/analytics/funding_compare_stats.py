"""Statistics of what models charged: one figure per model, in basis points per 8 hours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from keel.analytics.funding_compare_run import Run
from keel.analytics.funding_compare_windows import Replay, Window, inside
from keel.units import BPS, WAD

Floats = npt.NDArray[np.float64]
# Fewer pairs than this say nothing about a correlation.
_LEAST_PAIRS = 3


@dataclass(frozen=True, slots=True)
class WindowFigures:
    """A model over a crash.

    Attributes:
        cost: What a long paid in all, bp of notional.
        lowest_paid: Lowest mean rate of 8 hours, bp.
        lowest: Lowest rate in force, bp per 8 h.
        lag_minutes: From the extreme of the basis to the extreme of the rate; None where the rate was still
            moving away twelve hours later.
    """

    cost: float
    lowest_paid: float
    lowest: float
    lag_minutes: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """A model over a whole series; bp per 8 h, shares of all 8-hour windows.

    Attributes:
        name: The model.
        mean: Mean rate.
        sd: Standard deviation.
        at_interest: Share with exactly the interest; None where the model has none.
        at_cap: Share with exactly a cap.
        correlation: With the published rate; None where nothing is published.
        error: Mean absolute difference from the published rate.
        compared: Number of settlements behind the two.
        windows: By name of the crash, those that the series covers.
    """

    name: str
    mean: float
    sd: float
    at_interest: float | None
    at_cap: float
    correlation: float | None
    error: float | None
    compared: int
    windows: Mapping[str, WindowFigures]


def figures(run: Run, published: Mapping[int, int], replays: Sequence[Replay]) -> Figures:
    """Statistics of one model.

    Args:
        run: What it charged, at least one whole window.
        published: What the exchange charged, WAD per 8 h by settlement time; empty to compare with nothing.
        replays: The crashes.
    """
    paid = bp(run.paid)
    longs_pay, shorts_pay = run.caps
    capped = sum(rate >= longs_pay or rate <= -shorts_pay for rate in run.paid)
    rests = sum(rate == interest for rate, interest in zip(run.paid, run.interests, strict=True))
    pairs = [
        (rate, published[time]) for time, rate in zip(run.settled, run.paid, strict=True) if time in published
    ]
    correlation = error = None
    if len(pairs) >= _LEAST_PAIRS:
        ours, theirs = bp([ours for ours, _ in pairs]), bp([theirs for _, theirs in pairs])
        error = float(np.abs(ours - theirs).mean())
        if ours.std() > 0 and theirs.std() > 0:
            correlation = float(np.corrcoef(ours, theirs)[0, 1])
    return Figures(
        name=run.name,
        mean=float(paid.mean()),
        sd=float(paid.std()),
        at_interest=rests / len(paid) if any(run.interests) else None,
        at_cap=capped / len(paid),
        correlation=correlation,
        error=error,
        compared=len(pairs),
        windows={one.window.name: _window_figures(run, one) for one in replays if _paid(run, one.window)},
    )


def bp(rates: Sequence[int]) -> Floats:
    """WAD as basis points."""
    return np.array([rate * BPS / WAD for rate in rates], dtype=np.float64)


def _window_figures(run: Run, replay: Replay) -> WindowFigures:
    window = replay.window
    paid = bp(_paid(run, window))
    lag = replay.lags.get(run.name)
    return WindowFigures(
        cost=float(paid.sum()),
        lowest_paid=float(paid.min()),
        lowest=float(bp([rate for _, rate in inside(run, window.start, window.end)]).min()),
        lag_minutes=None if lag is None else lag / 60,
    )


def _paid(run: Run, window: Window) -> list[int]:
    pairs = zip(run.settled, run.paid, strict=True)
    return [rate for time, rate in pairs if window.start < time <= window.end]
