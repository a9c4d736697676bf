"""Trades and liquidations that must be refused."""

import pytest
from support.bench import MARKET, PRICE, rolled_back
from support.listing import list_market, with_pool
from support.refusals import ANY, assert_refused, refusal
from support.validity import INVALID, LIQUIDATE, OPEN, REDUCE, STALE, VERY_STALE, not_good_for

from keel.sdk.protocol import NO_LIMIT
from keel.units import WAD

MAX_SIZE = 2**110 - 1
INT_MIN, INT_MAX = -(2**255), 2**255 - 1
# 1,000,000 shares at 0.0004 base each.
DEPTH = 400 * WAD
BAND = DEPTH * 3 // 10
SKEW = 6 * WAD // 10
HARD = DEPTH * 3 // 4


@pytest.fixture
def bench(used):
    with rolled_back(used.chain):
        yield used


def trade(bench, size, owner=None, **options):
    return lambda: bench.trade(owner or bench.newcomer, size, **options)


def liquidate(bench, owner):
    return lambda: bench.protocol.liquidate(bench.account(owner), bench.keeper)


def value_ceil(index, skew):
    return -(-index * DEPTH * skew // ((DEPTH - skew) * WAD))


def test_size_zero(bench):
    assert_refused(bench, refusal("ZeroAmount"), trade(bench, 0))


@pytest.mark.parametrize("size", [INT_MIN, INT_MIN + 1, INT_MAX, 2**110, -(2**110), 2**127, -(2**127)])
def test_sizes_that_no_position_holds(bench, size):
    assert_refused(bench, refusal("SizeOutOfRange", given=size, limit=MAX_SIZE), trade(bench, size))


@pytest.mark.parametrize("size", [MAX_SIZE, -MAX_SIZE])
def test_the_largest_size_meets_the_band(bench, size):
    expected = refusal("BandExceeded", skewAfter=SKEW + size, limit=BAND)
    assert_refused(bench, expected, trade(bench, size))


@pytest.mark.parametrize("skew", [BAND + 1, -BAND - 1])
def test_the_band(bench, skew):
    expected = refusal("BandExceeded", skewAfter=skew, limit=BAND)
    assert_refused(bench, expected, trade(bench, skew - SKEW))


@pytest.mark.parametrize("market", [0, 2, 65_535])
def test_unknown_markets(bench, market):
    expected = refusal("MarketUnknown", market=market)
    assert_refused(bench, expected, trade(bench, WAD, market=market))
    for upkeep in ("accrue", "updatePrice", "unwind"):
        act = lambda upkeep=upkeep: bench.send(upkeep, market, sender=bench.keeper)  # noqa: E731
        assert_refused(bench, expected, act)
    for view in ("marketOf", "marketNow", "configOf", "poolEquity"):
        assert_refused(bench, expected, lambda view=view: bench.protocol.view(view, market))


def test_a_deadline_that_has_passed(bench):
    now = bench.chain.timestamp()
    expected = refusal("DeadlinePassed", deadline=now - 1, now=now)
    assert_refused(bench, expected, trade(bench, WAD, deadline=now - 1))
    trade(bench, WAD, deadline=now)()


@pytest.mark.parametrize("size", [WAD, -WAD])
def test_a_limit_price_that_is_missed(bench, size):
    index = PRICE * WAD
    cost = value_ceil(index, SKEW + size) - index * DEPTH * SKEW // ((DEPTH - SKEW) * WAD)
    price = abs(cost)  # for one base; already rounded against the trader
    worse = price - 1 if size > 0 else price + 1
    expected = refusal("PriceLimitMissed", price=price, limit=worse)
    assert_refused(bench, expected, trade(bench, size, limit=worse))
    trade(bench, size, limit=price)()


def test_trades_by_others(bench):
    account = bench.account(bench.newcomer)
    for sender in (bench.stranger, bench.trader, bench.keeper):
        expected = refusal("NotAuthorized", caller=sender, account=account)
        assert_refused(bench, expected, trade(bench, WAD, sender=sender))


def test_dust_positions(bench):
    # The smallest position is worth 10 quote: 0.0002 base.
    size = 2 * WAD // 10_000
    expected = refusal("PositionTooSmall", value=10 * WAD - PRICE, minValue=10 * WAD)
    assert_refused(bench, expected, trade(bench, size - 1))
    left = trade(bench, -WAD + size - 1, bench.trader)
    assert_refused(bench, expected, left)
    trade(bench, size)()


@pytest.mark.parametrize("size", [28 * WAD, -28 * WAD])
def test_too_little_margin(bench, size):
    # 20,000 quote carry less than 28 base worth 1,400,000: brackets of 2 %, 2.5 % and 4 % ask for 39,750.
    with pytest.raises(Exception, match="MarginTooLow") as refused:
        trade(bench, size)()
    assert refused.value.named["required"] == 39_750 * WAD
    expected = refusal("MarginTooLow", equity=ANY, required=39_750 * WAD)
    assert_refused(bench, expected, trade(bench, size))


def test_an_account_without_margin(bench):
    expected = refusal("MarginTooLow", equity=ANY, required=1_000 * WAD)
    assert_refused(bench, expected, trade(bench, WAD, bench.stranger))


def test_utilization(bench):
    # The pool carries its own equity, 1,000,000 quote, at 50,000: 20 base.
    bench.protocol.deposit(bench.account(bench.newcomer), 10**12, bench.newcomer)
    expected = refusal("UtilizationExceeded", utilization=ANY, limit=WAD)
    act = trade(bench, 21 * WAD)
    assert_refused(bench, expected, act)
    trade(bench, 19 * WAD)()
    # Towards balance is always allowed, and away again is not.
    trade(bench, -WAD)()
    assert_refused(bench, expected, trade(bench, 3 * WAD))


@pytest.mark.parametrize(("age", "validity"), [(61, STALE), (301, VERY_STALE), (4_000, VERY_STALE)])
def test_opening_at_a_stale_price(bench, age, validity):
    bench.later(age)
    expected = not_good_for(OPEN, validity, age)
    assert_refused(bench, expected, trade(bench, WAD))
    assert_refused(bench, expected, trade(bench, WAD, bench.trader))
    # A reversal opens the other side.
    assert_refused(bench, expected, trade(bench, -2 * WAD, bench.trader))


def test_reducing_at_a_stale_price(bench):
    bench.later(300)
    trade(bench, -WAD // 2, bench.trader)()
    bench.later(1)
    assert_refused(bench, not_good_for(REDUCE, VERY_STALE, 301), trade(bench, -WAD // 2, bench.trader))
    assert_refused(bench, not_good_for(LIQUIDATE, VERY_STALE, 301), liquidate(bench, bench.trader))


def test_a_price_that_was_never_stored(bench):
    market = list_market(bench)
    age = bench.chain.timestamp()
    assert_refused(bench, not_good_for(OPEN, INVALID, age), trade(bench, WAD, market=market))


@pytest.mark.parametrize("defect", ["broken", "zero", "negative", "old", "future", "decimals", "bounds"])
def test_a_broken_feed(bench, defect):
    feed = bench.protocol.contracts.markets[0].aggregators[0]
    send, now = bench.chain.send, bench.chain.timestamp()
    actions = {
        "broken": ("setBroken", True),
        "zero": ("set", 0),
        "negative": ("set", -1),
        "old": ("setAt", PRICE * 10**8, now + 10 - 3_721),
        "future": ("setAt", PRICE * 10**8, now + 11),
        "decimals": ("setDecimals", 9),
        "bounds": ("set", 99 * 10**8),
    }
    bench.later(10)
    send(feed, *actions[defect], sender=bench.keeper)
    bench.protocol.update_price(MARKET, bench.keeper)
    for size, owner, action in ((WAD, bench.newcomer, OPEN), (-WAD, bench.trader, REDUCE)):
        assert_refused(bench, not_good_for(action, INVALID, 10), trade(bench, size, owner))
    assert_refused(bench, not_good_for(LIQUIDATE, INVALID, 10), liquidate(bench, bench.trader))


def test_a_reduce_only_market(bench):
    bench.chain.send(bench.core, "restrictMarket", MARKET, 2, sender=bench.provider)
    expected = refusal("MarketReduceOnly", market=MARKET)
    for size, owner in ((WAD, bench.newcomer), (WAD, bench.trader), (-2 * WAD, bench.trader)):
        assert_refused(bench, expected, trade(bench, size, owner))
    trade(bench, -WAD, bench.trader)()


def test_liquidation_of_a_healthy_account(bench):
    health = bench.protocol.account(bench.account(bench.trader)).health
    expected = refusal("NotLiquidatable", equity=health.equity, maintenance=500 * WAD)
    assert_refused(bench, expected, liquidate(bench, bench.trader))


def test_liquidation_without_a_position(bench):
    for owner in (bench.newcomer, bench.stranger):
        expected = refusal("NoPosition", account=bench.account(owner), market=0)
        assert_refused(bench, expected, liquidate(bench, owner))


def test_a_reduction_that_leaves_too_little(bench):
    # Long 1 base with about 19,825 equity at 50,000: at 30,400 little is left of it. In steps, because the
    # average follows by 10 % at most, and an account in a volatile market must be unhealthy at both.
    for price in (45_500, 41_000, 37_000, 33_500, 30_400):
        bench.later(10)
        bench.settle_price(price)
    health = bench.protocol.account(bench.account(bench.trader)).health
    assert 0 < health.equity < health.maintenance
    expected = refusal("MarginTooLow", equity=ANY, required=ANY)
    assert_refused(bench, expected, trade(bench, -WAD // 100, bench.trader))
    liquidate(bench, bench.trader)()


def test_a_ninth_market(bench):
    bench.protocol.deposit(bench.account(bench.newcomer), 10**12, bench.newcomer)
    markets = [MARKET, *(with_pool(bench) for _ in range(8))]
    for market in markets[:8]:
        trade(bench, WAD, market=market)()
    assert_refused(bench, refusal("TooManyMarkets", limit=8), trade(bench, WAD, market=markets[8]))
    # A place is free again once a position is closed.
    trade(bench, -WAD, market=MARKET)()
    trade(bench, WAD, market=markets[8])()


def test_a_trade_with_its_own_price_update_is_checked_in_the_same_way(bench):
    me, now = bench.account(bench.newcomer), bench.chain.timestamp()

    def act(size=WAD, market=MARKET, limit=NO_LIMIT, deadline=NO_LIMIT, sender=bench.newcomer):
        return lambda: bench.send("updateAndTrade", me, market, size, limit, deadline, sender=sender)

    assert_refused(bench, refusal("ZeroAmount"), act(size=0))
    assert_refused(bench, refusal("SizeOutOfRange", given=INT_MIN, limit=MAX_SIZE), act(size=INT_MIN))
    assert_refused(bench, refusal("MarketUnknown", market=7), act(market=7))
    assert_refused(bench, refusal("DeadlinePassed", deadline=now - 1, now=now), act(deadline=now - 1))
    assert_refused(bench, refusal("PriceLimitMissed", price=ANY, limit=1), act(limit=1))
    expected = refusal("NotAuthorized", caller=bench.stranger, account=me)
    assert_refused(bench, expected, act(sender=bench.stranger))
    feed = bench.protocol.contracts.markets[0].aggregators[0]
    bench.chain.send(feed, "setBroken", True, sender=bench.keeper)
    bench.later()
    assert_refused(bench, not_good_for(OPEN, INVALID, 1), act())
    # The price is only stored with the trade: the feed can recover.
    bench.chain.send(feed, "setBroken", False, sender=bench.keeper)
    act()()
