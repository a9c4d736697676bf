"""Hedged books: what nets and what does not, by hand and by the whole grid of moves."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.bench import MARKET, PRICE, TWAP_SECONDS, make_bench, rolled_back
from support.listing import config_of, links_of, with_pool
from support.refusals import ANY, assert_refused, refusal

from keel.sdk.protocol import account_id
from keel.units import WAD

MARGIN = 40_000
# hedgePercent of the three markets, and of a fourth that does not hedge at all.
HEDGES = (30, 40, 10, 0)


@pytest.fixture(scope="module")
def used():
    """Four markets at 50,000, each with a pool of a million; multipliers are one."""
    bench = make_bench()
    for hedge in HEDGES[1:]:
        with_pool(bench, hedgePercent=hedge)
    for _ in range(2):
        bench.later(TWAP_SECONDS)
        prices(bench, PRICE)
    bench.protocol.deposit(account_id(bench.newcomer), (MARGIN - 20_000) * bench.one, bench.newcomer)
    return bench


def prices(bench, price):
    bench.publish(price)
    for market in range(MARKET, MARKET + len(HEDGES)):
        bench.protocol.update_price(market, bench.provider)


@pytest.fixture
def bench(used):
    with rolled_back(used.chain):
        yield used


def health(bench):
    return bench.protocol.view("healthOf", account_id(bench.newcomer))


def hold(bench, *sizes):
    """Open positions of whole base in the first markets."""
    for market, size in enumerate(sizes, start=MARKET):
        if size:
            bench.trade(bench.newcomer, size * WAD, market=market)


def set_hedge(bench, market, percent):
    vault = bench.protocol.view("configOf", market).links.vault
    hub = bench.protocol.view("configOf", market).links.oracle
    links = links_of(bench, vault=vault, oracle=hub)
    bench.govern(bench.core, "setMarket", market, config_of(bench, hedgePercent=percent), links)


# 4 base are worth 200,000: 2 % are 4,000, 1 % are 2,000. Positions, both margins, their netted parts.
BOOKS = {
    "one long": ((4,), 4_000, 2_000, 1_200, 600),
    "one short": ((-4,), 4_000, 2_000, -1_200, -600),
    "two longs": ((4, 4), 8_000, 4_000, 2_800, 1_400),
    # 0.7 * 4,000 + 0.6 * 4,000 + |1,200 - 1,600|.
    "a hedge": ((4, -4), 5_600, 2_800, -400, -200),
    "the other way round": ((-4, 4), 5_600, 2_800, 400, 200),
    # 2,800 + 2,400 + 3,600 + |1,200 - 1,600 + 400|.
    "a hedge that fits": ((4, -4, 4), 8_800, 4_400, 0, 0),
    "a market that hedges nothing": ((4, 0, 0, -4), 8_000, 4_000, 1_200, 600),
    # 1,400 + 2,400 + |600 - 1,600| on 2 base and 4.
    "half a hedge": ((2, -4), 4_800, 2_400, -1_000, -500),
}


@pytest.mark.parametrize("book", BOOKS)
def test_a_book_by_hand(bench, book):
    sizes, initial, maintenance, initial_common, maintenance_common = BOOKS[book]
    hold(bench, *sizes)
    found = health(bench)
    assert (found.initial, found.maintenance) == (initial * WAD, maintenance * WAD)
    assert (found.initialCommon, found.maintenanceCommon) == (initial_common * WAD, maintenance_common * WAD)


def requirement(size):
    """Initial and maintenance of so much base wei at 50,000, quote WAD: the first two brackets, ceil."""
    value = abs(size) * PRICE
    above = max(0, value - 250_000 * WAD)
    return tuple(-(-(value * low + above * (high - low)) // 10_000) for low, high in ((200, 250), (100, 150)))


def worst(parts):
    """Largest loss of the grid: each market moves by one on its own, and all by one together."""
    moves = product((-1, 1), repeat=len(parts) + 1)
    return max(
        sum((own * move + common * together) for (own, common), move in zip(parts, each, strict=True))
        for together, *each in moves
    )


@given(st.lists(st.integers(-5 * WAD, 5 * WAD), min_size=4, max_size=4))
def test_the_grid_by_brute_force(used, sizes):
    """All 2^5 corners of four markets: the formula is their maximum, never more than the sum of parts."""
    sizes = [size if abs(size) > WAD // 100 else 0 for size in sizes]
    held = [(size, hedge) for size, hedge in zip(sizes, HEDGES, strict=True) if size]
    with rolled_back(used.chain):
        for market, size in enumerate(sizes, start=MARKET):
            if size:
                used.trade(used.newcomer, size, market=market)
        found = health(used)
    for kind, asked in enumerate((found.initial, found.maintenance)):
        whole = [requirement(size)[kind] for size, _ in held]
        parts = []
        for needs, (size, hedge) in zip(whole, held, strict=True):
            common = needs * hedge // 100
            parts.append((needs - common, common if size > 0 else -common))
        assert asked == worst(parts) <= sum(whole)


def test_a_hedge_frees_margin_and_its_end_takes_it_back(bench):
    """Withdrawn to the last unit of 5,600; then nothing more may be opened, but a leg may be closed."""
    hold(bench, 4, -4)
    owner, one = bench.newcomer, bench.one
    me = account_id(owner)
    free = (health(bench).withdrawable - 5_600 * WAD) * one // WAD
    refused = refusal("MarginTooLow", equity=ANY, required=5_600 * WAD)
    assert_refused(bench, refused, lambda: bench.protocol.withdraw(me, free + 1, owner, owner))
    bench.protocol.withdraw(me, free, owner, owner)
    assert 0 <= health(bench).withdrawable - 5_600 * WAD < WAD // one
    # A base more in the first market: 1,000 more, 300 of it netted against the second: 5,600 + 700 - 300.
    refused = refusal("MarginTooLow", equity=ANY, required=6_000 * WAD)
    assert_refused(bench, refused, lambda: bench.trade(owner, WAD))
    # One leg closed: 4,000 of the other, of which 1,600 net with nothing.
    bench.trade(owner, -4 * WAD)
    found = health(bench)
    assert (found.initial, found.maintenance, found.initialCommon) == (4_000 * WAD, 2_000 * WAD, -1_600 * WAD)
    # It takes 4,000 to carry the rest, and the same leg again may be had with 5,600.
    bench.protocol.withdraw(me, (found.withdrawable - 4_000 * WAD) * one // WAD, owner, owner)
    refused = refusal("MarginTooLow", equity=ANY, required=5_600 * WAD)
    assert_refused(bench, refused, lambda: bench.trade(owner, 4 * WAD))


def test_a_leg_frees_a_fifth_at_least(bench):
    """At 40 %, the most that may be set, the two legs ask for 2,400, and one alone for 2,000."""
    set_hedge(bench, MARKET, 40)
    hold(bench, 4, -4)
    assert health(bench).maintenance == 2_400 * WAD
    bench.trade(bench.newcomer, 4 * WAD, market=MARKET + 1)
    assert health(bench).maintenance == 2_000 * WAD
    given = refusal("ParameterOutOfBounds", name=ANY, given=41, low=0, high=40)
    assert_refused(bench, given, lambda: set_hedge(bench, MARKET, 41))


def test_hedges_do_not_shrink_under_positions(bench):
    """It would raise single accounts' requirements at once, by what no ramp could take back."""
    hold(bench, 4, -4)
    assert_refused(bench, refusal("MarketInUse", market=2), lambda: set_hedge(bench, 2, 39))
    set_hedge(bench, MARKET, 31)
    # 0.69 * 4,000 + 0.6 * 4,000 + |1,240 - 1,600|.
    assert health(bench).initial == 5_520 * WAD
    bench.trade(bench.newcomer, 4 * WAD, market=2)
    set_hedge(bench, 2, 39)


def test_a_hedged_book_is_liquidated_by_its_own_requirement(bench):
    """With equity between 2,800 and the 4,000 of the parts it is healthy; below 2,800 a leg goes."""
    hold(bench, 4, -4)
    owner, me = bench.newcomer, account_id(bench.newcomer)
    free = (health(bench).withdrawable - 5_600 * WAD) * bench.one // WAD
    bench.protocol.withdraw(me, free, owner, owner)
    # Only the first market falls: 600 on 4 base are 2,400.
    split_feed(bench)
    fall(bench, 600)
    assert 2_800 * WAD < health(bench).equity < 4_000 * WAD
    with pytest.raises(Exception, match="NotLiquidatable"):
        bench.protocol.liquidate(me, bench.keeper)
    fall(bench, 750)
    before = health(bench)
    assert before.equity < before.maintenance < 2_850 * WAD
    done = bench.protocol.liquidate(me, bench.keeper)
    after = health(bench)
    assert done.result.market in (1, 2)
    assert after.equity * before.maintenance > before.equity * after.maintenance


def split_feed(bench):
    """The second market keeps its price: a feed of its own."""
    source = bench.chain.deploy("MockSource")
    bench.chain.send(source, "set", PRICE * WAD, sender=bench.provider)
    bench.link_feed([source], market=2)


def fall(bench, by):
    for _ in range(2):
        bench.later(TWAP_SECONDS)
        bench.publish(PRICE - by)
        for market in (1, 2):
            bench.protocol.update_price(market, bench.provider)
