"""The twins of Curve and PoolMath against the bytecode, and what their roundings promise."""

from fractions import Fraction

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twin_harness import BALANCE_BITS, agree, curves, depths, indices, magnitudes, rates, signed

from keel.model import curve, pool
from keel.units import WAD

Curve = tuple[int, int, int]


@settings(max_examples=250, deadline=None)
@given(curves())
@example((1, 1, 0))
@example((2**88 - 1, 2**112 - 1, 2**112 - 2))
@example((2**88 - 1, 2**112 - 1, 1 - 2**112))
def test_value_and_mark(given_: Curve) -> None:
    _, depth, skew = given_
    agree("curveValue", given_, lambda: (curve.value_floor(*given_), curve.value_ceil(*given_)))
    agree("curveMark", given_, lambda: (curve.mark(*given_), curve.premium(depth, skew)))


@settings(max_examples=250, deadline=None)
@given(curves(), signed(112))
def test_cost(given_: Curve, size: int) -> None:
    index, depth, skew = given_
    agree("curveCost", (*given_, size), lambda: curve.cost(index, depth, skew, size))


@settings(max_examples=250, deadline=None)
@given(curves(), signed(BALANCE_BITS))
def test_size_for(given_: Curve, quote: int) -> None:
    index, depth, skew = given_
    agree("curveSizeFor", (*given_, quote), lambda: curve.size_for(index, depth, skew, quote))


@settings(max_examples=200, deadline=None)
@given(curves(), st.integers(-WAD, WAD))
def test_cost_is_at_most_two_wei_above_the_exact_cost(given_: Curve, share: int) -> None:
    index, depth, skew = given_
    size = (depth - 1 - skew) * share // WAD if share > 0 else depth * share // WAD
    exact = _value(index, depth, skew + size) - _value(index, depth, skew)
    assert exact <= curve.cost(index, depth, skew, size) < exact + 2


@settings(max_examples=200, deadline=None)
@given(curves(), st.integers(0, WAD - 1), st.booleans())
def test_size_for_is_the_inverse_of_cost(given_: Curve, share: int, sell: bool) -> None:
    index, depth, skew = given_
    value = curve.value_floor(index, depth, skew)
    # A sale can yield all that remains on the curve, a purchase can cost anything.
    quote = -((value + index * depth // WAD) * share // WAD) if sell else index * share // WAD
    if value + quote <= -(index * depth // WAD):
        return
    size = curve.size_for(index, depth, skew, quote)
    assert curve.cost(index, depth, skew, size) <= quote
    if skew + size + 1 < depth:
        assert curve.cost(index, depth, skew, size + 1) > quote


def _value(index: int, depth: int, skew: int) -> Fraction:
    return Fraction(index * depth * skew, (depth - skew) * WAD)


@settings(max_examples=200, deadline=None)
@given(magnitudes(BALANCE_BITS), magnitudes(BALANCE_BITS), magnitudes(BALANCE_BITS))
@example(WAD, 0, 0)
@example(0, 0, 0)
def test_shares(amount: int, equity: int, shares: int) -> None:
    agree(
        "poolShares",
        (amount, equity, shares),
        lambda: (
            pool.shares_for(amount, equity, shares),
            pool.assets_to_mint(amount, equity, shares),
            pool.assets_for(amount, equity, shares),
        ),
    )


@settings(max_examples=200, deadline=None)
@given(curves(), st.integers(0, WAD))
def test_redemption_charge(given_: Curve, left: int) -> None:
    index, before, skew = given_
    after = before * left // WAD
    agree(
        "poolCharge",
        (index, before, after, skew),
        lambda: pool.redemption_charge(index, before, after, skew),
    )


@settings(max_examples=200, deadline=None)
@given(indices, signed(112), signed(BALANCE_BITS), rates(10_000_000, 10_000))
@example(1, 0, 0, 10_000)
@example(1, 1, 0, 10_000)
@example(WAD, WAD, WAD, 1_000_000)
def test_utilization(index: int, skew: int, equity: int, exposure: int) -> None:
    agree(
        "poolUtilization",
        (index, skew, equity, exposure),
        lambda: pool.utilization(index, skew, equity, exposure),
    )


@settings(max_examples=200, deadline=None)
@given(indices, depths, depths, st.integers(-WAD // 2, WAD // 2))
def test_a_deeper_curve_never_owes_more(index: int, one: int, other: int, share: int) -> None:
    shallow, deep = sorted((one, other))
    skew = shallow * share // WAD
    assert curve.value_ceil(index, deep, skew) <= curve.value_ceil(index, shallow, skew)
    assert pool.redemption_charge(index, shallow, deep, skew) <= 1
