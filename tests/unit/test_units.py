"""Exact conversion between text and fixed point."""

from decimal import Decimal
from fractions import Fraction
from math import ceil, floor, trunc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.errors import DataError
from keel.units import (
    WAD,
    format_units,
    format_wad,
    parse_units,
    parse_wad,
    rescale,
    token_to_wad,
    wad_to_decimal,
    wad_to_token,
)

INTEGERS = st.integers(-(2**255), 2**256 - 1)
DECIMALS = st.integers(0, 77)


@pytest.mark.parametrize(
    ("text", "wad"),
    [
        ("1", WAD),
        ("-0.5", -WAD // 2),
        ("+1_000.25", 1_000 * WAD + WAD // 4),
        ("0.000000000000000001", 1),
        ("1.50000000000000000000000", 3 * WAD // 2),
        ("-0", 0),
        (" 2 ", 2 * WAD),
        (7, 7 * WAD),
        (Decimal("1e-18"), 1),
        (Decimal("1E+3"), 1_000 * WAD),
    ],
)
def test_parse_wad(text, wad):
    assert parse_wad(text) == wad


@pytest.mark.parametrize(
    "value",
    [
        "",
        ".",
        "1.",
        ".5",
        "1e3",
        "0x1",
        "nan",
        "1,5",
        "1__0",
        "--1",
        "١",
        0.1,
        True,
        Decimal("NaN"),
        Decimal("1e999"),
    ],
)
def test_parse_refuses_what_is_not_a_plain_number(value):
    with pytest.raises(DataError):
        parse_wad(value)


@pytest.mark.parametrize(("text", "decimals"), [("0.0000000000000000001", 18), ("1.5", 0), ("0.1234567", 6)])
def test_parse_refuses_to_round(text, decimals):
    with pytest.raises(DataError, match="decimals"):
        parse_units(text, decimals)


@pytest.mark.parametrize("decimals", [-1, 78])
def test_decimals_out_of_range(decimals):
    with pytest.raises(DataError):
        format_units(1, decimals)


@pytest.mark.parametrize(
    ("wad", "text"),
    [
        (0, "0"),
        (1, "0.000000000000000001"),
        (-WAD // 2, "-0.5"),
        (10**40, "1" + "0" * 22),
        (-1500 * WAD, "-1500"),
    ],
)
def test_format_wad(wad, text):
    assert format_wad(wad) == text


@given(INTEGERS, DECIMALS)
def test_format_and_parse_are_inverse(amount, decimals):
    assert parse_units(format_units(amount, decimals), decimals) == amount


@given(INTEGERS)
def test_wad_to_decimal_is_exact(wad):
    assert Fraction(wad_to_decimal(wad)) == Fraction(wad, WAD)


@given(INTEGERS, DECIMALS, DECIMALS)
def test_rescale_rounds_as_named(amount, old, new):
    exact = Fraction(amount) * Fraction(10) ** (new - old)
    assert rescale(amount, old, new, "floor") == floor(exact)
    assert rescale(amount, old, new, "ceil") == ceil(exact)
    assert rescale(amount, old, new, "trunc") == trunc(exact)
    if exact.denominator == 1:
        assert rescale(amount, old, new) == exact
    else:
        with pytest.raises(DataError):
            rescale(amount, old, new)


def test_token_amounts():
    assert token_to_wad(1_500_000, 6) == 3 * WAD // 2
    assert wad_to_token(WAD // 3, 6, "floor") == 333_333
    assert wad_to_token(WAD // 3, 6, "ceil") == 333_334
    assert wad_to_token(-WAD // 3, 6, "trunc") == -333_333
