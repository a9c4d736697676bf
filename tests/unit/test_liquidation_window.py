"""What liquidations may push through a market's curve in five minutes: it fills, and it empties."""

from decimal import Decimal

import pytest
from support.bench import MARKET, POOL, rolled_back
from support.liquidation_bench import make_liquidation_bench

from keel.evm.revm import RevmChain
from keel.units import WAD

# Five longs of 1 base with 200 quote at 49,000, of 490 that they need: all of each is closed there.
LOW, EQUITY = 49_000, 200
# 1 % of 400 base at 49,000: four of them.
CAPACITY = 196_000 * WAD
WINDOW_SECONDS = 300


@pytest.fixture(scope="module")
def fallen():
    """At 49,000, with an insurance that can carry all five."""
    bench = make_liquidation_bench()
    bench.stake(10_000)
    bench.accounts = [bench.thin(number, 1, EQUITY, LOW) for number in range(1, 6)]
    bench.fall_to(LOW)
    return bench


@pytest.fixture
def bench(fallen):
    with rolled_back(fallen.chain):
        yield fallen


@pytest.fixture(scope="module")
def window():
    chain = RevmChain()
    harness = chain.deploy("MathHarness")
    return lambda *args: tuple(chain.call(harness, "window", *args))


@pytest.mark.parametrize(
    ("pushed", "elapsed", "left"),
    [
        (0, 0, 0),
        (196_000, 0, 196_000),
        # An even pace: 196,000 in 300 s are 653.33 a second.
        (196_000, 75, 147_000),
        (196_000, 299, Decimal("653.333333333333333334")),
        (196_000, 300, 0),
        (50_000, 76, Decimal("346.666666666666666667")),
        (50_000, 77, 0),
        # What went beyond it takes as much longer.
        (392_000, 300, 196_000),
        (1, 10**9, 0),
    ],
)
def test_a_window_by_hand(window, pushed, elapsed, left):
    found = window(int(pushed * WAD), LOW * WAD, 400 * WAD, 10_000, elapsed)
    assert found == (CAPACITY, int(left * WAD))


@pytest.mark.parametrize(
    ("index", "depth", "ppm", "capacity"),
    [
        (50_000, 400, 10_000, 200_000),
        (50_000, 400, 100, 2_000),
        (1, 1, 10**6, 1),
        (120_000, 4_000, 10**6, 480 * 10**6),
    ],
)
def test_a_capacity_by_hand(window, index, depth, ppm, capacity):
    assert window(0, index * WAD, depth * WAD, ppm, 0)[0] == capacity * WAD


def test_the_window_follows_price_and_depth(bench):
    assert bench.window() == (0, CAPACITY)
    bench.protocol.pool_deposit(MARKET, POOL * bench.one, bench.provider)
    depth = bench.protocol.market(MARKET).depth
    assert bench.window() == (0, LOW * depth // 100)
    assert 1.98 * CAPACITY < bench.window()[1] < 2.02 * CAPACITY


def test_four_fill_it_and_the_fifth_is_absorbed(bench):
    events = []
    for count, account in enumerate(bench.accounts[:4], start=1):
        told = bench.liquidate(account)
        events.append(told.event)
        assert (told.args["fill"].size, told.args["tier"]) == (-WAD, 3)
        assert bench.window() == (count * LOW * WAD, CAPACITY)
    assert events == ["Liquidated"] * 4
    assert bench.liquidate(bench.accounts[4]).event == "Absorbed"
    # What does not go through the curve does not fill the window.
    assert bench.window() == (CAPACITY, CAPACITY)


@pytest.mark.parametrize(("seconds", "event"), [(74, "Absorbed"), (75, "Liquidated")])
def test_it_empties_evenly(bench, seconds, event):
    """A quarter of it is free again after a quarter of five minutes: 49,000."""
    for account in bench.accounts[:4]:
        bench.liquidate(account)
    bench.later(seconds)
    bench.price(LOW)
    assert bench.window() == (CAPACITY - CAPACITY * seconds // WINDOW_SECONDS, CAPACITY)
    assert bench.liquidate(bench.accounts[4]).event == event


def test_it_is_empty_after_five_minutes(bench):
    for account in bench.accounts[:4]:
        bench.liquidate(account)
    bench.later(WINDOW_SECONDS - 1)
    assert bench.window()[0] > 0
    bench.later(1)
    assert bench.window() == (0, CAPACITY)


def test_without_means_the_curve_takes_what_the_window_does_not(bench):
    """The insurance has nothing: the fifth goes through the curve at once, and it takes longer to empty."""
    shares = bench.chain.call(bench.insurance, "balanceOf", bench.provider)
    bench.protocol.insurance_request(shares, bench.provider)
    bench.later(86_400)
    bench.protocol.insurance_redeem(shares, bench.provider)
    bench.settle_price(LOW)
    # Shorts, so that closing longs brings no premium that could be taken as a penalty.
    bench.crowd(-4)
    assert bench.insured() < 100 * WAD
    for account in bench.accounts[:4]:
        assert bench.liquidate(account).event == "Liquidated"
    with rolled_back(bench.chain):
        bench.stake(10_000)
        assert bench.liquidate(bench.accounts[4]).event == "Absorbed"
    # What the four paid as penalties is not what it takes to carry one more.
    assert bench.insured() < 490 * WAD
    skew = bench.protocol.market(MARKET).skew
    assert bench.liquidate(bench.accounts[4]).event == "Liquidated"
    assert bench.protocol.market(MARKET).skew == skew - WAD
    assert bench.window() == (5 * LOW * WAD, CAPACITY)
    bench.later(WINDOW_SECONDS)
    assert bench.window() == (LOW * WAD, CAPACITY)
    bench.later(75)
    assert bench.window() == (0, CAPACITY)


def test_a_liquidation_larger_than_the_window_never_fits(fallen):
    """4.1 base are 200,900 at 49,000; what is less than the window but does not fit now goes over, too."""
    bench = make_liquidation_bench()
    bench.stake(10_000)
    large, small = bench.thin(1, Decimal("4.1"), 800, LOW), bench.thin(2, Decimal("0.9"), 180, LOW)
    first = bench.thin(3, Decimal("3.2"), 600, LOW)
    bench.fall_to(LOW)
    assert bench.window() == (0, CAPACITY)
    assert bench.liquidate(large).event == "Absorbed"
    assert bench.liquidate(first).event == "Liquidated"
    assert bench.window()[0] == 156_800 * WAD
    # 156,800 and 44,100 are 200,900.
    assert bench.liquidate(small).event == "Absorbed"


def test_trades_do_not_fill_it(bench):
    bench.trade(bench.trader, -WAD)
    bench.trade(bench.rival, WAD // 10)
    assert bench.window() == (0, CAPACITY)


def test_the_window_is_a_parameter(fallen):
    """At 100 % of the depth, everything goes through the curve."""
    bench = make_liquidation_bench(window=Decimal(1))
    account = bench.thin(1, 15, 4_000, LOW)
    bench.stake(100_000)
    bench.fall_to(LOW)
    assert bench.window() == (0, 100 * CAPACITY)
    assert bench.liquidate(account).event == "Liquidated"
    assert bench.window() == (15 * LOW * WAD, 100 * CAPACITY)
