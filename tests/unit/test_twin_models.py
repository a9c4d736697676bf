"""The twins of all funding models against the bytecode."""

from dataclasses import astuple, replace
from functools import cache
from typing import Any

import pytest
from funding_cases import BP, EXAMPLES, KINDS, MONTH, cases, params_of, sourced, twin_of
from hypothesis import given, settings
from hypothesis import strategies as st
from twin_harness import chain, compare, rates

from keel.errors import ConfigError, Reverted
from keel.evm.chain import Contract
from keel.model import layered, model_state
from keel.model.errors import Refused
from keel.model.fixed import div
from keel.model.funding import FundingInput
from keel.model.models import MODELS, AnyModel, AnyParams, make_model
from keel.units import WAD

OTHER_CLASS = {"premium": "velocity", "velocity": "adaptive", "adaptive": "layered", "layered": "premium"}
SOURCED = ("layered", "spot", "exponential", "slew", "interval")
annual_rates = st.one_of(rates(WAD, -WAD), rates(101 * WAD, -101 * WAD))


def _deploy(p: AnyParams) -> Contract:
    return chain().deploy(type(p).__name__.replace("Params", "Funding"), astuple(p))


def _ask(model: Contract, name: str, given_: FundingInput) -> Any:
    answer = chain().call(model, name, astuple(given_))
    return tuple(answer) if isinstance(answer, tuple) else answer


def _check(model: Contract, twin: AnyModel, given_: FundingInput) -> bytes:
    """All that a model says of an input is the same on both sides; gives the state that follows."""
    compare(lambda: _ask(model, "initialState", given_), lambda: twin.initial_state(given_))
    compare(lambda: _ask(model, "accrue", given_), lambda: twin.accrue(given_))
    compare(lambda: _ask(model, "rates", given_), lambda: astuple(twin.rates(given_)))
    return twin.accrue(given_)[0]


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_model_answers_as_its_contract(kind: str, data: st.DataObject) -> None:
    p, given_ = data.draw(cases(kind))
    model, twin = _deploy(p), twin_of(p)
    state = _check(model, twin, given_)
    after = replace(given_, state=state, since=given_.since + given_.elapsed)
    _check(model, twin, after)
    _check(model, twin, replace(after, premium=-given_.premium, utilization=-given_.utilization))
    _check(model, twin, replace(after, long_interest=given_.short_interest, short_interest=0))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_a_contract_keeps_its_parameters(kind: str, data: st.DataObject) -> None:
    p = data.draw(params_of(kind))
    model = _deploy(p)
    assert tuple(chain().call(model, "params")) == astuple(p)
    assert tuple(chain().call(model, "caps")) == twin_of(p).caps()


@cache
def _mute() -> Contract:
    """A source that reverts: it asks two addresses that hold no code."""
    return chain().deploy("RateDifference", "0x" + "11" * 20, "0x" + "22" * 20)


def _sample(kind: str, state: bytes) -> int:
    return (layered.layers if kind == "layered" else model_state.decode)(state)[-1]


@pytest.mark.parametrize("kind", SOURCED)
@settings(max_examples=30, deadline=None)
@given(data=st.data(), annual=annual_rates)
def test_a_model_samples_its_source(kind: str, data: st.DataObject, annual: int) -> None:
    p, given_ = data.draw(cases(kind))
    p = sourced(p, chain().deploy("FixedInterest", annual).address)
    model, twin = _deploy(p), twin_of(p, annual)
    state = _check(model, twin, given_)
    _check(model, twin, replace(given_, state=state))
    # 1,095 periods a year, 1e-12 per 8 h; beyond 100 a year it is nonsense, and the last sample stays.
    taken = div(annual, 1_095 * 10**6)
    assert _sample(kind, state) == (taken if abs(annual) <= 100 * WAD else _sample(kind, given_.state))


@pytest.mark.parametrize("kind", SOURCED)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_a_model_keeps_the_last_sample_of_a_source_that_fails(kind: str, data: st.DataObject) -> None:
    p, given_ = data.draw(cases(kind))
    for address in (_mute().address, "0x" + "33" * 20):
        failing = sourced(p, address)
        state = _check(_deploy(failing), twin_of(failing), given_)
        assert _sample(kind, state) == _sample(kind, given_.state)


@pytest.mark.parametrize("kind", SOURCED)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_interest_of_10_95_percent_a_year_is_a_basis_point_per_8_hours(
    kind: str, data: st.DataObject
) -> None:
    p, given_ = data.draw(cases(kind))
    p = replace(sourced(p, "0x" + "33" * 20), interest=0, interest_max=BP, premium_factor=0)
    if kind == "layered":
        # A drawn kink may fill the largest cap, and leave no room for the basis point.
        p = replace(p, kink_rate=0, slope_rate=0)
    twin = twin_of(replace(p, cap_longs_pay=WAD // 10, cap_shorts_pay=WAD // 10), 1_095 * WAD // 10_000)
    calm = replace(given_, sigma=0)
    assert twin.rates(replace(calm, state=twin.initial_state(calm))).interest == BP


WRONG = {
    "layered": [
        {"interest_max": WAD // 100 + 1},
        {"interest_beta": 10 * WAD + 1},
        {"base_sigma": WAD // 100 - 1},
        {"deadzone": WAD // 100 + 1},
        {"convexity": 0},
        {"premium_factor": 10 * WAD + 1},
        {"kink": WAD},
        {"kink_rate": WAD // 10 + 1},
        {"slope_rate": WAD // 10 + 1},
        {"cap_longs_pay": 0, "kink_rate": 1},
        {"cap_shorts_pay": WAD // 10 + 1},
        {"slow_weight": WAD + 1},
        {"fast_seconds": 59},
        {"slow_seconds": 59},
        {"skew_seconds": MONTH + 1},
        {"deviation": 0},
        {"gain": WAD // 1_000 - 1},
    ],
    "velocity": [
        {"cap_longs_pay": BP - 1},
        {"cap_shorts_pay": WAD // 10 + 1},
        {"velocity": 24 * WAD // 10 + 1},
        {"skew_scale": 0},
        {"skew_scale": 2**112 + 1},
        {"deadband": 99 * WAD // 100 + 1},
        {"leak_seconds": 59},
        {"deviation": WAD // 100 + 1},
        {"mean_seconds": 3_599},
    ],
    "adaptive": [
        {"rate_max": WAD // 10**6 - 1},
        {"rate_min": WAD},
        {"increase": WAD},
        {"decrease": WAD},
        {"increase_threshold": WAD + 1},
        {"decrease_threshold": WAD, "increase_threshold": WAD // 2},
        {"deviation": 0},
        {"mean_seconds": 90 * 86_400 + 1},
    ],
    "interval": [
        {"interest_max": WAD // 100 + 1},
        {"interest_beta": 10 * WAD + 1},
        {"base_sigma": 0},
        {"deadzone": WAD // 100 + 1},
        {"premium_factor": 10 * WAD + 1},
        {"premium_max": WAD // 1_000 - 1},
        {"scaling": 10 * WAD + 1},
        {"cap_longs_pay": WAD // 10 + 1},
        {"cap_shorts_pay": WAD // 10 + 1},
        {"smoothing_seconds": 59},
        {"smoothing_seconds": 60, "offset_seconds": 60},
        {"deviation": 0},
        {"mean_seconds": 0},
        {"gain": 1_000 * WAD + 1},
    ],
}
UNSTABLE = {
    "layered": [{"gain": 6 * WAD, "premium_factor": WAD, "convexity": BP}],
    "interval": [
        {"gain": WAD, "scaling": WAD, "smoothing_seconds": 3_601, "offset_seconds": 0},
        {"gain": 6 * WAD + 1, "scaling": WAD, "smoothing_seconds": 60, "offset_seconds": 0},
    ],
    "slew": [
        {"gain": 6 * WAD + 1, "scaling": 0, "premium_factor": WAD},
        {"gain": WAD, "scaling": 6 * WAD + 1},
    ],
}


def _changes(table: dict[str, list[dict[str, int]]]) -> list[tuple[str, dict[str, int]]]:
    return [(kind, change) for kind, changes in table.items() for change in changes]


def _refusal(wrong: AnyParams) -> str:
    """Why both sides refuse the parameters, with the same arguments."""
    with pytest.raises(Refused) as refused:
        twin_of(wrong)
    with pytest.raises(Reverted) as reverted:
        _deploy(wrong)
    values = [v.rstrip(b"\0").decode() if isinstance(v, bytes) else v for v in reverted.value.values]
    assert (reverted.value.error, *values) == (refused.value.error, *refused.value.values)
    return refused.value.error


@pytest.mark.parametrize(("kind", "change"), _changes(WRONG))
@settings(max_examples=3, deadline=None)
@given(data=st.data())
def test_a_parameter_out_of_bounds_is_refused(kind: str, change: dict[str, int], data: st.DataObject) -> None:
    wrong = replace(data.draw(params_of(kind)), **change)
    assert _refusal(wrong) == "ParameterOutOfBounds"


@pytest.mark.parametrize(("kind", "change"), _changes(UNSTABLE))
@settings(max_examples=3, deadline=None)
@given(data=st.data())
def test_a_set_that_would_oscillate_is_refused(
    kind: str, change: dict[str, int], data: st.DataObject
) -> None:
    wrong = replace(data.draw(params_of(kind)), **change)
    assert _refusal(wrong) == "Unstable"


@pytest.mark.parametrize("name", MODELS)
def test_the_registry_gives_the_model_that_is_named(name: str) -> None:
    model, params = MODELS[name]
    assert (model.__name__, params.__name__) == (f"{name.title()}Funding", f"{name.title()}Params")


@settings(max_examples=4, deadline=None)
@given(data=st.data())
def test_the_registry_refuses_parameters_of_another_model(data: st.DataObject) -> None:
    for name, other in OTHER_CLASS.items():
        kind = "spot" if name == "premium" else name
        with pytest.raises(ConfigError, match=f"not parameters of the {other} model: give"):
            make_model(other, data.draw(params_of(kind)))
    with pytest.raises(ConfigError, match="no funding model is called 'drift': use one of premium, velocity"):
        make_model("drift", data.draw(params_of("velocity")))


@pytest.mark.parametrize(("premium", "rate"), [(2, 1), (4, 1), (8, 3), (-3, 1), (-6, -1)])
def test_rates_as_exchanges_charge_them(premium: int, rate: int) -> None:
    spot = EXAMPLES["spot"][0]
    at_rest = FundingInput(premium=premium * BP)
    assert twin_of(spot).rates(at_rest).current == rate * BP


def test_the_literal_form_scales_premium_and_interest() -> None:
    literal = replace(EXAMPLES["spot"][0], interest=2 * BP, scaling=WAD // 10**6)
    # 20 over 1,500 and 0.02 %, times 1e-6: 1.353333e-8.
    assert twin_of(literal).rates(FundingInput(premium=WAD * 20 // 1_500)).current == 13_533_333_333


def test_later_samples_weigh_more() -> None:
    p = replace(EXAMPLES["weighted_interval"][0], deadzone=0, offset_seconds=0)
    model, state, total = twin_of(p), bytes(32), 0
    for quarter in range(4):
        given_ = FundingInput(state, quarter * 7_200, 7_200, premium=2 * (quarter + 1) * BP)
        state, integral, _ = model.accrue(given_)
        total += integral
    # 2, 4, 6, 8 bp, weighed 1, 3, 5, 7 sixteenths as time runs on: 6.25 bp for 8 h.
    assert total == 625 * 10**21


def test_a_skew_of_three_percent_drifts_to_2_5_basis_points_a_day_in_8_hours() -> None:
    p = replace(EXAMPLES["velocity"][0], velocity=WAD * 25 // 3_000, skew_scale=10_000 * WAD)
    given_ = FundingInput(elapsed=28_800, long_interest=300 * WAD)
    state, integral, _ = twin_of(p).accrue(given_)
    # A long unit at 2,000 has paid 0.08333.
    assert abs(twin_of(p).rates(replace(given_, state=state)).current * 3 - 25 * BP // 10) < 10
    assert integral * 2_000 // 10**22 == 8_333


@pytest.mark.parametrize(("hours", "yearly"), [(1, 6), (15, 90), (16, 90)])
def test_60_against_40_reaches_the_cap_in_15_hours(hours: int, yearly: int) -> None:
    model = twin_of(EXAMPLES["adaptive"][0])
    given_ = FundingInput(elapsed=hours * 3_600, long_interest=60 * WAD, short_interest=40 * WAD)
    state, _, _ = model.accrue(given_)
    found = model.rates(replace(given_, state=state)).current
    assert abs(found * 1_095 - yearly * WAD // 100) < 10**4
