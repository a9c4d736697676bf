"""The twins of LayeredMath and LayeredFunding against the bytecode."""

from dataclasses import astuple, replace
from functools import cache
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ledger_world import FUNDING
from twin_harness import agree, chain, compare, magnitudes, rates

from keel.errors import Reverted
from keel.evm.chain import Contract
from keel.model import layered
from keel.model.errors import Refused
from keel.model.funding import FundingInput
from keel.model.layered import LAYER, LayeredFunding, LayeredParams
from keel.units import WAD

BP = WAD // 10_000


@st.composite
def params(draw: st.DrawFn) -> LayeredParams:
    """Anywhere inside the bounds that the constructor checks."""
    longs, shorts = draw(rates(WAD // 10, 10)), draw(rates(WAD // 10, 10))
    interest_max = draw(rates(min(WAD // 100, longs)))
    headroom = draw(rates(min(longs - interest_max, shorts)))
    kink_rate = draw(rates(headroom))
    fast = draw(rates(30 * 86_400, 60))
    return LayeredParams(
        interest=draw(rates(interest_max)),
        interest_max=interest_max,
        interest_beta=draw(rates(10 * WAD)),
        base_sigma=draw(rates(10 * WAD, WAD // 100)),
        deadzone=draw(rates(WAD // 100)),
        convexity=draw(rates(WAD, WAD // 10_000)),
        premium_factor=draw(rates(10 * WAD)),
        kink_rate=kink_rate,
        slope_rate=headroom - kink_rate,
        kink=draw(rates(99 * WAD // 100, WAD // 100)),
        cap_longs_pay=longs,
        cap_shorts_pay=shorts,
        slow_weight=draw(rates(WAD)),
        fast_seconds=fast,
        slow_seconds=draw(rates(30 * 86_400, fast)),
        skew_seconds=draw(rates(30 * 86_400, 60)),
    )


premiums = st.one_of(rates(15 * WAD, -WAD), st.integers(-WAD // 50, WAD // 50))
utilizations = st.one_of(rates(WAD * WAD, -WAD * WAD), st.integers(-WAD, WAD))
sigmas = st.one_of(magnitudes(40).map(lambda sigma: sigma * 10**9), st.just(FUNDING.base_sigma))
elapsed_times = st.one_of(rates(12 * 3_600), magnitudes(31))
layer_values = rates(LAYER // 10, -LAYER // 10)
states = st.builds(layered.encode, layer_values, layer_values, layer_values)
inputs = st.builds(FundingInput, states, magnitudes(32), elapsed_times, premiums, utilizations, sigmas)


@settings(max_examples=250, deadline=None)
@given(params(), premiums, utilizations, sigmas)
def test_targets(p: LayeredParams, premium: int, utilization: int, sigma: int) -> None:
    agree(
        "layeredTargets",
        (astuple(p), premium, utilization, sigma),
        lambda: (
            layered.interest(p, sigma),
            layered.premium_target(p, premium, sigma),
            layered.skew_target(p, utilization),
        ),
    )


@settings(max_examples=250, deadline=None)
@given(layer_values, rates(WAD // 10, -WAD // 10), elapsed_times, rates(30 * 86_400, 60))
@example(LAYER // 10, -WAD // 10, 0, 60)
def test_relax(layer: int, goal: int, elapsed: int, tau: int) -> None:
    agree("layeredRelax", (layer, goal, elapsed, tau), lambda: layered.relax(layer, goal, elapsed, tau))


@cache
def _model() -> Contract:
    return chain().deploy("LayeredFunding", astuple(FUNDING))


def _check_model(model: Contract, twin: LayeredFunding, given_: FundingInput) -> None:
    def ask(name: str) -> Any:
        return chain().call(model, name, astuple(given_))

    compare(lambda: ask("initialState"), lambda: twin.initial_state(given_))
    compare(lambda: ask("accrue"), lambda: twin.accrue(given_))
    compare(lambda: ask("rate"), lambda: twin.rate(given_))
    compare(lambda: ask("target"), lambda: twin.target(given_))


@settings(max_examples=200, deadline=None)
@given(inputs)
def test_default_model(given_: FundingInput) -> None:
    _check_model(_model(), LayeredFunding(FUNDING), given_)


@settings(max_examples=40, deadline=None)
@given(params(), inputs)
def test_any_model(p: LayeredParams, given_: FundingInput) -> None:
    model = chain().deploy("LayeredFunding", astuple(p))
    _check_model(model, LayeredFunding(p), given_)
    assert chain().call(model, "params") == astuple(p)
    assert chain().call(model, "caps") == LayeredFunding(p).caps()


@pytest.mark.parametrize(
    "change",
    [
        {"interest_max": BP // 2},
        {"interest_beta": 10 * WAD + 1},
        {"base_sigma": WAD // 100 - 1},
        {"deadzone": WAD // 100 + 1},
        {"convexity": 0},
        {"premium_factor": 10 * WAD + 1},
        {"kink": WAD},
        {"cap_longs_pay": 26 * BP},
        {"cap_shorts_pay": 21 * BP},
        {"slow_weight": WAD + 1},
        {"fast_seconds": 59},
        {"slow_seconds": 3_599},
        {"skew_seconds": 30 * 86_400 + 1},
    ],
)
def test_bounds(change: dict[str, int]) -> None:
    wrong = replace(FUNDING, **change)
    with pytest.raises(Refused) as refused:
        LayeredFunding(wrong)
    with pytest.raises(Reverted) as reverted:
        chain().deploy("LayeredFunding", astuple(wrong))
    assert reverted.value.error == refused.value.error == "ParameterOutOfBounds"
    name, *numbers = reverted.value.values
    assert (name.rstrip(b"\0").decode(), *numbers) == refused.value.values


@settings(max_examples=100, deadline=None)
@given(inputs, st.integers(2, 60))
def test_the_rate_stays_inside_the_caps(given_: FundingInput, steps: int) -> None:
    twin = LayeredFunding(FUNDING)
    state = twin.initial_state(given_)
    other = replace(given_, premium=-given_.premium, utilization=-given_.utilization)
    longs, shorts = twin.caps()
    for step in range(steps):
        state, integral = twin.accrue(replace(given_ if step % 3 else other, state=state))
        assert -shorts <= twin.rate(replace(given_, state=state)) <= longs
        assert -shorts * given_.elapsed * 10**9 <= integral * 28_800 <= longs * given_.elapsed * 10**9


@settings(max_examples=60, deadline=None)
@given(inputs, st.integers(2, 200))
def test_cutting_the_time_changes_the_index_by_rounding_only(given_: FundingInput, pieces: int) -> None:
    twin = LayeredFunding(FUNDING)
    end, whole = twin.accrue(given_)
    state, total = given_.state, 0
    for piece in range(pieces):
        seconds = given_.elapsed * (piece + 1) // pieces - given_.elapsed * piece // pieces
        state, integral = twin.accrue(replace(given_, state=state, elapsed=seconds))
        total += integral
    # Per cut, exp is off by at most 2e-18 of a gap of at most 2 * LAYER / 10, for one time constant.
    lost = 2 * (2 * LAYER // 10) // WAD
    slack = pieces * 2 * 2 * (lost + 2) * FUNDING.skew_seconds
    assert abs(total - whole) <= layered.to_integral(slack) + pieces
    for one, other in zip(layered.layers(end), layered.layers(state), strict=True):
        assert abs(one - other) <= pieces * (lost + 2)
