"""`keel quote curve` against the curve written down as exact fractions."""

import json
import subprocess
import sys
from fractions import Fraction
from math import ceil, floor

import pytest
from click.testing import CliRunner
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from keel.analytics.curve_quote import MAX_BASE, MAX_PRICE, MAX_QUOTE, CurveLens, CurveState
from keel.cli.quote import command
from keel.errors import DataError
from keel.units import WAD, format_wad, parse_wad

LENS = CurveLens()
EXAMPLE = ("--index", "10", "--depth", "100", "--skew", "0")


def value(state, skew):
    """V(q) = P D q / (D - q) in quote WAD, exact."""
    return Fraction(state.index * state.depth * skew, (state.depth - skew) * WAD)


def mark(state, skew):
    return state.index * Fraction(state.depth, state.depth - skew) ** 2


@st.composite
def states(draw):
    """States in which the reserve is at least a millionth of the depth: far beyond any market's band."""
    index = draw(st.integers(1, MAX_PRICE))
    depth = draw(st.integers(10**6, MAX_BASE))
    skew = draw(st.integers(-MAX_BASE, depth - depth // 10**6))
    return CurveState(index, depth, skew)


@settings(max_examples=300, deadline=None)
@given(states(), st.data())
def test_for_base_is_exact_to_the_wei(state, data):
    highest = min(MAX_BASE, state.depth - state.depth // 10**6 - state.skew)
    base = data.draw(st.integers(max(-MAX_BASE, -MAX_BASE - state.skew), highest).filter(bool))
    quote = LENS.for_base(state, base)
    exact = value(state, state.skew + base) - value(state, state.skew)
    assert quote.base == base
    # ceil(V(after)) - floor(V(before)): rounded against the trader, by less than two wei.
    assert quote.quote == ceil(value(state, state.skew + base)) - floor(value(state, state.skew))
    assert exact <= quote.quote < exact + 2
    assert quote.price_average == floor(Fraction(abs(quote.quote) * WAD, abs(base)))
    assert quote.mark_before == floor(mark(state, state.skew))
    assert quote.mark_after == floor(mark(state, state.skew + base))


@st.composite
def amounts(draw, state):
    """Quotes of every size, mostly between nothing and what the curve holds."""
    holds = min(MAX_QUOTE, state.index * state.depth // WAD + 1)
    anything = st.integers(-MAX_QUOTE, MAX_QUOTE)
    return draw(st.one_of(st.integers(-holds, holds), st.integers(1, 10 * holds), anything).filter(bool))


@settings(max_examples=300, deadline=None)
@given(states(), st.data())
def test_for_quote_is_the_largest_affordable_base(state, data):
    quote = data.draw(amounts(state))
    event("buy" if quote > 0 else "sell")
    try:
        answer = LENS.for_quote(state, quote)
    except DataError as refusal:
        event(f"refused: {refusal.message.rsplit(maxsplit=1)[-1]}")
        _check_refusal(state, quote, refusal)
        return
    target = floor(value(state, state.skew)) + quote
    # V(q') = target solved for q', in exact terms.
    inverse = Fraction(target * WAD * state.depth, state.index * state.depth + target * WAD)
    assert answer.base == floor(inverse) - state.skew
    assert answer.quote == quote
    assert LENS.for_base(state, answer.base).quote <= quote
    more = answer.base + 1
    in_range = max(abs(more), abs(state.skew + more)) <= MAX_BASE
    if more != 0 and state.skew + more < state.depth and in_range:
        assert LENS.for_base(state, more).quote > quote


def _check_refusal(state, quote, refusal):
    """A refusal is right only if its reason holds."""
    target = floor(value(state, state.skew)) + quote
    room = state.index * state.depth + target * WAD
    if "no sale yields" in refusal.message:
        assert room <= 0 or abs(target) * WAD >= 2**256
        return
    after = floor(Fraction(target * WAD * state.depth, room)) if room > 0 else None
    if "buys nothing" in refusal.message:
        assert after == state.skew
    elif "out of range" in refusal.message:
        assert after is None or abs(after) > MAX_BASE or abs(after - state.skew) > MAX_BASE
    else:
        assert "cannot price" in refusal.message
        assert after is None or state.depth - after < state.depth // 10**6 or abs(target) * WAD >= 2**256


@settings(max_examples=200, deadline=None)
@given(states(), st.data())
def test_no_round_trip_gains(state, data):
    quote = abs(data.draw(amounts(state)))
    try:
        bought = LENS.for_quote(state, quote)
        after = CurveState(state.index, state.depth, state.skew + bought.base)
        sold = LENS.for_base(after, -bought.base)
    except DataError:
        assume(False)
    assert -sold.quote <= quote


def test_the_worked_example():
    result = CliRunner().invoke(command, ["curve", *EXAMPLE, "--quote", "600", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "base": "37.5",
        "quote": "600",
        "price_average": "16",
        "mark_before": "10",
        "mark_after": "25.6",
    }


def test_base_and_quote_agree_where_nothing_is_rounded():
    by_base = CliRunner().invoke(command, ["curve", *EXAMPLE, "--base", "37.5", "--json"])
    by_quote = CliRunner().invoke(command, ["curve", *EXAMPLE, "--quote", "600", "--json"])
    assert by_base.stdout == by_quote.stdout


def test_negative_values_are_values_not_options():
    arguments = ["curve", "--index", "10", "--depth", "100", "--skew", "-20", "--base", "-5", "--json"]
    answer = json.loads(CliRunner().invoke(command, arguments).stdout)
    # V(-25) - V(-20) = -200 + 166.66..
    assert answer["quote"] == "-33.333333333333333333"
    assert (answer["base"], answer["mark_after"]) == ("-5", "6.4")


def test_the_table_shows_the_same_figures():
    shown = CliRunner().invoke(command, ["curve", *EXAMPLE, "--quote", "600"]).stdout
    assert [line.split() for line in shown.splitlines() if line.strip()] == [
        ["base", "37.5"],
        ["quote", "600"],
        ["price_average", "16"],
        ["mark_before", "10"],
        ["mark_after", "25.6"],
    ]


OUT = "out of range"
BAD = {
    "both": (*EXAMPLE, "--base", "1", "--quote", "1", "exactly one of --base and --quote"),
    "neither": (*EXAMPLE, "exactly one of --base and --quote"),
    "zero base": (*EXAMPLE, "--base", "0", "base is 0"),
    "zero quote": (*EXAMPLE, "--quote", "0.000", "quote is 0"),
    "reserve": (*EXAMPLE, "--base", "100", "empties the reserve"),
    "beyond the reserve": (*EXAMPLE, "--base", "100.5", "empties the reserve"),
    "sale of all": (*EXAMPLE, "--quote", "-1000", "no sale yields 1000"),
    "sale of more": (*EXAMPLE, "--quote", "-5000", "no sale yields 5000"),
    "dust": ("--index", "3000000", *EXAMPLE[2:], "--quote", f"0.{'0' * 17}1", "buys nothing"),
    "text": (*EXAMPLE, "--base", "many", "--base: 'many' is not a plain decimal number"),
    "exponent": (*EXAMPLE, "--base", "1e3", "--base: '1e3' is not a plain decimal number"),
    "decimals": (*EXAMPLE, "--base", f"0.{'0' * 18}1", "more than 18 decimals"),
    "nan": (*EXAMPLE, "--quote", "nan", "not a plain decimal number"),
    "empty": (*EXAMPLE, "--quote", "", "not a plain decimal number"),
    "index 0": ("--index", "0", *EXAMPLE[2:], "--base", "1", f"index 0 is {OUT}"),
    "index < 0": ("--index", "-1", *EXAMPLE[2:], "--base", "1", f"index -1 is {OUT}"),
    "index": ("--index", format_wad(2**88), *EXAMPLE[2:], "--base", "1", OUT),
    "depth 0": ("--index", "1", "--depth", "0", "--skew", "-1", "--base", "1", f"depth 0 is {OUT}"),
    "depth < 0": ("--index", "1", "--depth", "-1", "--skew", "-2", "--base", "1", f"depth -1 is {OUT}"),
    "depth": ("--index", "1", "--depth", format_wad(2**112), "--skew", "0", "--base", "1", OUT),
    "skew": ("--index", "1", "--depth", "1", "--skew", format_wad(-(2**112)), "--base", "1", OUT),
    "skew = depth": ("--index", "1", "--depth", "1", "--skew", "1", "--base", "-1", "leaves no reserve"),
    "skew > depth": ("--index", "1", "--depth", "1", "--skew", "2", "--base", "-1", "leaves no reserve"),
    "base": (*EXAMPLE, "--base", format_wad(-(2**112)), OUT),
    "quote": (*EXAMPLE, "--quote", format_wad(2**127), OUT),
    "skew after": ("--index", "1", "--depth", "1", "--skew", format_wad(-MAX_BASE), "--base", "-1", OUT),
}


@pytest.mark.parametrize("case", BAD, ids=list(BAD))
def test_bad_input_is_named(case):
    *arguments, expected = BAD[case]
    result = CliRunner().invoke(command, ["curve", *arguments])
    assert isinstance(result.exception, DataError)
    assert expected in str(result.exception)
    assert "\n" not in str(result.exception)


def test_a_state_that_the_contracts_cannot_price_is_named():
    edge = CurveState(MAX_PRICE, MAX_BASE, MAX_BASE - 2)
    for ask in (lambda: LENS.for_base(edge, 1), lambda: LENS.for_quote(edge, WAD)):
        with pytest.raises(DataError, match="cannot price this state"):
            ask()


def test_the_command_ends_with_one_line_and_exit_code_2():
    command_line = [sys.executable, "-c", "from keel.cli.main import main; main()"]
    command_line += ["quote", "curve", *EXAMPLE, "--base", "100"]
    done = subprocess.run(command_line, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "keel: base 100 empties the reserve: buy less than 100\n"


def test_limits_are_accepted():
    quote = LENS.for_base(CurveState(MAX_PRICE, MAX_BASE, 0), -MAX_BASE)
    assert quote.quote == ceil(Fraction(-MAX_PRICE * MAX_BASE, 2 * WAD))
    assert parse_wad(format_wad(quote.mark_after)) == floor(Fraction(MAX_PRICE, 4))
