"""Cutting the time into pieces changes what funding charges by rounding only, whatever the model.

The measure is the integral of the rate's size over the time, and never less than that of a rate that no one
would see: a millionth of a basis point per 8 h (a thousandth for the layered model, whose layers share a
word), held for the time or for the longest time constant, whichever is longer. Where an average premium may
ask for far more than a cap, it is a hundred-thousandth of that: so fine is the moment of meeting the cap.
"""

from collections.abc import Sequence
from dataclasses import astuple, replace
from itertools import pairwise

import pytest
from funding_cases import BP, EXAMPLES, KINDS, cases, sourced, twin_of
from hypothesis import given, settings
from hypothesis import strategies as st
from twin_harness import chain, rates

from keel.model import layered, model_state
from keel.model.funding import EIGHT_HOURS, FundingInput
from keel.model.layered import LayeredParams
from keel.model.models import AnyModel, AnyParams
from keel.model.premium import PremiumParams, Smoothing
from keel.model.velocity import VelocityParams
from keel.units import RAY, WAD

TOLERANCE = 10**12
PIECES = 1_000
RAY_PER_WAD = RAY // WAD
CROSSING = [name for name in EXAMPLES if name != "spot" and "interval" not in name]
RESTING = [kind for kind in KINDS if kind not in ("velocity", "adaptive")]


def _ends(elapsed: int, pieces: int) -> list[int]:
    return [elapsed * piece // pieces for piece in range(pieces + 1)]


def _cut(model: AnyModel, given_: FundingInput, ends: Sequence[int]) -> tuple[bytes, list[int]]:
    """State at the end, and the integral of every piece."""
    state, integrals = given_.state, []
    for begin, end in pairwise(ends):
        piece = replace(given_, state=state, since=given_.since + begin, elapsed=end - begin)
        state, integral, _ = model.accrue(piece)
        integrals.append(integral)
    return state, integrals


def _measure(p: AnyParams, elapsed: int, integrals: Sequence[int]) -> int:
    """What a difference is compared with, RAY * 8 h."""
    longest, unseen = elapsed, BP // 10**6
    if isinstance(p, LayeredParams):
        longest, unseen = max(elapsed, p.slow_seconds, p.skew_seconds), BP // 10**3
    elif isinstance(p, VelocityParams):
        longest = max(elapsed, p.leak_seconds)
    elif isinstance(p, PremiumParams):
        longest = max(elapsed, p.smoothing_seconds)
        if p.smoothing == Smoothing.EXPONENTIAL:
            unseen = max(unseen, p.premium_max * (p.scaling or p.premium_factor) // WAD // 10**5)
    return max(sum(map(abs, integrals)), unseen * RAY_PER_WAD * longest // EIGHT_HOURS)


def _values(p: AnyParams, state: bytes) -> tuple[int, ...]:
    """What a state moves on, without the slow mean, which depends on touching by nature."""
    if isinstance(p, LayeredParams):
        return layered.layers(state)
    value, _, sample = model_state.decode(state)
    return value, sample


def _check(p: AnyParams, given_: FundingInput, ends: Sequence[int], annual: int | None = None) -> None:
    model = twin_of(p, annual)
    end, whole, _ = model.accrue(given_)
    state, integrals = _cut(model, given_, ends)
    difference = abs(sum(integrals) - whole)
    assert difference * TOLERANCE <= _measure(p, given_.elapsed, integrals)
    if isinstance(p, PremiumParams) and p.smoothing >= Smoothing.INTERVAL:
        # Sums of samples are exact; every piece cuts off less than one unit.
        assert difference < len(ends)
        assert _values(p, state) == _values(p, end)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_pieces_anywhere_add_up(kind: str, data: st.DataObject) -> None:
    p, given_ = data.draw(cases(kind))
    cuts = data.draw(st.lists(st.integers(0, given_.elapsed), max_size=20))
    _check(p, given_, sorted([0, *cuts, given_.elapsed]))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15, deadline=None)
@given(data=st.data(), pieces=st.integers(100, PIECES))
def test_many_pieces_add_up(kind: str, data: st.DataObject, pieces: int) -> None:
    p, given_ = data.draw(cases(kind))
    _check(p, given_, _ends(given_.elapsed, pieces))


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_thousand_pieces_add_up(name: str) -> None:
    p, given_ = EXAMPLES[name]
    model = twin_of(p)
    _check(p, given_, _ends(given_.elapsed, PIECES))
    # And relative to the net integral alone: 1e-12 of what is charged in all.
    _, integrals = _cut(model, given_, _ends(given_.elapsed, PIECES))
    assert abs(sum(integrals) - model.accrue(given_)[1]) * TOLERANCE <= abs(sum(integrals))


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_thousand_pieces_add_up_on_chain(name: str) -> None:
    p, given_ = EXAMPLES[name]
    model = chain().deploy(type(p).__name__.replace("Params", "Funding"), astuple(p))
    _, whole, _ = chain().call(model, "accrue", astuple(given_))
    state, total, scale = given_.state, 0, 0
    for begin, end in pairwise(_ends(given_.elapsed, PIECES)):
        piece = replace(given_, state=state, since=given_.since + begin, elapsed=end - begin)
        state, integral, _ = chain().call(model, "accrue", astuple(piece))
        total, scale = total + integral, scale + abs(integral)
    assert scale > 0
    assert abs(total - whole) * TOLERANCE <= scale


@pytest.mark.parametrize("name", CROSSING)
def test_the_examples_cross_zero_and_end_at_a_cap(name: str) -> None:
    p, given_ = EXAMPLES[name]
    model = twin_of(p)
    longs, shorts = model.caps()
    state, integrals = _cut(model, given_, _ends(given_.elapsed, PIECES))
    assert model.rates(given_).current == -shorts
    assert abs(model.rates(replace(given_, state=state)).current - longs) <= longs // 10**6
    assert min(integrals) < 0 < max(integrals)


@pytest.mark.parametrize("name", CROSSING)
def test_the_integral_is_that_of_the_rate_shown(name: str) -> None:
    p, given_ = EXAMPLES[name]
    model, state, total, shown = twin_of(p), given_.state, 0, []
    for begin, end in pairwise(_ends(given_.elapsed, PIECES)):
        piece = replace(given_, state=state, since=given_.since + begin, elapsed=end - begin)
        shown.append(model.rates(piece).current)
        state, _, _ = model.accrue(piece)
        after = model.rates(replace(piece, state=state, since=given_.since + end)).current
        total += (shown[-1] + after) * (end - begin) * RAY_PER_WAD // 2
    found = model.accrue(given_)[1] * EIGHT_HOURS
    # A trapezoid is off where the path bends or jumps: by a step of the path, for one piece.
    step = max(abs(after - before) for before, after in pairwise(shown))
    assert abs(found - total) <= 2 * step * (given_.elapsed // PIECES + 1) * RAY_PER_WAD


@pytest.mark.parametrize("kind", ["layered", "spot", "exponential", "slew", "weighted_interval"])
@settings(max_examples=40, deadline=None)
@given(data=st.data(), annual=rates(WAD, -WAD))
def test_pieces_add_up_with_a_source_that_stays(kind: str, data: st.DataObject, annual: int) -> None:
    p, given_ = data.draw(cases(kind))
    p = sourced(p, "0x" + "11" * 20)
    given_ = replace(given_, state=twin_of(p, annual).initial_state(given_))
    _check(p, replace(given_, premium=-given_.premium), _ends(given_.elapsed, 50), annual)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(data=st.data(), steps=st.integers(2, 30))
def test_the_rate_stays_inside_the_caps(kind: str, data: st.DataObject, steps: int) -> None:
    p, given_ = data.draw(cases(kind))
    model = twin_of(p)
    longs, shorts = model.caps()
    mirrored = replace(
        given_,
        premium=-given_.premium,
        utilization=-given_.utilization,
        long_interest=given_.short_interest,
        short_interest=given_.long_interest,
    )
    state = model.initial_state(given_)
    for step in range(steps):
        now = replace(given_ if step % 3 else mirrored, state=state)
        state, integral, _ = model.accrue(now)
        shown = model.rates(replace(now, state=state))
        for rate in (shown.current, shown.target, shown.fast, shown.slow):
            assert -shorts <= rate <= longs
        # What intervals pay at their end, they gathered before.
        time = given_.elapsed + (p.smoothing_seconds if isinstance(p, PremiumParams) else 0)
        assert -shorts * time * RAY_PER_WAD <= integral * EIGHT_HOURS <= longs * time * RAY_PER_WAD


@pytest.mark.parametrize("kind", RESTING)
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_a_model_at_rest_stays_there(kind: str, data: st.DataObject) -> None:
    p, given_ = data.draw(cases(kind))
    model = twin_of(p)
    rest = replace(given_, state=model.initial_state(given_))
    before = model.rates(rest)
    state, integral, deviation = model.accrue(rest)
    after = model.rates(replace(rest, state=state, since=rest.since + rest.elapsed))
    assert before.current == before.target
    assert before == after
    assert deviation == 0
    if kind in ("interval", "weighted_interval"):
        start = (rest.since - p.offset_seconds) % p.smoothing_seconds
        paid = (start + rest.elapsed) // p.smoothing_seconds * p.smoothing_seconds
    else:
        paid = rest.elapsed
    # The rate is shown in WAD, trunc.
    assert abs(integral * EIGHT_HOURS - before.current * paid * RAY_PER_WAD) <= (paid + 1) * RAY_PER_WAD * 2


@pytest.mark.parametrize("kind", ["velocity", "adaptive"])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_drift_starts_at_zero_and_stays_there_in_a_balanced_market(kind: str, data: st.DataObject) -> None:
    p, given_ = data.draw(cases(kind))
    model = twin_of(p)
    balanced = replace(given_, short_interest=given_.long_interest)
    rest = replace(balanced, state=model.initial_state(balanced))
    assert astuple(model.rates(rest)) == (0, 0, 0, 0, 0)
    assert model.accrue(rest) == (rest.state, 0, 0)
