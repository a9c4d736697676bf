"""The twins of MarginMath and MultiplierMath against the bytecode, and what their rules promise."""

from dataclasses import astuple, replace
from itertools import product
from math import exp

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ledger_world import BRACKETS, FUNDING, market_config
from twin_harness import SIZE_BITS, agree, indices, magnitudes, rates, signed

from keel.model import curve, margin, multiplier, pool
from keel.model.fixed import PPM
from keel.model.layered import LayeredFunding
from keel.model.ledger import Ledger
from keel.model.multiplier import ONE
from keel.model.records import Brackets, Market, MarketConfig, MarketLinks, Position
from keel.model.validity import Price
from keel.units import BPS, WAD

MODEL = f"0x{1:040x}"
HOUR = 3_600
# Multipliers over their range, and a ramp behind, level with and ahead of them.
FACTORS = (ONE, 1_030_000, 2 * ONE, 5 * ONE, 16 * ONE)


@st.composite
def brackets(draw: st.DrawFn) -> Brackets:
    limits = sorted(draw(st.lists(magnitudes(32, 1), min_size=3, max_size=3)))
    maintenance = sorted(draw(st.lists(rates(9_000, 10), min_size=4, max_size=4)))
    initial = sorted(draw(st.lists(rates(10_000, 10), min_size=4, max_size=4)))
    low = draw(rates(2_000))
    return Brackets(*limits, *maintenance, *initial, low, draw(rates(2_000, low)))


@st.composite
def listed(draw: st.DrawFn) -> tuple[Brackets, int]:
    """Brackets that can be listed, with the fee, ppm: each initial rate just above what the rule asks for."""
    limits = sorted(draw(st.lists(magnitudes(32, 1), min_size=3, max_size=3)))
    maintenance = sorted(draw(st.lists(rates(5_000, 10), min_size=4, max_size=4)))
    penalty, fee = draw(rates(1_000)), draw(rates(30_000))
    slack = penalty + fee // 100 + 1
    return Brackets(*limits, *maintenance, *(rate + slack for rate in maintenance), penalty, 2_000), fee


@st.composite
def sides(draw: st.DrawFn) -> tuple[Market, MarketConfig]:
    """A market with positions of both sides and a pool from bankrupt to far beyond what it may face."""
    index, shares = draw(indices), draw(magnitudes(120, 10**24))
    kappa = draw(magnitudes(88, 1))
    # Depth and values as far as the books can hold them.
    deepest = min(2**111, 2**126 * WAD // index)
    kappa = min(kappa, deepest * pool.SHARE_UNIT // shares)
    depth = pool.depth(kappa, shares)
    longs, shorts = (depth * draw(rates(750)) // 1_000 for _ in range(2))
    max_side = draw(rates(20_000_000, 10_000))
    value = max(longs, shorts) * index // WAD
    equity = value * PPM // max_side * draw(st.integers(0, 300)) // 100 + draw(signed(60))
    skew, notional = longs - shorts, (longs - shorts) * index // WAD
    cash = equity - notional + curve.value_ceil(index, depth, skew)
    market = Market(longs, shorts, open_notional=notional, cash=min(cash, 2**126), shares=shares)
    market.stress, market.ramp = draw(rates(32)), draw(rates(16 * ONE, 1))
    market.price = Price(index, index, draw(magnitudes(24)))
    config = MarketConfig(
        *(MODEL, 0, 0, 0, max_side, draw(rates(40)), kappa, 10**6, 300_000, 12_500),
        *(draw(rates(50_000, 100)), 60, 600, 3_600, 10, 1, draw(brackets())),
    )
    return market, config


@settings(max_examples=200, deadline=None)
@given(brackets(), st.one_of(magnitudes(180), st.integers(0, 2**33).map(lambda n: n * WAD)))
def test_margins(b: Brackets, value: int) -> None:
    agree("margins", (astuple(b), value), lambda: (margin.maintenance(b, value), margin.initial(b, value)))


@settings(max_examples=100, deadline=None)
@given(brackets(), magnitudes(140), magnitudes(140))
def test_margin_is_convex_and_non_decreasing(b: Brackets, one: int, other: int) -> None:
    low, high = sorted((one, other))
    at_low, at_high = margin.maintenance(b, low), margin.maintenance(b, high)
    assert at_low <= at_high
    assert 2 * margin.maintenance(b, (low + high) // 2) <= at_low + at_high + 2


@settings(max_examples=300, deadline=None)
@given(sides(), signed(SIZE_BITS))
def test_requirements(given_: tuple[Market, MarketConfig], size: int) -> None:
    market, config = given_

    def twin() -> tuple[int, int, int, int]:
        initial, maintenance = margin.requirements(market, config, size)
        factor = multiplier.initial(market, config)
        return initial, maintenance, factor, margin.common(initial, config.hedge_percent, size)

    agree("requirements", (astuple(market), astuple(config), size), twin)
    initial, maintenance, factor, common = twin()
    value = -(-abs(size) * market.price.index // WAD)
    assert ONE <= factor <= 16 * ONE
    assert initial <= value
    assert margin.requirements(market, config, size, whole=False) == (0, maintenance)
    assert abs(common) <= initial * config.hedge_percent // 100
    if market.ramp >= ONE and initial < value:
        assert maintenance >= margin.maintenance(config.brackets, value)


@settings(max_examples=200, deadline=None)
@given(rates(2**24 - 1, 1), rates(16 * ONE, ONE), magnitudes(32), brackets(), brackets())
def test_ramps(ramp: int, target: int, elapsed: int, old: Brackets, new: Brackets) -> None:
    agree(
        "ramps",
        (ramp, target, elapsed, astuple(old), astuple(new)),
        lambda: (multiplier.ramped(ramp, target, elapsed), margin.damped(ramp, old, new)),
    )


@pytest.mark.parametrize(
    ("sigma", "base", "expected"),
    [(0, 6_000, 1), (600_000, 6_000, 1), (900_000, 6_000, 1.5), (2_400_000, 6_000, 4), (9_000_000, 6_000, 4)],
)
def test_volatility_multiplier(sigma: int, base: int, expected: float) -> None:
    assert multiplier.volatility(sigma, base) == expected * ONE


@pytest.mark.parametrize(
    ("longs", "expected"), [(0, 1), (30, 1), (37.5, 1), (45, 1.2), (60, 1.6), (75, 2), (90, 2)]
)
def test_crowding(longs: float, expected: float) -> None:
    """A pool of 50,000 may face 150,000 on one side; at 2,000 that is 75 base, and half of it counts once."""
    interest = int(longs * WAD)
    market = Market(interest, interest, cash=50_000 * WAD, shares=10**24)
    market.price = Price(2_000 * WAD, 2_000 * WAD)
    config = config_of(max_side_ppm=3_000_000)
    assert multiplier.crowding(market, config) == round(expected * ONE)


def test_all_multipliers_together() -> None:
    """Volatility 1.5 times its base, three deviations beyond two, 60 of 75 base: 1.5 * 1.75 * 1.6 = 4.2.

    10 base at 2,000 ask for 500 at 2.5 %, so for 2,100; maintenance goes by its ramp of 1.2: 200 * 1.2. A
    ramp of 8 counts for both.
    """
    longs = 60 * WAD
    market = Market(longs, longs, cash=50_000 * WAD, shares=10**24, stress=24, ramp=1_200_000)
    market.price = Price(2_000 * WAD, 2_000 * WAD, 900_000)
    config = config_of(max_side_ppm=3_000_000)
    assert multiplier.initial(market, config) == 4_200_000
    assert margin.requirements(market, config, 10 * WAD) == (2_100 * WAD, 240 * WAD)
    market.ramp = 8 * ONE
    assert margin.requirements(market, config, -10 * WAD) == (4_000 * WAD, 1_600 * WAD)


def test_no_more_than_the_value_is_asked_for() -> None:
    """At 16 times, 100,000 at 30 % would ask for 480,000: 100,000 are asked for, 3.33 times.

    And of maintenance at 10 % as often, though its ramp allows more.
    """
    market = factor_market(16 * ONE, ramp=16 * ONE)
    config = config_of(brackets=Brackets(10**6, 10**6, 10**6, *[1_000] * 4, *[3_000] * 4, 100, 600))
    initial, maintenance = margin.requirements(market, config, 50 * WAD)
    assert initial == 100_000 * WAD
    assert maintenance == 10_000 * WAD * 3_333_333 // ONE


@settings(max_examples=300, deadline=None)
@given(listed(), st.sampled_from(FACTORS), st.sampled_from(FACTORS), st.integers(1, 2**34))
def test_opening_at_the_limit_leaves_room_for_ones_own_exit(
    given_: tuple[Brackets, int], factor: int, ramp: int, quote: int
) -> None:
    """IM > MM + penalty + fee at every multiplier, in every bracket, wherever the ramp stands."""
    b, fee = given_
    market, size = factor_market(factor, ramp=ramp), quote * WAD // 2_000
    config = config_of(brackets=b, max_side_ppm=3_000_000)
    initial, maintenance = margin.requirements(market, config, size)
    value = size * 2_000
    assert initial > maintenance + value * b.penalty_min_bps // BPS + value * fee // PPM


@pytest.mark.parametrize("touches", [1, 60, 3_600])
def test_an_hour_adds_a_tenth_at_most(touches: int) -> None:
    """9.531 % in one step; compounded it comes near ten, less what each step floors."""
    found = after(ONE, 16 * ONE, [HOUR // touches] * touches)
    exact = (1 + 0.095310 / touches) ** touches * ONE
    assert max(1_095_310, exact - touches) <= found <= exact + 1e-6 < 1_100_000
    assert after(ONE, 1_050_000, [HOUR // touches] * touches) == 1_050_000


@settings(max_examples=200, deadline=None)
@given(rates(16 * ONE, 1), rates(16 * ONE, ONE), st.lists(st.integers(0, 900), min_size=1, max_size=60))
@example(ONE, 2 * ONE, [0] * 9)
@example(1, ONE, [900] * 60)
def test_one_touch_and_many_differ_inside_the_bound(ramp: int, target: int, waits: list[int]) -> None:
    """Compound growth is at most exp; each touch is a unit off at most, and none passes the target.

    A target below is reached at once.
    """
    share = sum(waits) * multiplier.RAMP_PER_SECOND / 10**9
    once, often, touches = after(ramp, target, [sum(waits)]), after(ramp, target, waits), len(waits)
    if target > ramp:
        assert once - touches <= often <= min(target, (ramp + touches) * exp(share) + 1)
        assert often >= min(target, ramp + touches)
    else:
        assert once == often == target
    assert after(ramp, target, [0] * touches) == min(target, ramp + touches)


def test_higher_brackets_lower_the_ramp() -> None:
    """2 % where 1 % was asked for halve it; so does 10 % instead of 5 % far beyond the last bracket."""
    twice = Brackets(50_000, 200_000, 1_000_000, 200, 200, 300, 500, 350, 400, 600, 900, 80, 600)
    assert margin.damped(ONE, BRACKETS, twice) == ONE // 2
    beyond = Brackets(50_000, 200_000, 1_000_000, 100, 200, 300, 1_000, 250, 400, 600, 1_900, 80, 600)
    assert margin.damped(1_200_000, BRACKETS, beyond) == 600_000
    assert margin.damped(ONE, twice, BRACKETS) == margin.damped(ONE, BRACKETS, BRACKETS) == ONE


@settings(max_examples=300, deadline=None)
@given(brackets(), brackets(), rates(16 * ONE, ONE // 10), st.integers(1, 2**40))
def test_new_brackets_never_ask_for_more_at_once(old: Brackets, new: Brackets, ramp: int, quote: int) -> None:
    value = quote * WAD
    before, later = margin.maintenance(old, value) * ramp, margin.maintenance(new, value)
    assert later * margin.damped(ramp, old, new) <= before


@st.composite
def books(draw: st.DrawFn) -> tuple[Ledger, list[tuple[int, int]]]:
    """An account with positions in one to five markets; and what each market asks of its position."""
    ledger, count = Ledger(1, {MODEL: LayeredFunding(FUNDING)}), draw(st.integers(1, 5))
    asked = []
    for market in range(1, count + 1):
        config = config_of(hedge_percent=draw(rates(40)))
        ledger.list_market(0, config, MarketLinks(MODEL, 0, 10_000, 50_000, MODEL))
        size = draw(st.integers(1, 10**4)) * draw(st.sampled_from([-WAD, WAD]))
        m = factor_market(draw(st.sampled_from(FACTORS)), ramp=draw(st.sampled_from(FACTORS)))
        ledger.markets[market] = m
        ledger.positions[1, market] = Position(size, notional=size * 2_000)
        ledger.accounts[1].markets |= market << 16 * (market - 1)
        asked.append((size, *margin.requirements(m, config, size), config.hedge_percent))
    return ledger, asked


@settings(max_examples=200, deadline=None)
@given(books())
def test_portfolio_margin_is_the_worst_of_the_grid(given_: tuple[Ledger, list[tuple[int, ...]]]) -> None:
    """All markets up or down together, each against or with its position on its own: the worst sum."""
    ledger, asked = given_
    health = ledger.health_of(0, 1)
    for place, found in ((1, health.initial), (2, health.maintenance)):
        parts = [(row[place], margin.common(row[place], row[3], row[0])) for row in asked]
        losses = []
        for together, *alone in product([-1, 1], repeat=1 + len(parts)):
            each = zip(alone, parts, strict=True)
            losses.append(sum(-together * c + own * (asked_ - abs(c)) for own, (asked_, c) in each))
        whole = sum(asked_ for asked_, _ in parts)
        assert found == max(losses) <= whole
        if len({size > 0 for size, *_ in asked}) == 1:
            assert found == whole


def test_a_hedge_of_two_markets() -> None:
    """40 % of 500 long nets with 30 % of 400 short: 300 + 280 + |200 - 120| = 660 instead of 900."""
    ledger = Ledger(1, {MODEL: LayeredFunding(FUNDING)})
    for market, (size, percent) in enumerate(((10, 40), (-8, 30)), 1):
        config = config_of(hedge_percent=percent)
        ledger.list_market(0, config, MarketLinks(MODEL, 0, 10_000, 50_000, MODEL))
        ledger.markets[market] = factor_market(ONE, ramp=ONE)
        ledger.positions[1, market] = Position(size * WAD, notional=size * 2_000 * WAD)
        ledger.accounts[1].markets |= market << 16 * (market - 1)
    health = ledger.health_of(0, 1)
    assert (health.initial, health.initial_common) == (660 * WAD, 80 * WAD)
    assert (health.maintenance, health.maintenance_common) == (264 * WAD, 32 * WAD)


def after(ramp: int, target: int, waits: list[int]) -> int:
    """A ramp touched after each of these seconds."""
    for elapsed in waits:
        ramp = multiplier.ramped(ramp, target, elapsed)
    return ramp


def config_of(**changes: object) -> MarketConfig:
    return replace(market_config(MODEL), **changes)


def factor_market(factor: int, *, ramp: int) -> Market:
    """A market at 2,000 whose initial margin is multiplied by this, 1e-6: volatility, stress, then crowd."""
    market = Market(ramp=ramp, price=Price(2_000 * WAD, 2_000 * WAD, 600_000))
    volatility = min(factor, 4 * ONE)
    rest = factor * ONE // volatility
    market.price = Price(2_000 * WAD, 2_000 * WAD, 600_000 * volatility // ONE)
    market.stress = min((rest - ONE) * 32 // ONE, 32)
    if rest > 2 * ONE:
        # Interest without a pool behind it.
        market.long_interest = market.short_interest = WAD
    return market
