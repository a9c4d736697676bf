"""One model over the steps of a series: what it charges, exactly."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from keel.analytics.funding_compare_params import ModelSetting
from keel.model.fixed import div
from keel.model.funding import EIGHT_HOURS, FundingInput
from keel.units import RAY, WAD

Follow = Callable[[int], None]

_RAY_PER_WAD = RAY // WAD
# Steps between two reports of progress.
_REPORT = 1_000


@dataclass(frozen=True, slots=True)
class Run:
    """What a model charged.

    Attributes:
        name: The model.
        settled: Ends of the whole 8-hour windows, Unix seconds.
        paid: What a long paid in each of them, WAD of notional, trunc: the mean rate per 8 h.
        interests: Interest component at the end of each; 0 where a model has none.
        caps: Most that longs pay and most that shorts pay, WAD per 8 h.
        times: When the rate in force is known: ends of steps, or of intervals where the model charges at
            their ends only, Unix seconds.
        rates: Rate in force then, WAD per 8 h.
    """

    name: str
    settled: tuple[int, ...]
    paid: tuple[int, ...]
    interests: tuple[int, ...]
    caps: tuple[int, int]
    times: tuple[int, ...]
    rates: tuple[int, ...]


def run(
    setting: ModelSetting, steps: Sequence[FundingInput], offset: int, follow: Follow | None = None
) -> Run:
    """Let a model live through a series, from the rate at which it would have rested before it.

    Args:
        setting: The model.
        steps: Inputs without state, cut at the ends of 8-hour windows.
        offset: When windows end, seconds after 00:00, 08:00 and 16:00 UTC.
        follow: Is told how many more steps are done.
    """
    model, state = setting.model, setting.model.initial_state(steps[0])
    settled: list[tuple[int, int, int]] = []
    path: list[tuple[int, int]] = []
    # Before the first end of a window there is no whole one.
    total, whole = 0, (steps[0].since - offset) % EIGHT_HOURS == 0
    for place, step in enumerate(steps, start=1):
        state, integral, _ = model.accrue(_with_state(step, state, step.since))
        total += integral
        end = step.since + step.elapsed
        ends_window = (end - offset) % EIGHT_HOURS == 0
        if ends_window or not setting.in_intervals:
            now = model.rates(_with_state(step, state, end))
            path.append((end, now.current))
        if ends_window:
            if whole:
                settled.append((end, div(total, _RAY_PER_WAD), now.interest))
            total, whole = 0, True
        if follow and place % _REPORT == 0:
            follow(_REPORT)
    if follow:
        follow(len(steps) % _REPORT)
    ends, paid, interests = zip(*settled, strict=True) if settled else ((), (), ())
    times, rates = (ends, paid) if setting.in_intervals else zip(*path, strict=True)
    return Run(setting.name, ends, paid, interests, model.caps(), times, rates)


def _with_state(step: FundingInput, state: bytes, since: int) -> FundingInput:
    return FundingInput(
        state,
        since,
        step.elapsed,
        step.premium,
        step.utilization,
        step.sigma,
        step.long_interest,
        step.short_interest,
    )
