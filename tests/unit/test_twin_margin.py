"""The twins of MarketSet, PositionMath and LiquidationMath against the bytecode."""

from dataclasses import astuple

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twin_harness import BALANCE_BITS, SIZE_BITS, agree, indices, magnitudes, rates, signed

from keel.model import liquidation, market_set, position
from keel.model.liquidation import Tier
from keel.units import WAD


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


@settings(max_examples=200, deadline=None)
@given(magnitudes(128), indices, magnitudes(111, 1), rates(10**6, 100), magnitudes(32))
@example(100_000 * WAD, 2_000 * WAD, 5_000 * WAD, 10_000, 150)
def test_window(pushed: int, index: int, depth: int, window_ppm: int, elapsed: int) -> None:
    def twin() -> tuple[int, int]:
        capacity = liquidation.window_capacity(index, depth, window_ppm)
        return capacity, liquidation.fallen(pushed, capacity, elapsed, liquidation.WINDOW_SECONDS)

    agree("window", (pushed, index, depth, window_ppm, elapsed), twin)


def test_a_window_empties_in_five_minutes() -> None:
    """1 % of a depth of 5,000 base at 2,000 is 100,000 quote; 333.33 a second leave."""
    capacity = liquidation.window_capacity(2_000 * WAD, 5_000 * WAD, 10_000)
    assert capacity == 100_000 * WAD
    assert liquidation.fallen(capacity, capacity, 0, 300) == capacity
    assert liquidation.fallen(capacity, capacity, 75, 300) == 75_000 * WAD
    assert liquidation.fallen(capacity, capacity, 299, 300) == -(-capacity // 300)
    assert liquidation.fallen(capacity, capacity, 300, 300) == 0
    assert liquidation.fallen(3 * capacity, capacity, 600, 300) == capacity
