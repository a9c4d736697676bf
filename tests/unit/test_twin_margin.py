"""The twins of MarginMath, MarketSet, PositionMath and LiquidationMath against the bytecode."""

from dataclasses import astuple

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twin_harness import BALANCE_BITS, SIZE_BITS, agree, magnitudes, rates, signed

from keel.model import liquidation, margin, market_set, position
from keel.model.liquidation import Tier
from keel.units import WAD


@st.composite
def brackets(draw: st.DrawFn) -> margin.Brackets:
    limits = sorted(draw(st.lists(magnitudes(32, 1), min_size=3, max_size=3)))
    maintenance = sorted(draw(st.lists(rates(9_000, 10), min_size=4, max_size=4)))
    initial = sorted(draw(st.lists(rates(10_000, 10), min_size=4, max_size=4)))
    low = draw(rates(2_000))
    return margin.Brackets(*limits, *maintenance, *initial, low, draw(rates(2_000, low)))


@settings(max_examples=200, deadline=None)
@given(brackets(), st.one_of(magnitudes(180), st.integers(0, 2**33).map(lambda n: n * WAD)))
def test_margins(b: margin.Brackets, value: int) -> None:
    agree("margins", (astuple(b), value), lambda: (margin.maintenance(b, value), margin.initial(b, value)))


@settings(max_examples=100, deadline=None)
@given(brackets(), magnitudes(140), magnitudes(140))
def test_margin_is_convex_and_non_decreasing(b: margin.Brackets, one: int, other: int) -> None:
    low, high = sorted((one, other))
    at_low, at_high = margin.maintenance(b, low), margin.maintenance(b, high)
    assert at_low <= at_high
    assert 2 * margin.maintenance(b, (low + high) // 2) <= at_low + at_high + 2


@settings(max_examples=150, deadline=None)
@given(magnitudes(24), rates(50_000, 100))
@example(600_000, 6_000)
@example(2_400_000, 6_000)
def test_volatility_multiplier(sigma: int, base: int) -> None:
    multiplier = margin.volatility_multiplier(sigma, base)
    agree("volatilityMultiplier", (sigma, base), lambda: multiplier)
    assert WAD <= multiplier <= 4 * WAD


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(1, 2**16 - 1), max_size=8, unique=True), st.integers(1, 2**16 - 1), st.data())
def test_market_set(ids: list[int], other: int, data: st.DataObject) -> None:
    members = 0
    for market in ids:
        members = market_set.add(members, market)
    chosen = data.draw(st.sampled_from([*ids, other]))
    agree(
        "marketSet",
        (members, chosen),
        lambda: (
            market_set.add(members, chosen),
            market_set.remove(members, chosen),
            market_set.length(members),
        ),
    )
    assert list(market_set.iterate(members)) == ids
    assert list(market_set.iterate(market_set.remove(members, chosen))) == [i for i in ids if i != chosen]


@st.composite
def fills(draw: st.DrawFn) -> tuple[int, int, int, int]:
    """A position and a fill; notional and cost carry the signs of their sizes."""
    before, size = draw(signed(SIZE_BITS)), draw(signed(SIZE_BITS))
    shape = draw(st.sampled_from(["any", "close", "half", "flip"]))
    if before and shape != "any":
        size = {"close": -before, "half": -before // 2, "flip": -2 * before}[shape]
    notional, cost = draw(magnitudes(120)), draw(magnitudes(120))
    return before, notional if before > 0 else -notional, size, cost if size > 0 else -cost


@settings(max_examples=300, deadline=None)
@given(fills())
def test_fill(given_: tuple[int, int, int, int]) -> None:
    agree("positionFill", given_, lambda: astuple(position.fill(*given_)))
    before, notional, size, cost = given_
    filled = position.fill(before, notional, size, cost)
    assert filled.notional_after == notional + cost + filled.realized
    assert filled.size_after == before + size


def test_reduces() -> None:
    assert position.reduces(5, -5)
    assert position.reduces(-5, 3)
    assert not any(position.reduces(*pair) for pair in ((0, 1), (5, 1), (5, -6), (-5, 6)))


@settings(max_examples=200, deadline=None)
@given(signed(BALANCE_BITS), magnitudes(BALANCE_BITS), rates(2_000), rates(2_000))
@example(0, 0, 0, 0)
@example(8 * WAD, 10 * WAD, 50, 500)
@example(5 * WAD, 10 * WAD, 50, 500)
def test_tiers(equity: int, maintenance: int, low: int, high: int) -> None:
    def twin() -> tuple[int, int, int]:
        ratio = liquidation.margin_ratio(equity, maintenance)
        return ratio, liquidation.tier(ratio), liquidation.penalty_rate(ratio, low, high)

    agree("liquidationTier", (equity, maintenance, low, high), twin)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(Tier), signed(BALANCE_BITS), magnitudes(BALANCE_BITS), magnitudes(120), magnitudes(120)
)
@example(Tier.DELEVERAGE, 9, 11, 20, 7)
def test_close_fraction(tier: Tier, equity: int, excess: int, here: int, cost: int) -> None:
    target = max(equity, 0) + excess
    fraction = liquidation.close_fraction(tier, equity, target, here, cost)
    agree("closeFraction", (tier, equity, target, here, cost), lambda: fraction)
    assert 0 <= fraction <= WAD
    if fraction < (WAD // 4 if tier == Tier.TRIM else WAD):
        # Closing the fraction meets the target: equity - f * c >= T - f * t.
        assert (equity * WAD - fraction * cost) >= target * WAD - fraction * here
