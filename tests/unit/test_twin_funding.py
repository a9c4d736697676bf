"""The twins of Decay, Paths and LayeredMath against the bytecode, and Paths against exact arithmetic."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any, TypeVar

from funding_cases import layered_params, premiums, sigmas, utilizations
from hypothesis import example, given, settings
from hypothesis import strategies as st
from twin_harness import chain, compare, magnitudes, rates, signed

from keel.evm.chain import Contract
from keel.model import decay, layered, paths
from keel.model.decay import ONE
from keel.model.layered import LAYER, LayeredParams
from keel.model.paths import FINE, HOUR
from keel.units import WAD

Number = TypeVar("Number", Fraction, Decimal)
MONTH = 30 * 86_400
elapsed_times = st.one_of(rates(12 * 3_600), magnitudes(32))
taus = rates(90 * 86_400, 60)
layer_values = rates(LAYER // 10, -LAYER // 10)
# As wide as an average premium of 1, times the largest factor.
values = st.one_of(rates(FINE // 10, -FINE // 10), rates(10 * FINE, -10 * FINE), signed(80))
speeds = st.one_of(rates(12 * FINE, -12 * FINE), signed(90))


@cache
def _harness() -> Contract:
    return chain().deploy("FundingHarness")


def agree(function: str, args: tuple[Any, ...], twin: Callable[[], Any]) -> None:
    """Harness and twin give the same values."""
    compare(lambda: chain().call(_harness(), function, *args), twin)


@settings(max_examples=250, deadline=None)
@given(layered_params(), premiums, utilizations, sigmas)
def test_targets(p: LayeredParams, premium: int, utilization: int, sigma: int) -> None:
    i = layered.interest(p, 0, sigma)
    agree(
        "layeredTargets",
        (astuple(p), premium, utilization, sigma),
        lambda: (i, layered.premium_target(p, premium, i), layered.skew_target(p, utilization)),
    )


@settings(max_examples=250, deadline=None)
@given(layer_values, rates(WAD // 10, -WAD // 10), elapsed_times, rates(MONTH, 60))
@example(LAYER // 10, -WAD // 10, 0, 60)
def test_relax(layer: int, goal: int, elapsed: int, tau: int) -> None:
    agree("layeredRelax", (layer, goal, elapsed, tau), lambda: layered.relax(layer, goal, elapsed, tau))


@settings(max_examples=250, deadline=None)
@given(elapsed_times, taus)
@example(0, 60)
@example(64, 4_096)
@example(63, 4_096)
def test_decay(elapsed: int, tau: int) -> None:
    agree("decay", (elapsed, tau), lambda: decay.factor(elapsed, tau))


@settings(max_examples=250, deadline=None)
@given(magnitudes(98, 1), magnitudes(98), taus)
@example(10**20, 10**20 // 63, 60)
@example(1, 0, 60)
def test_duration(left: int, more: int, tau: int) -> None:
    agree("decayDuration", (left + more, left, tau), lambda: decay.duration(left + more, left, tau))


@settings(max_examples=300, deadline=None)
@given(values, speeds, elapsed_times, values, values)
def test_line(start: int, speed: int, elapsed: int, one: int, other: int) -> None:
    low, high = sorted((one, other))
    agree(
        "pathLine",
        (start, speed, elapsed, low, high),
        lambda: paths.line(start, speed, elapsed, low, high),
    )


@settings(max_examples=300, deadline=None)
@given(values, values, taus, elapsed_times, values, values)
def test_spring(start: int, goal: int, tau: int, elapsed: int, one: int, other: int) -> None:
    low, high = sorted((one, other))
    agree(
        "pathSpring",
        (start, goal, tau, elapsed, low, high),
        lambda: paths.spring(start, goal, tau, elapsed, low, high),
    )


def _decimal(run: Callable[[], Decimal]) -> Decimal:
    with localcontext(Context(prec=90)):
        return +run()


@settings(max_examples=200, deadline=None)
@given(elapsed_times, taus)
@example(1, 90 * 86_400)
def test_decay_is_right_to_a_ten_quadrillionth_of_what_is_gone(elapsed: int, tau: int) -> None:
    exact = _decimal(lambda: (-Decimal(elapsed) / tau).exp() * ONE)
    assert abs(decay.factor(elapsed, tau) - exact) <= (ONE - exact) / 10**16 * 3 + 20


@settings(max_examples=200, deadline=None)
@given(magnitudes(98, 1), magnitudes(98), taus)
@example(10**28, 10**20, 90 * 86_400)
def test_duration_is_right_to_a_ten_quadrillionth(left: int, more: int, tau: int) -> None:
    exact = _decimal(lambda: (Decimal(left + more) / left).ln() * tau * ONE)
    assert abs(decay.duration(left + more, left, tau) - exact) <= exact * 3 / 10**16 + 20 * tau


def _segments(times: Iterable[Number], elapsed: Number) -> Iterator[tuple[Number, Number]]:
    """The time cut where the path meets a clamp."""
    return pairwise(sorted({elapsed * 0, elapsed, *(time for time in times if 0 < time < elapsed)}))


@settings(max_examples=200, deadline=None)
@given(values, speeds, elapsed_times, values, values)
@example(-FINE // 10, FINE // 10, 7_200, -FINE // 20, FINE // 20)
@example(FINE // 10, -FINE // 10, 7_200, -FINE // 20, FINE // 20)
def test_the_area_below_a_line_is_that_of_its_pieces(
    start: int, speed: int, elapsed: int, one: int, other: int
) -> None:
    low, high = sorted((one, other))
    slope = Fraction(speed, HOUR)
    crossings = (Fraction(clamp - start) / slope for clamp in (low, high) if speed)
    area = Fraction(0)
    for begin, end in _segments(crossings, Fraction(elapsed)):
        middle = start + slope * (begin + end) / 2
        area += min(max(middle, low), high) * (end - begin)
    end = min(max(start + slope * elapsed, low), high)
    found = paths.line(start, speed, elapsed, low, high)
    assert abs(found[0] - end) <= 1
    # One unit of each of the terms, and the triangle of the last unit before a clamp.
    assert abs(found[1] - area) <= 3 + (HOUR // abs(speed) if speed else 0)


def _spring(start: int, goal: int, tau: int, elapsed: int, low: int, high: int) -> tuple[Decimal, Decimal]:
    """End and area in 90 digits, piece by piece between the moments at which a clamp is met."""

    def at(time: Decimal) -> Decimal:
        return goal + (start - goal) * (-time / tau).exp()

    gap = Decimal(start - goal)
    ratios = (gap / (clamp - goal) for clamp in (low, high) if clamp != goal)
    crossings = (ratio.ln() * tau for ratio in ratios if ratio > 1)
    area = Decimal(0)
    for begin, end in _segments(crossings, Decimal(elapsed)):
        # Not the middle of a long time, where 90 digits no longer tell the value from the goal.
        value = at(min((begin + end) / 2, begin + tau))
        if low < value < high:
            area += goal * (end - begin) + tau * (at(begin) - at(end))
        else:
            area += min(max(value, low), high) * (end - begin)
    return min(max(at(Decimal(elapsed)), Decimal(low)), Decimal(high)), area


@settings(max_examples=200, deadline=None)
@given(values, values, taus, elapsed_times, values, values)
@example(FINE // 10, -FINE // 5, 3_600, 7_200, -FINE // 20, FINE // 20)
@example(-FINE // 10, FINE // 5, 3_600, 7_200, -FINE // 20, FINE // 20)
@example(FINE // 20, FINE, 90 * 86_400, 1_000, -FINE // 20, FINE // 20 + 10**20)
def test_the_area_below_a_spring_is_that_of_its_pieces(
    start: int, goal: int, tau: int, elapsed: int, one: int, other: int
) -> None:
    low, high = sorted((one, other))
    with localcontext(Context(prec=90)):
        end, area = _spring(start, goal, tau, elapsed, low, high)
        found = paths.spring(start, goal, tau, elapsed, low, high)
        # A quadrillionth of the way that is covered, for one time constant.
        moved = abs(start - goal) * (1 - (-Decimal(elapsed) / tau).exp())
        assert abs(found[0] - end) <= moved / 10**15 + 2
        assert abs(found[1] - area) <= moved / 10**15 * tau + 2 * tau


def test_lines_by_hand() -> None:
    percent = FINE // 100
    # From -10 % to 10 % in two hours, clamped at 5 %: as much below zero as above.
    assert paths.line(-10 * percent, 10 * percent, 7_200, -5 * percent, 5 * percent) == (5 * percent, 0)
    # From 1 % by 1 % an hour: an hour at 1.5 % on average, then an hour at the cap of 2 %.
    assert paths.line(percent, percent, 7_200, 0, 2 * percent) == (2 * percent, 7 * percent // 2 * HOUR)
    assert paths.line(-percent, -percent, 7_200, -2 * percent, 0) == (-2 * percent, -7 * percent // 2 * HOUR)


def test_a_spring_by_hand() -> None:
    # Ten time constants from 1 % towards zero leave exp(-10) of it; the area is what is gone, for a constant.
    end, area = paths.spring(FINE // 100, 0, 360, HOUR, -FINE, FINE)
    assert end == FINE // 100 * 45_399_929_762_484 // 10**18
    assert area == (FINE // 100 - end) * 360
    # Clamped at exp(-1) of it until one constant has passed.
    bound = FINE // 100 * 367_879_441_171_442_321 // WAD
    _, clamped = paths.spring(FINE // 100, 0, 360, HOUR, -FINE, bound)
    assert abs(clamped - (bound * 360 + (bound - end) * 360)) < FINE // 10**16
