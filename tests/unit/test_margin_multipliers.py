"""Multipliers of margin: each alone and together by hand, at once for new risk, slowly for old."""

from contextlib import suppress
from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.bench import MARKET, NOBODY, POOL, PRICE, TWAP_SECONDS, make_bench, rolled_back
from support.listing import config_of, links_of

from keel.config.deployment import load_deployment
from keel.errors import Reverted
from keel.evm.revm import RevmChain
from keel.sdk.protocol import account_id
from keel.units import WAD

ONE, MOST = 10**6, 16 * 10**6
HOUR = 3_600
# ln(1.1) per hour, 1e-9 a second: a tenth an hour, however often it is taken.
PER_SECOND = 26_475
CONFIG = load_deployment().markets[0].config_abi(NOBODY)
PRICE_OF = {"index": PRICE * WAD, "twap": PRICE * WAD, "sigma": 0, "spreadBps": 0, "at": 1, "flags": 0}


def market(sigma=0, stress=0, sides=(0, 0), ramp=ONE):
    """A market at 50,000 whose pool has a million: one side may hold 3,000,000, 60 base, in it."""
    interest = {"longInterest": sides[0] * WAD, "shortInterest": sides[1] * WAD}
    books = {"cash": POOL * WAD, "openNotional": (sides[0] - sides[1]) * PRICE * WAD, "shares": POOL * 10**24}
    funding = {"accruedAt": 1, "longsPaid": 0, "shortsPaid": 0, "fundingState": bytes(32)}
    books["fundingClearing"] = 0
    return interest | books | funding | {"stress": stress, "ramp": ramp, "price": PRICE_OF | {"sigma": sigma}}


@pytest.fixture(scope="module")
def requirements():
    chain = RevmChain()
    harness = chain.deploy("MathHarness")

    def ask(size, **state):
        """Initial, maintenance (quote WAD) and the multiplier (1e-6) of so much base."""
        found = chain.call(harness, "requirements", market(**state), CONFIG, int(size * WAD))
        return found.initial, found.maintenance, found.multiplier

    return ask


# 4 base are worth 200,000: 2 % are 4,000, 1 % are 2,000.
CASES = {
    "calm": ({}, 1_000_000),
    "volatility of 30 %": ({"sigma": 300_000}, 1_000_000),
    "volatility of 60 %": ({"sigma": 600_000}, 1_000_000),
    "volatility of 90 %": ({"sigma": 900_000}, 1_500_000),
    "volatility of 240 %": ({"sigma": 2_400_000}, 4_000_000),
    "volatility of 1,000 %": ({"sigma": 10_000_000}, 4_000_000),
    "funding an eighth of a deviation beyond two": ({"stress": 1}, 1_031_250),
    "funding one deviation beyond two": ({"stress": 8}, 1_250_000),
    "funding four deviations beyond two": ({"stress": 32}, 2_000_000),
    "half of what a side may hold": ({"sides": (30, 30)}, 1_000_000),
    "three quarters": ({"sides": (45, 45)}, 1_500_000),
    # The pool is long 35 of 400: V(-35) = -1,609,195.4, their notional -1,750,000. Its million has lost
    # 140,804.6, and 45 base are 2,250,000 of 3 * 859,195.4: 0.8729096.
    "the larger side counts, and the pool's equity": ({"sides": (10, 45)}, 1_745_819),
    "all of it": ({"sides": (60, 60)}, 2_000_000),
    "more than that": ({"sides": (90, 90)}, 2_000_000),
    "volatility and funding": ({"sigma": 900_000, "stress": 8}, 1_875_000),
    "volatility and open interest": ({"sigma": 900_000, "sides": (45, 45)}, 2_250_000),
    "funding and open interest": ({"stress": 8, "sides": (45, 45)}, 1_875_000),
    "all three": ({"sigma": 900_000, "stress": 8, "sides": (45, 45)}, 2_812_500),
    "all at their most": ({"sigma": 10**7, "stress": 32, "sides": (90, 90)}, 16_000_000),
}


@pytest.mark.parametrize("case", CASES)
def test_a_multiplier_by_hand(requirements, case):
    """It counts at once for new risk; for maintenance when the ramp has arrived, and not before."""
    state, multiplier = CASES[case]
    initial = 4_000 * multiplier * WAD // ONE
    for ramp in (ONE, multiplier):
        expected = (initial, 2_000 * ramp * WAD // ONE, multiplier)
        assert requirements(4, ramp=ramp, **state) == expected
        assert requirements(-4, ramp=ramp, **state) == expected


@pytest.mark.parametrize(
    ("ramp", "initial", "maintenance"),
    [
        # New brackets have set it below one: maintenance follows, new risk does not.
        (333_333, 6_000, 666.666),
        (ONE, 6_000, 2_000),
        (1_200_000, 6_000, 2_400),
        (1_500_000, 6_000, 3_000),
        # What is maintained is asked of whoever comes new, too.
        (1_600_000, 6_400, 3_200),
        (MOST, 64_000, 32_000),
    ],
)
def test_maintenance_has_the_ramp_alone_and_new_risk_the_higher(requirements, ramp, initial, maintenance):
    """4 base at a product of 1.5."""
    found = requirements(4, sigma=900_000, ramp=ramp)
    assert found == (initial * WAD, round(maintenance * 1_000) * WAD // 1_000, 1_500_000)


def test_no_more_than_the_value_is_asked_for(requirements):
    """1,000 base are worth 50,000,000: brackets ask for 3,783,750 and 2,363,750; 16 times that is too much.

    The multiplier is then 50,000,000 / 3,783,750 = 13.214403, floor, and a ramp beyond it is cut there, too.
    """
    storm = {"sigma": 10**7, "stress": 32, "sides": (90, 90)}
    for ramp, counts in ((MOST, 13_214_403), (13_214_404, 13_214_403), (13_214_402, 13_214_402), (ONE, ONE)):
        initial, maintenance, multiplier = requirements(1_000, ramp=ramp, **storm)
        assert (initial, multiplier) == (50_000_000 * WAD, MOST)
        assert maintenance == 2_363_750 * counts * WAD // ONE
    # The ramp alone, in a calm market.
    initial, maintenance, multiplier = requirements(1_000, ramp=MOST)
    assert (initial, multiplier) == (50_000_000 * WAD, ONE)
    assert maintenance == 2_363_750 * 13_214_403 * WAD // ONE
    # Twelve times is below the value.
    initial, _, _ = requirements(1_000, sigma=3 * 600_000, stress=32, sides=(90, 90))
    assert initial == 12 * 3_783_750 * WAD


RAMPS = {
    "down at once, in no time": (2 * ONE, 1_500_000, 0, 1_500_000),
    "there": (ONE, ONE, HOUR, ONE),
    "an hour up": (ONE, 2 * ONE, HOUR, 1_095_310),
    "no further than its target": (ONE, 1_050_000, HOUR, 1_050_000),
    # 1 * 1 * 26,475e-9 is nothing: brackets that rose far would hold it there for ever.
    "a unit at least, however low": (1, ONE, 1, 2),
    "a unit short of its target": (ONE - 1, ONE, 1, ONE),
}


@pytest.mark.parametrize("case", RAMPS)
def test_a_ramp_by_hand(case):
    chain = RevmChain()
    harness = chain.deploy("MathHarness")
    ramp, target, elapsed, expected = RAMPS[case]
    brackets = CONFIG["brackets"]
    found = chain.call(harness, "ramps", ramp, target, elapsed, brackets, brackets)
    # The same brackets take nothing back.
    assert tuple(found) == (expected, ramp)


@pytest.fixture(scope="module")
def used():
    """Funding stays out of the way: no fee of a trade depends on it, and prices are 50,000."""
    return make_bench()


@pytest.fixture
def bench(used):
    with rolled_back(used.chain):
        yield used


def ramp(bench):
    return bench.protocol.view("marketNow", MARKET).ramp


def health(bench, owner):
    return bench.protocol.view("healthOf", account_id(owner))


def storm(bench):
    """A volatility of many times its base, at the old price, which is also the average."""
    for price in (52_000, PRICE):
        bench.later(60)
        bench.price(price)
    return bench.protocol.view("marketOf", MARKET).price.sigma


def test_new_risk_is_asked_for_at_once_old_risk_is_not(bench):
    calm = health(bench, bench.trader)
    assert (calm.initial, calm.maintenance) == (1_000 * WAD, 500 * WAD)
    sigma = storm(bench)
    multiplier = sigma * 10_000 // 6_000
    assert ONE < multiplier < 4 * ONE
    after = health(bench, bench.trader)
    assert after.initial == -(-1_000 * WAD * multiplier // ONE)
    # Of the two minutes, the second one was at 52,000 and in the storm: 1e6 * 60 * 26,475e-9.
    assert ramp(bench) == 1_001_588
    assert after.maintenance == 500 * 1_001_588 * WAD // ONE


@pytest.mark.parametrize(("touches", "gained"), [(1, 95_309), (2, 97_580), (60, 99_885), (3_600, 97_991)])
def test_an_hour_adds_a_tenth_at_most(bench, touches, gained):
    """One step of 3,600 s is 9.531 %; steps of a second lose a part of a unit each. In 1e-6 of the ramp."""
    storm(bench)
    began = ramp(bench)
    with rolled_back(bench.chain):
        for _ in range(touches):
            bench.later(HOUR // touches)
            bench.protocol.accrue(MARKET, bench.stranger)
        found = ramp(bench)
    expected = began
    for _ in range(touches):
        expected += expected * (HOUR // touches) * PER_SECOND // 10**9
    assert found == expected
    assert found * ONE // began - ONE == gained < ONE // 10


def test_the_ramp_arrives_and_stays(bench):
    """A side that holds nearly all it may: the ramp follows hour by hour, and is then asked for in full."""
    crowd(bench, 5, 11)
    seen = [ramp(bench)]
    state = health(bench, bench.trader)
    while 2 * state.maintenance < state.initial:
        bench.later(HOUR)
        bench.price(PRICE)
        seen.append(ramp(bench))
        assert seen[-2] < seen[-1] <= seen[-2] * 11 // 10
        state = health(bench, bench.trader)
    assert seen[0] == ONE
    # From one to more than two, at 9.5 % an hour; 1 base is asked for 1,000 and 500 times that.
    assert 8 < len(seen) < 14
    assert 2_000 * WAD < state.initial == 2 * state.maintenance < 3_000 * WAD


def crowd(bench, step, times):
    """Two accounts grow in turns, whole base; gives them."""
    pair = [account_id(bench.operator, sub) for sub in (1, 2)]
    for account in pair:
        bench.protocol.deposit(account, 2 * POOL * bench.one, bench.operator)
    regrow(bench, pair, step, times)
    return pair


def regrow(bench, pair, step, times):
    for _ in range(times):
        for account, size in zip(pair, (step, -step), strict=True):
            bench.protocol.trade(account, MARKET, size * WAD, bench.operator)


def leave(bench, pair):
    for account in pair:
        size = bench.protocol.view("positionOf", account, MARKET).size
        bench.protocol.trade(account, MARKET, -size, bench.operator)


def hours(bench, count):
    for _ in range(count):
        bench.later(HOUR)
        bench.price(PRICE)
    bench.later(TWAP_SECONDS)
    bench.price(PRICE)


@cache
def bench_where(state):
    """A bench where nothing has happened, or a crowd has stayed for hours and left; and two accounts."""
    bench = make_bench()
    if state == "calm":
        return bench, crowd(bench, 1, 1)
    pair = crowd(bench, 5, 11)
    hours(bench, 8)
    assert ramp(bench) > 19 * ONE // 10
    leave(bench, pair)
    return bench, pair


ACTS = ("accrue", "the same price", "grow", "shrink", "deposit", "donate", "liquidate")


@pytest.mark.parametrize("state", ["calm", "a crowd has left"])
@settings(deadline=None)
@given(st.lists(st.sampled_from(ACTS), min_size=1, max_size=14))
@example(["grow"] * 3)
@example(["shrink", "grow", "grow", "liquidate"])
def test_the_rule_does_nothing_inside_a_block(state, acts):
    """Whatever others do in a block, at one price: nobody's maintenance rises, so nobody is liquidated."""
    bench, pair = bench_where(state)
    with rolled_back(bench.chain):
        bench.later(12)
        bench.price(PRICE)
        watched = (bench.trader, bench.rival)
        before = [health(bench, owner) for owner in watched]
        for act in acts:
            perform(bench, pair, act)
        after = [health(bench, owner) for owner in watched]
    for old, new in zip(before, after, strict=True):
        assert new.maintenance <= old.maintenance
        assert new.equity == old.equity


def perform(bench, pair, act):
    """One of ACTS, by others; what the protocol refuses is not done."""
    protocol, owner = bench.protocol, bench.operator
    acts = {
        "accrue": lambda: protocol.accrue(MARKET, owner),
        "the same price": lambda: bench.price(PRICE),
        "grow": lambda: regrow(bench, pair, 10, 2),
        "shrink": lambda: leave(bench, pair),
        "deposit": lambda: protocol.pool_deposit(MARKET, POOL // 2 * bench.one, bench.provider),
        "donate": lambda: protocol.insurance_deposit(1_000 * bench.one, bench.provider),
        "liquidate": lambda: protocol.liquidate_batch([*pair, account_id(bench.trader)], owner),
    }
    with suppress(Reverted):
        acts[act]()


def test_new_brackets_arrive_over_hours(bench):
    """Governance triples maintenance and asks for four times the initial margin: a ramp for the first."""
    tripled = {f"maintenance{i}": 3 * rate for i, rate in enumerate((100, 150, 250, 500), start=1)}
    fourfold = {f"initial{i}": 4 * rate for i, rate in enumerate((200, 250, 400, 800), start=1)}
    before = health(bench, bench.trader)
    bench.govern(
        bench.core, "setMarket", MARKET, config_of(bench, brackets=tripled | fourfold), links_of(bench)
    )
    after = health(bench, bench.trader)
    assert (after.initial, after.equity) == (4 * before.initial, before.equity)
    assert ramp(bench) == 333_333
    assert after.maintenance == 1_500 * WAD * 333_333 // ONE <= before.maintenance
    with pytest.raises(Reverted, match="NotLiquidatable"):
        bench.protocol.liquidate(account_id(bench.trader), bench.keeper)
    seen = [ramp(bench)]
    # ln(3) / ln(1.1) = 11.5 hours, and half an hour more at one touch an hour.
    while seen[-1] < ONE:
        bench.later(HOUR)
        bench.protocol.accrue(MARKET, bench.stranger)
        seen.append(ramp(bench))
        assert seen[-1] <= seen[-2] * 11 // 10
    assert len(seen) == 1 + 13
    assert health(bench, bench.trader).maintenance == 1_500 * WAD * seen[-1] // ONE


def test_softer_brackets_count_at_once_and_do_not_raise_the_ramp(bench):
    halved = {f"maintenance{i}": rate // 2 for i, rate in enumerate((100, 150, 250, 500), start=1)}
    bench.govern(bench.core, "setMarket", MARKET, config_of(bench, brackets=halved), links_of(bench))
    assert ramp(bench) == ONE
    assert health(bench, bench.trader).maintenance == 250 * WAD
