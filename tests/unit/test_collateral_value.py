"""What collateral counts for: haircut, floor, ceiling, average, spread, doubt, age, a haircut on its way."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.bench import NOBODY, rolled_back
from support.collateral_bench import USDE, WETH, make_collateral_bench

from keel.units import WAD

FRESH = 300
WEEK = 604_800
DAY = 86_400
# A step that is not volatile for USDE.
SMALL = Decimal("0.015")


@pytest.fixture(scope="module")
def used():
    """The newcomer has 10 WETH in account 1 and 1,000 USDE in account 2."""
    bench = make_collateral_bench()
    bench.ten = bench.stash(bench.newcomer, WETH, 10, 1)
    bench.thousand = bench.stash(bench.newcomer, USDE, 1_000, 2)
    return bench


@pytest.fixture
def bench(used):
    with rolled_back(used.chain):
        yield used


def quote(*amounts):
    return tuple(amount * WAD for amount in amounts)


def test_at_rest_the_haircut_is_all_that_is_taken(bench):
    """10 x 2,000 less 15 %; 1,000 x 1 less 5 %; both in one account add up."""
    assert bench.value(bench.ten) == quote(17_000, 17_000, 17_000)
    assert bench.value(bench.thousand) == quote(950, 950, 950)
    bench.stash(bench.newcomer, USDE, 1_000, 1)
    assert bench.value(bench.ten) == quote(17_950, 17_950, 17_950)
    health = bench.health(bench.ten)
    assert (health.equity, health.equityWorse, health.equityBetter, health.withdrawable) == quote(
        17_950, 17_950, 17_950, 17_950
    )
    assert bench.protocol.view("accountOf", bench.ten) == (0, 0b11, 0)


def test_a_token_unit_is_floored(bench):
    """A wei of WETH at 2,000 counts for 1,700 wei; at 2,000.00000001 for 1,700.0000000085 of them: 1,700."""
    account = bench.stash(bench.newcomer, WETH, "1e-18", 3)
    assert bench.value(account)[0] == 1_700
    bench.kind_price(WETH, "2000.00000001")
    assert bench.value(account) == (1_700, 1_700, 1_700)
    bench.later()
    bench.kind_price(WETH, "2001.17647059")
    # 1,701.0000000015 and, at the average of 2,000, 1,700.
    assert bench.value(account) == (1_701, 1_700, 1_701)


def test_what_the_core_does_not_note_is_not_looked_at(bench):
    ask = bench.chain.call
    assert tuple(ask(bench.collateral, "valueOf", bench.ten, 0)) == (0, 0, 0)
    assert tuple(ask(bench.collateral, "valueOf", bench.ten, 0b10)) == (0, 0, 0)


def test_new_risk_counts_the_worse_of_index_and_average(bench):
    """5 % lower or higher within the block is no doubt: the index counts for liquidation."""
    bench.later()
    bench.kind_price(WETH, 1_900)
    assert bench.value(bench.ten) == quote(16_150, 16_150, 16_150)
    bench.later()
    bench.kind_price(WETH, 2_100)
    value, worse, better = bench.value(bench.ten)
    assert (value, better) == quote(17_850, 17_850)
    # The average still stands near 2,000.
    twap = bench.protocol.collateral_price(WETH).twap
    assert worse == 10 * twap * 8_500 // 10_000 < 17_010 * WAD


def test_a_volatile_price_backs_nothing_new_and_liquidates_at_the_average(bench):
    """15 % from the average where 10 % is volatile."""
    bench.later()
    bench.kind_price(WETH, 1_700)
    assert bench.value(bench.ten) == quote(14_450, 0, 17_000)
    bench.later()
    bench.kind_price(WETH, 2_300)
    value, worse, better = bench.value(bench.ten)
    assert (value, worse, better) == quote(19_550, 0, 19_550)


def spread_source(bench, price, spread):
    """Link WETH to a source with a confidence interval, settled."""
    source = bench.chain.deploy("MockSource")
    bench.chain.send(source, "set", price * WAD, sender=bench.provider)
    limits = bench.chain.call(bench.protocol.kind_contracts(WETH).hub, "feed").limits
    feed = {"sources": [source.address], "limits": limits._asdict()}
    hub = bench.chain.deploy("OracleHub", bench.collateral, WETH, feed, NOBODY)
    bench.terms(oracle=hub.address)
    for _ in range(3):
        bench.later(301)
        bench.protocol.collateral_update(WETH, bench.provider)
    bench.chain.send(source, "setSpread", spread * WAD, sender=bench.provider)
    bench.later()
    bench.protocol.collateral_update(WETH, bench.provider)


def test_a_spread_counts_against_new_risk(bench):
    """10 of 2,000 is 0.5 %, below the 1 % that is a doubt: 1,990 for new risk, 2,000 for liquidation."""
    spread_source(bench, 2_000, 10)
    assert bench.protocol.collateral_price(WETH).spreadBps == 50
    assert bench.value(bench.ten) == quote(17_000, 16_915, 17_000)


def test_a_doubt_counts_for_who_is_liquidated(bench):
    """40 of 2,000 is 2 %: nothing new, and 2,040 for liquidation."""
    spread_source(bench, 2_000, 40)
    assert bench.value(bench.ten) == quote(17_000, 0, 17_340)


def test_below_the_floor_nothing_is_new(bench):
    """0.98 is above 0.97; 0.96 backs no new risk and still counts for liquidation."""
    bench.drift(USDE, "0.98", step=SMALL)
    assert bench.value(bench.thousand) == quote(931, 931, 931)
    bench.drift(USDE, "0.96", step=SMALL)
    assert bench.value(bench.thousand) == quote(912, 0, 912)


def test_the_average_below_the_floor_is_enough(bench):
    """The index is back at 0.98, the average at 0.965 still below."""
    bench.drift(USDE, "0.965", step=SMALL)
    bench.later()
    bench.kind_price(USDE, "0.98")
    price = bench.protocol.collateral_price(USDE)
    assert price.flags == 0
    assert price.twap < 97 * WAD // 100 < price.index
    assert bench.value(bench.thousand) == quote(931, 0, 931)


def test_nothing_counts_for_more_than_the_ceiling(bench):
    bench.drift(USDE, "1.01", step=SMALL)
    assert bench.value(bench.thousand) == quote(950, 950, 950)
    bench.terms(USDE, ceiling=WAD // 2, floor=0)
    assert bench.value(bench.thousand) == quote(475, 475, 475)


def test_an_old_price_backs_nothing_new_and_still_counts_for_liquidation(bench):
    """Fresh is up to 300 seconds, to the second."""
    bench.kind_price(WETH, 2_000)
    bench.later(FRESH)
    assert bench.value(bench.ten) == quote(17_000, 17_000, 17_000)
    bench.later()
    assert bench.value(bench.ten) == quote(17_000, 0, 17_000)
    bench.later(10 * DAY)
    assert bench.value(bench.ten) == quote(17_000, 0, 17_000)


def test_a_feed_that_breaks_neither_shields_nor_kills(bench):
    """Nothing believable: the last price stands, marked; new risk gets nothing from it."""
    bench.later()
    bench.kind_price(WETH, 5)
    assert bench.protocol.collateral_price(WETH).index == 2_000 * WAD
    assert bench.value(bench.ten) == quote(17_000, 0, 17_000)
    bench.later()
    bench.kind_price(WETH, 2_000)
    assert bench.value(bench.ten) == quote(17_000, 17_000, 17_000)


def test_a_kind_whose_feed_breaks_takes_nothing_from_another(bench):
    bench.stash(bench.newcomer, USDE, 1_000, 1)
    bench.later()
    bench.kind_price(WETH, 5)
    assert bench.value(bench.ten) == quote(17_950, 950, 17_950)


def test_a_higher_haircut_comes_over_a_week(bench):
    """15 % to 29 %: new risk at once; maintenance at 22 % after half a week."""
    bench.terms(haircutBps=2_900)
    assert bench.value(bench.ten) == quote(17_000, 14_200, 17_000)
    bench.later(WEEK // 2)
    bench.kind_price(WETH, 2_000)
    assert bench.value(bench.ten) == quote(15_600, 14_200, 15_600)
    bench.later(WEEK // 2 - 1)
    bench.kind_price(WETH, 2_000)
    assert bench.value(bench.ten)[0] == 10 * 2_000 * WAD * 7_101 // 10_000
    bench.later()
    bench.kind_price(WETH, 2_000)
    assert bench.value(bench.ten) == quote(14_200, 14_200, 14_200)


def test_new_terms_do_not_begin_the_way_again(bench):
    """At half the way to 29 % it stands at 22 %; the same terms again go on from there, in another week."""
    bench.terms(haircutBps=2_900)
    bench.later(WEEK // 2)
    bench.terms(cap=bench.protocol.collateral_kind(WETH).terms.cap + 1)
    assert bench.protocol.collateral_kind(WETH).haircutBefore == 2_200
    bench.kind_price(WETH, 2_000)
    assert bench.value(bench.ten)[0] == 15_600 * WAD
    bench.later(WEEK // 2)
    # 2,200 + 700 / 2 bps.
    assert bench.value(bench.ten)[0] == 10 * 2_000 * WAD * 7_450 // 10_000


def test_a_lower_haircut_counts_at_once(bench):
    bench.terms(haircutBps=1_000)
    assert bench.value(bench.ten) == quote(18_000, 18_000, 18_000)


tokens = st.integers(min_value=1, max_value=9_900 * WAD)
steps = st.lists(st.integers(min_value=-7, max_value=7), min_size=1, max_size=4)


@settings(max_examples=25, deadline=None)
@given(tokens, steps, st.sampled_from([1, 200, 301, 4_000]))
def test_worse_is_never_above_and_better_never_below(used, held, moves, wait):
    """Whatever the path: new risk counts at most what liquidation counts, both at most the plain value."""
    with rolled_back(used.chain):
        index = highest = 2_000
        account = used.stash(used.newcomer, WETH, 0.000000000000000001, 4)
        used.protocol.collateral_deposit(account, WETH, held, used.newcomer)
        for move in moves:
            used.later(wait)
            index = max(10, index * (100 + move) // 100)
            highest = max(highest, index)
            used.kind_price(WETH, index)
            value, worse, better = used.value(account)
            assert worse <= value <= better
            assert value == (held + 1) * index * 8_500 // 10_000
            assert better <= (held + 1) * highest * 8_500 // 10_000
