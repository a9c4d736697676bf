"""`keel funding quote`: vectors of the sources, time and state, and the twins beside it."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from click.testing import CliRunner

from keel.analytics.funding_quote import (
    MAX_INTEREST,
    MAX_PREMIUM,
    MAX_SIGMA,
    MAX_TIME,
    MAX_UTILIZATION,
    DeployedModel,
    FundingCase,
)
from keel.cli.funding_quote import quote
from keel.config.funding import FUNDING_MODELS, funding_presets, load_funding
from keel.model.funding import FundingInput
from keel.model.models import MODELS, make_model
from keel.units import WAD

BP = WAD // 10_000
DAY = 86_400
WIDE = ("--model", "layered", "--cap-longs-pay", "0.1", "--cap-shorts-pay", "0.1", "--gain", "0.5")


def ask(*arguments):
    """The answer as an object of decimal strings."""
    result = CliRunner().invoke(quote, [*arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


# Vectors


def test_the_literal_form_of_the_source():
    answer = ask("--model", "premium", "--preset", "premium-literal", "--premium", "0.013333333333333333")
    state = f"0x{13533333333 << 128:064x}"
    assert answer == {
        "model": "premium",
        "rate": "0.000000013533333333",
        "target": "0.000000013533333333",
        "interest": "0.0002",
        "fast": "0.000000013533333333",
        "slow": "0.000000013533333333",
        "annualised": "0.000014818999999635",
        "integral": "0.000000013533333333",
        "rate_after": "0.000000013533333333",
        "deviation": "0",
        "cap_longs_pay": "0.1",
        "cap_shorts_pay": "0.1",
        "state": state,
        "state_after": state,
    }


def test_the_literal_form_with_half_the_scaling():
    scaled = ("--preset", "premium-literal", "--scaling", "0.0000005", "--premium", "0.013333333333333333")
    assert ask(*scaled)["rate"] == "0.000000006766666666"


@pytest.mark.parametrize(
    ("premium", "rate"),
    [
        ("0.0002", "0.0001"),
        ("0.0004", "0.0001"),
        ("0.0008", "0.0003"),
        ("-0.0003", "0.0001"),
        ("-0.0006", "-0.0001"),
    ],
)
@pytest.mark.parametrize("preset", ["premium", "premium-exponential"])
def test_the_dampener(preset, premium, rate):
    answer = ask("--preset", preset, "--premium", premium)
    assert (answer["rate"], answer["target"], answer["interest"]) == (rate, rate, "0.0001")
    # At rest the rate holds: eight hours cost it once, a year 1,095 times.
    assert (answer["rate_after"], answer["integral"], answer["deviation"]) == (rate, rate, "0")
    assert Decimal(answer["annualised"]) == 1_095 * Decimal(rate)


@pytest.mark.parametrize(
    ("premium", "rate"), [("0.02", "0.00375"), ("-0.02", "-0.00375"), ("0.0042", "0.0037")]
)
def test_the_cap_of_bitmex(premium, rate):
    caps = ("--cap-longs-pay", "0.00375", "--cap-shorts-pay", "0.00375")
    answer = ask("--model", "premium", "--smoothing", "interval", *caps, "--premium", premium)
    assert (answer["rate"], answer["integral"]) == (rate, rate)
    assert (answer["cap_longs_pay"], answer["cap_shorts_pay"]) == ("0.00375", "0.00375")


@pytest.mark.parametrize(
    ("premium", "bp"), [("0.002", "16.03"), ("0.0056", "65.87"), ("0.01", "157.0"), ("0.02", "596.9")]
)
def test_the_convexity_of_the_layers(premium, bp):
    answer = ask(*WIDE, "--premium", premium)
    assert answer["rate"] == answer["target"] == answer["fast"] == answer["slow"]
    rate = Decimal(answer["rate"]) * 10_000
    assert rate.quantize(Decimal(bp)) == Decimal(bp)
    mirrored = Decimal(ask(*WIDE, "--premium", f"-{premium}", "--interest", "0")["rate"])
    assert mirrored == -Decimal(ask(*WIDE, "--premium", premium, "--interest", "0")["rate"])


@pytest.mark.parametrize(
    ("sigma", "interest"), [("0.6", "0.0001"), ("1.2", "0.00015"), ("3", "0.0003"), ("9", "0.0004")]
)
def test_interest_rises_with_volatility(sigma, interest):
    assert ask("--sigma", sigma)["interest"] == interest


def test_skew_adds_a_kinked_rate():
    rates = [Decimal(ask("--utilization", u)["target"]) for u in ("0", "0.4", "0.8", "1", "-1")]
    assert [rate - rates[0] for rate in rates] == [
        0,
        Decimal("0.0001"),
        Decimal("0.0002"),
        Decimal("0.0022"),
        Decimal("-0.0022"),
    ]


def test_velocity_drifts_with_the_skew():
    answer = ask("--model", "velocity", "--long-interest", "5300", "--short-interest", "5000")
    assert (answer["rate"], answer["target"]) == ("0", "0.1")
    # 2.5 bp a day after 8 hours; on average half of that, a third of a day long.
    assert abs(Decimal(answer["rate_after"]) * 3 - Decimal("0.00025")) < Decimal("1e-17")
    assert abs(Decimal(answer["integral"]) * 2_000 - Decimal("0.083333333333333333")) < Decimal("1e-14")


def test_adaptive_funding_rises_to_its_cap():
    sides = ("--model", "adaptive", "--long-interest", "60", "--short-interest", "40")
    assert ask(*sides)["annualised"] == "0.00999999999999978"
    hour, cap = ask(*sides, "--elapsed", "3600"), ask(*sides, "--elapsed", "54001")
    assert abs(Decimal(hour["rate_after"]) * 1_095 - Decimal("0.06")) < Decimal("1e-14")
    assert cap["rate_after"] == cap["cap_longs_pay"] == hour["target"]
    assert ask("--model", "adaptive", "--long-interest", "40", "--short-interest", "60")["rate"].startswith(
        "-"
    )


@pytest.mark.parametrize(
    ("source", "interest"),
    [
        ('{ kind = "fixed", annual_rate = 0.0005 }', "0.000000456621"),
        ('{kind="fixed", annual_rate=-0.0005}', "-0.000000456621"),
        (
            '{kind="difference", quote={kind="fixed", annual_rate=0.06},'
            ' base={kind="fixed", annual_rate=0.03}}',
            "0.00002739726",
        ),
    ],
)
@pytest.mark.parametrize("model", ["premium", "layered"])
def test_sources_of_interest(model, source, interest):
    answer = ask("--model", model, "--interest-source", source)
    assert (answer["interest"], answer["rate"]) == (interest, interest)


# Time and state


@pytest.mark.parametrize(
    "since", ["2024-01-01T06:30Z", "2024-01-01 07:30+01:00", "2024-01-01T06:30", "1704090600"]
)
def test_intervals_pay_at_their_ends(since):
    given = ("--model", "premium", "--premium", "0.001", "--since", since)
    integrals = {"5399": "0", "5400": "0.0005", "34199": "0.0005", "34200": "0.001"}
    assert {elapsed: ask(*given, "--elapsed", elapsed)["integral"] for elapsed in integrals} == integrals
    assert ask(*given, "--elapsed", "7200", "--offset-seconds", "1801")["integral"] == "0"
    assert ask(*given, "--elapsed", "7200", "--offset-seconds", "1800")["integral"] == "0.0005"


@pytest.mark.parametrize("preset", funding_presets())
def test_pieces_make_the_whole(preset):
    model = DeployedModel(load_funding(preset))
    case = FundingCase(elapsed=DAY, premium=40 * BP, utilization=-WAD // 2, sigma=WAD, long_interest=2 * WAD)
    start = model.quote(replace(case, premium=-20 * BP, elapsed=3_600)).state_after
    whole = model.quote(replace(case, state=start, since=3_600))
    integral, state, since = 0, start, 3_600
    for elapsed in (1, 599, 3_000, 28_800, 54_000):
        part = model.quote(replace(case, state=state, since=since, elapsed=elapsed))
        integral, state, since = integral + part.integral, part.state_after, since + elapsed
    assert since == 3_600 + DAY
    assert abs(integral - whole.integral) <= 10**8
    assert abs(part.rate_after - whole.rate_after) <= 1


def test_a_state_goes_on_where_it_was_left():
    moved = ask("--premium", "0.004", "--elapsed", "60")
    relaxed = ask("--state", moved["state_after"], "--elapsed", "60")
    assert relaxed["state"] == moved["state_after"]
    assert relaxed["rate"] == moved["rate_after"] > relaxed["target"] == "0.0001"
    assert Decimal(relaxed["deviation"]) < 0 == Decimal(moved["deviation"])


CASES = [
    FundingCase(),
    FundingCase(None, 1_700_000_123, 100_000, -37 * BP, 7 * WAD // 10, 3 * WAD, 10 * WAD, 400 * WAD),
    FundingCase(None, MAX_TIME - DAY, DAY, MAX_PREMIUM, MAX_UTILIZATION, MAX_SIGMA, MAX_INTEREST, 0),
    FundingCase(None, 0, MAX_TIME, -WAD, -MAX_UTILIZATION, 0, 0, MAX_INTEREST),
    FundingCase(None, 5, 0, BP, 0, WAD, MAX_INTEREST, MAX_INTEREST),
]


@pytest.mark.parametrize("preset", funding_presets())
@pytest.mark.parametrize("case", CASES)
def test_the_twin_says_the_same(preset, case):
    settings = load_funding(preset)
    twin = make_model(settings.model, MODELS[settings.model][1](*settings.abi().values()))
    answer = DeployedModel(settings).quote(case)
    _, since, elapsed, *market = (getattr(case, name) for name in FundingCase.__slots__)
    state = twin.initial_state(FundingInput(bytes(32), since, elapsed, *market))
    rates = twin.rates(FundingInput(state, since, elapsed, *market))
    assert (answer.state, answer.cap_longs_pay, answer.cap_shorts_pay) == (state, *twin.caps())
    said = (answer.rate, answer.target, answer.interest, answer.fast, answer.slow)
    assert said == (rates.current, rates.target, rates.interest, rates.fast, rates.slow)
    accrued = twin.accrue(FundingInput(state, since, elapsed, *market))
    assert (answer.state_after, answer.integral, answer.deviation) == accrued


# The command


def test_every_parameter_is_an_option_with_a_description():
    help_ = CliRunner().invoke(quote, ["--help"]).stdout
    for kind in FUNDING_MODELS.values():
        for name in set(kind.model_fields) - {"model"}:
            assert f"--{name.replace('_', '-')} VALUE" in help_
    assert "keel funding quote --model premium --preset premium-literal" in help_


def test_layered_is_what_is_asked_without_model_and_preset():
    assert ask() == ask("--model", "layered") == ask("--preset", "layered")


def test_the_table_shows_the_same_figures():
    arguments = ["--model", "premium", "--premium", "0.0008"]
    shown = CliRunner().invoke(quote, arguments).stdout
    rows = {line.split()[0]: line.split()[1:] for line in shown.splitlines() if len(line.split()) > 1}
    for name, text in ask(*arguments).items():
        if name != "model":
            assert rows[name][0] == text
    assert rows["premium"] == ["fraction", "bp"]
    assert rows["rate"] == ["0.0003", "3.0000"]
