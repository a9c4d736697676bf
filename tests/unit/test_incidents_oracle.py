"""Incidents of feeds that said something wrong, each by its number, on a whole market.

The generated cells are in test_action_matrix.py; here is what was lost elsewhere, and why not here.
"""

import pytest
from support.bench import MARKET, PRICE, make_bench, rolled_back
from support.hub import Defect, Hub, point, with_gas
from support.oracle_faults import P
from support.oracle_faults_of_many import at, both, frozen_beside_a_pool
from support.oracle_feeds import ChainlinkFeed, FluxFeed
from support.oracle_market import ACTS, SHAPES, MockFeed, visit

from keel.errors import Reverted
from keel.evm.chain import NOBODY
from keel.evm.revm import RevmChain
from keel.model.validity import MATRIX, Action, Validity
from keel.sdk.protocol import account_id
from keel.units import WAD


def validity(where):
    return Validity(where.protocol.market(MARKET).validity)


def refused_because(error, act):
    with pytest.raises(Reverted) as refused:
        act()
    assert refused.value.error == error
    return refused.value.named


def forbids(where, *actions):
    """Everything of these kinds is refused because of the price."""
    for act in ACTS:
        if act.action in actions:
            named = refused_because("PriceNotGoodFor", lambda act=act: act.run(where))
            assert named["action"] == act.action


def allows(where, *actions):
    for act in ACTS:
        if act.action in actions:
            with rolled_back(where.chain):
                act.run(where)


RISK = Action.OPEN, Action.WITHDRAW, Action.POOL_DEPOSIT, Action.POOL_REDEEM


@pytest.mark.parametrize("lie", [0, -1, 1, -(2**255), 2**255 - 1, 1_000 * P, P // 1_000, 2 * P, P // 2])
@pytest.mark.parametrize("liar", [0, 1])
def test_synthetix_skrw_bad_print(lie, liar):
    """I-13: one API of few was wrong by 1,000 and an average took it; a median stays with the rest."""
    with visit("three") as where:
        honest = [where.chain.call(feed.source, "latest").price for feed in where.feeds]
        honest.pop(liar)
        feed = where.feeds[liar]
        feed.publish(lie) if liar == 0 else feed.push(max(-(2**63), min(lie, 2**63 - 1)))
        where.update()
        assert min(honest) <= where.stored.index <= max(honest)
        assert validity(where) == Validity.VALID


def test_synthetix_skrw_two_of_three_gone():
    """I-13: with one feed left there is no price, not the price of that one; with two, never their mean."""
    with visit("three") as where:
        where.later(120)
        where.feeds[0].publish(0)
        where.update()
        assert (validity(where), where.stored.index) == (Validity.INVALID, where.rest.index)
    with visit("three") as where:
        both(at(51_000, 0), lambda w: w.feeds[1].push(0))(where)
        where.update()
        assert validity(where) == Validity.UNCERTAIN
        assert where.stored.index == 51_000 * WAD


@pytest.mark.parametrize("floor", [PRICE // 2, PRICE * 9 // 10])
def test_venus_luna_min_answer(floor):
    """I-25: Chainlink's answer stops at its floor and the market falls on; own bounds above it end the price.

    Without own bounds the clamped answer lives for a heartbeat, and the action matrix follows the age.
    """
    with visit("chainlink") as where:
        flux = FluxFeed(where.chain, lowest=floor * 10**8, highest=10 * P)
        where.link_feed([flux.source], minPrice=(floor + 1) * WAD)
        for number, answer in ((1, PRICE), (2, floor)):
            flux.submit(number, answer * 10**8)
            where.update()
            where.later()
        assert validity(where) == Validity.INVALID
        forbids(where, *RISK, Action.REDUCE, Action.LIQUIDATE)
        allows(where, Action.ADD_MARGIN)
        # The same answer where the bounds let it through, until it is as old as the heartbeat.
        where.link_feed([flux.source], minPrice=WAD)
        where.update()
        assert where.stored.index == floor * WAD
        where.later(FluxFeed.HEARTBEAT)
        where.update()
        assert validity(where) == Validity.INVALID


def test_ribbon_decimals_migration():
    """I-31: the proxy leads to an aggregator of 18 decimals: frozen, not ten billion times the price."""
    with visit("chainlink") as where:
        feed = where.feeds[0]
        point(where.chain, feed.proxy, ChainlinkFeed(where.chain, 18, PRICE * WAD).aggregator)
        where.update()
        assert (where.stored.index, validity(where)) == (where.rest.index, Validity.INVALID)
        forbids(where, *RISK, Action.REDUCE, Action.LIQUIDATE)
        where.later()
        point(where.chain, feed.proxy, feed.aggregator)
        where.update()
        assert validity(where) == Validity.VALID


@pytest.mark.parametrize("decimals", [0, 6, 8, 18])
def test_vee_finance_decimals(decimals):
    """I-30: the same price whatever decimals the feed has, in every market; unlisted ids lead nowhere."""
    with visit("chainlink") as where:
        feed = ChainlinkFeed(where.chain, decimals, PRICE * 10**decimals)
        where.link_feed([feed.source])
        where.update()
        assert where.stored.index == PRICE * WAD
        protocol, me = where.protocol, account_id(where.trader)
        for market in (0, MARKET + 1, 2**16 - 1):
            calls = (
                lambda m=market: protocol.trade(me, m, WAD, where.trader),
                lambda m=market: protocol.unwind(m, where.keeper),
                lambda m=market: protocol.update_price(m, where.keeper),
                lambda m=market: protocol.accrue(m, where.keeper),
            )
            for call in calls:
                assert refused_because("MarketUnknown", call) == {"market": market}


@pytest.fixture
def bench():
    """The local preset: a long of 1 base at 50,000 with 20,000 behind it, maintenance 500."""
    return make_bench()


@pytest.mark.parametrize(("wrong", "linked_after"), [(20, 1), (20, 301), (2_000, 1), (2_000, 301)])
def test_moonwell_wrong_ratio_at_activation(bench, wrong, linked_after):
    """I-32: the new feed misses a leg; who was healthy before it is not liquidated by its first price."""
    bench.later(linked_after)
    feed = ChainlinkFeed(bench.chain, answer=P // wrong)
    bench.link_feed([feed.source])
    bench.protocol.update_price(MARKET, bench.keeper)
    with pytest.raises(Reverted) as refused:
        bench.protocol.liquidate(account_id(bench.trader), bench.keeper)
    assert refused.value.error in ("NotLiquidatable", "PriceNotGoodFor")


def test_moonwell_the_guardian_needs_no_vote(bench):
    """I-32: the repair took five days of voting; here the guardian ends new risk at once, and no more."""
    bench.send("restrictMarket", MARKET, 2, sender=bench.provider)
    assert refused_because("MarketReduceOnly", lambda: bench.trade(bench.newcomer, WAD)) == {"market": MARKET}
    bench.trade(bench.trader, -WAD)


def test_compound_dai_single_venue(bench):
    """I-34: one print of +30 % liquidates nobody who is healthy at the average; a price that stays does."""
    me = account_id(bench.newcomer)
    bench.trade(bench.newcomer, -2 * WAD)
    bench.later(12)
    bench.price(PRICE * 13 // 10)
    health = bench.protocol.view("healthOf", me)
    assert health.equity < 0 < health.maintenance < health.equityBetter
    assert validity(bench) == Validity.VOLATILE
    refused_because("NotLiquidatable", lambda: bench.protocol.liquidate(me, bench.keeper))
    with rolled_back(bench.chain):
        bench.later(12)
        bench.price(PRICE)
        assert bench.protocol.view("healthOf", me).equity > 0
    for _ in range(10):
        bench.later(60)
        bench.price(PRICE * 13 // 10)
    assert bench.protocol.liquidate(me, bench.keeper).result.size > 0


@pytest.mark.parametrize("shape", ["chainlink", "pair"])
def test_frozen_price_with_a_fresh_timestamp(shape):
    """A feed that repeats itself cannot be told from a calm market; a reference that moves tells."""
    with visit(shape) as where:
        if shape == "pair":
            frozen_beside_a_pool(where)
        else:
            for _ in range(30):
                where.later(60)
                where.feeds[0].round(P)
                where.update()
        where.update()
        assert where.stored.index == PRICE * WAD
        assert validity(where) == (Validity.VALID if shape == "chainlink" else Validity.UNCERTAIN)
        if shape == "pair":
            forbids(where, *RISK)
            assert 390 <= where.stored.spread_bps <= 430


@pytest.mark.parametrize(("ahead", "good"), [(0, True), (1, False), (60, False), (2**40, False)])
def test_future_timestamp(ahead, good):
    """A round from a clock that is ahead would be fresh for longer than it is true."""
    with visit("chainlink") as where:
        where.feeds[0].round(P + 1, where.now + ahead)
        where.update()
        assert validity(where) == (Validity.VALID if good else Validity.INVALID)


@pytest.mark.parametrize("conf", [P, P + 1, 2 * P, 2**64 - 1])
def test_pyth_confidence_over_price(conf):
    """As wide as the price, or wider: a lower end of zero or below is not a price that one may be charged."""
    with visit("pyth") as where:
        where.feeds[0].push(P + 1, conf=conf)
        where.update()
        assert (validity(where), where.stored.index) == (Validity.INVALID, where.rest.index)
        forbids(where, *RISK, Action.REDUCE, Action.LIQUIDATE)


@pytest.mark.parametrize("expo", [-(2**31), -21, 13, 2**31 - 1])
def test_exponent_out_of_range(expo):
    """F-42: a sign or a size of the exponent that no feed has is a mistake."""
    with visit("pyth") as where:
        where.feeds[0].push(P, expo=expo)
        where.update()
        assert (validity(where), where.stored.index) == (Validity.INVALID, where.rest.index)


@pytest.mark.parametrize("shape", SHAPES)
def test_starved_gas_cannot_fake_a_fault(shape):
    """O11: whatever gas the sender gives, the market sees what its feeds say, or nothing happens at all."""
    with visit(shape) as where:
        outcomes = set()
        for gas in range(40_000, 1_000_000, 12_500):
            with rolled_back(where.chain):
                try:
                    updater = with_gas(where.chain, where.core, gas)
                    where.chain.send(updater, "updatePrice", MARKET, sender=where.stranger)
                except Reverted as refused:
                    outcomes.add(refused.error)
                    continue
                outcomes.add("stored")
                assert (where.stored.flags, where.stored.at) == (0, where.now)
        # Too little for the core itself is an exhausted call, without a name.
        assert {"SourceStarved", "stored"} <= outcomes


def test_two_feeds_have_a_heartbeat_each():
    """F-50: one limit for two feeds is wrong for one of them: here the reference is a second late."""
    chain = RevmChain()
    primary = ChainlinkFeed(chain, answer=P, heartbeat=3_600)
    reference = ChainlinkFeed(chain, answer=P, heartbeat=600)
    hub = Hub(chain, [primary.source, reference.source])
    chain.warp(600)
    assert hub.seen() == (PRICE * WAD, 0)
    chain.warp(1)
    assert hub.seen() == (PRICE * WAD, Defect.UNCERTAIN)


def test_perennial_a_missing_price_freezes_nothing_for_good():
    """F-05: while there is no price a redemption waits; after a day of silence it is paid out."""
    with visit("mock") as where:
        redeem = next(act for act in ACTS if act.action == Action.POOL_REDEEM)
        with rolled_back(where.chain):
            paid = redeem.run(where).result
        where.feeds[0].tell("fail", 1)
        for _ in range(24):
            where.update()
            refused_because("PriceNotGoodFor", lambda: redeem.run(where))
            where.later(3_600)
        where.feeds[0].tell("fail", 0)
        where.settle_price(PRICE)
        # Funding of the silent time is confirmed, and part of it is the pool's.
        assert paid <= redeem.run(where).result < paid * 1_001 // 1_000


def test_perennial_one_dead_market_stops_no_other(bench):
    """F-05, M-5: a second market whose feed died; accounts that are only in the first one notice nothing."""
    dead = MockFeed(bench.chain)
    dead.set(PRICE)
    other = list_second(bench, dead)
    dead.tell("fail", 4)
    bench.later()
    bench.protocol.update_price(other, bench.keeper)
    bench.price(PRICE)
    assert bench.protocol.market(other).validity == Validity.INVALID
    bench.trade(bench.newcomer, WAD)
    bench.protocol.withdraw(account_id(bench.newcomer), bench.one, bench.newcomer, bench.newcomer)
    bench.protocol.pool_deposit(MARKET, bench.one, bench.provider)


def list_second(bench, feed):
    """One more market with a feed and a vault of its own, at rest at its price."""
    market = bench.protocol.view("marketCount") + 1
    config, links = bench.protocol.view("configOf", MARKET)
    limits = bench.chain.call(bench.hub_of(), "feed").limits
    hub = bench.chain.deploy("OracleHub", bench.core, market, ([feed.source], limits), NOBODY)
    vault = bench.chain.deploy("ShareVault", bench.core, market, 0, "Second", "k2")
    links = links._replace(oracle=hub.address, vault=vault.address)
    bench.govern(bench.core, "listMarket", config, links)
    for _ in range(2):
        bench.protocol.update_price(market, bench.keeper)
        bench.later(301)
    bench.protocol.update_price(market, bench.keeper)
    assert bench.protocol.market(market).validity == Validity.VALID
    return market


def test_a_good_price_allows_everything_that_was_forbidden():
    """Each of these tests refuses something: the same market with good feeds does all of it."""
    for shape in SHAPES:
        with visit(shape) as where:
            where.publish(PRICE)
            where.update()
            assert validity(where) == Validity.VALID
            allows(where, *MATRIX[Validity.VALID])
