"""Incidents in which somebody chose or moved the price, each by its number, on a whole market."""

from itertools import permutations

import pytest
from support.bench import MARKET, PRICE, rolled_back
from support.oracle_faults import P
from support.oracle_market import ACTS, BLOCK, CLAMP_BPS, visit, wealth

from keel.errors import Reverted
from keel.model.validity import Validity
from keel.sdk.protocol import account_id
from keel.units import BPS, WAD


def validity(where):
    return Validity(where.protocol.market(MARKET).validity)


def take(where, price, at):
    """Push a signed price of that time, and let the market take it."""
    where.feeds[0].push(price, at=at)
    where.update()


def refused_because(error, act):
    with pytest.raises(Reverted) as refused:
        act()
    assert refused.value.error == error


@pytest.mark.parametrize("same_block", [True, False], ids=["one block", "two blocks"])
@pytest.mark.parametrize("bps", [-140, -50, 50, 140])
def test_levana_sender_chosen_price(bps, same_block):
    """I-12: buy at the oldest signed price that is believed and sell at the newest, or the reverse.

    In one block there is one price; in two, the average has not moved yet: a fill is at the worse of both.
    """
    with visit("gated") as where:
        since, trader, size = where.now, where.newcomer, WAD if bps > 0 else -WAD
        where.later(29)
        moved = P * (10_000 + bps) // 10_000
        where.feeds[1].publish(moved)
        rich = wealth(where, trader)
        take(where, P, since + 1)
        where.trade(trader, size)
        if not same_block:
            where.later()
        take(where, moved, where.now)
        where.trade(trader, -size)
        assert wealth(where, trader) < rich
        assert where.now - since <= 60


@pytest.mark.parametrize("bps", [-155, 155])
def test_levana_beyond_the_reference(bps):
    """I-12: farther from the reference than is believed, the chosen price opens nothing."""
    with visit("gated") as where:
        since = where.now
        where.later(29)
        where.feeds[1].publish(P * (10_000 + bps) // 10_000)
        take(where, P, since + 1)
        assert validity(where) == Validity.UNCERTAIN
        refused_because("PriceNotGoodFor", lambda: where.trade(where.newcomer, WAD))


STEPS = {act.name: act for act in ACTS}


@pytest.mark.parametrize("then", [PRICE * 97 // 100, PRICE * 103 // 100])
@pytest.mark.parametrize(
    "steps",
    [("open", "reduce"), ("deposit into the pool", "claim a redemption"), ("liquidate", "add margin")],
    ids="/".join,
)
def test_two_prices_in_one_block(steps, then):
    """F-01, I-04: who moves the feed twice in a block moves the market once, whatever he does in between."""
    with visit("chainlink") as where:
        where.feeds[0].set(PRICE)
        where.update()
        first = where.stored
        people = where.provider, where.trader, where.newcomer
        with rolled_back(where.chain):
            for step in steps:
                STEPS[step].run(where)
            expected = wealth(where, *people)
        STEPS[steps[0]].run(where)
        where.feeds[0].set(then)
        where.update()
        assert where.stored == first
        STEPS[steps[1]].run(where)
        assert wealth(where, *people) == expected
        where.later()
        where.update()
        assert where.stored.index == then * WAD


@pytest.mark.parametrize("order", list(permutations((1, 5, 9, 13))), ids=str)
def test_flatmoney_executor_picks_or_skips(order):
    """F-02: any subset of signed updates in any order: what is stored never goes back in time."""
    with visit("pyth") as where:
        since, newest = where.now, where.feeds[0].latest()[2]
        where.later(13)
        for offset in order:
            newest = max(newest, since + offset)
            take(where, P + offset, since + offset)
            _, _, published = where.feeds[0].latest()
            assert published == newest
            assert where.stored.index == (P + newest - since) * 10**10
            where.later()


def test_velar_newest_only_is_no_weapon():
    """F-04: a price that is a second newer lands before an honest one: it is used, and nobody is stopped."""
    with visit("pyth") as where:
        updater = where.chain.deploy("PythUpdater", where.feeds[0].pyth, where.core)
        honest = where.feeds[0].update(P, at=where.now - 1)
        for act in ("add margin", "reduce", "liquidate"):
            with rolled_back(where.chain):
                take(where, P + 1, where.now)
                where.chain.send(
                    updater, "updatePrice", MARKET, [honest], sender=where.trader, value=where.feeds[0].FEE
                )
                STEPS[act].run(where)
                assert where.stored.index == (P + 1) * 10**10


def test_mango_thin_venue_pump():
    """I-01: two accounts, and one of two feeds is a thin pool that is pumped 24 times over ten minutes.

    The price stays the primary's, the market takes no new risk, and the two end with less than they had.
    """
    with visit("pair") as where:
        longs, shorts = where.newcomer, where.rival
        rich = wealth(where, longs, shorts)
        where.update()
        where.trade(longs, 4 * WAD)
        where.trade(shorts, -4 * WAD)
        held = where.protocol.view("accountOf", account_id(longs)).balance // 10**12
        for step in range(1, 11):
            where.feeds[1].set(PRICE * (1 + 23 * step // 10))
            where.later(60)
            where.feeds[0].set(PRICE)
            where.update()
            assert where.stored.index == PRICE * WAD
            take_out = lambda: where.protocol.withdraw(account_id(longs), held, longs, longs)  # noqa: E731
            refused_because("PriceNotGoodFor", take_out)
            refused_because("PriceNotGoodFor", lambda: where.trade(longs, WAD))
        assert validity(where) == Validity.UNCERTAIN
        where.trade(longs, -4 * WAD)
        where.trade(shorts, 4 * WAD)
        assert wealth(where, longs, shorts) < rich


def test_mango_unrealised_profit_is_nobodys_collateral():
    """I-01: the feed itself is pumped eightfold, every step believed: what is not realised cannot leave."""
    with visit("chainlink") as where:
        me, owner = account_id(where.newcomer), where.newcomer
        where.update()
        where.trade(owner, 4 * WAD)
        price, steps = PRICE, 0
        while price < 8 * PRICE:
            price = price * 102 // 100
            where.later(60)
            where.feeds[0].set(price)
            where.update()
            steps += validity(where) == Validity.VALID
        assert steps > 100
        health, balance = where.protocol.view("healthOf", me), where.protocol.view("accountOf", me).balance
        assert health.equity > 2 * balance // 3 + balance
        assert health.withdrawable <= balance
        most = (health.withdrawable - health.initial) // 10**12
        refused_because("MarginTooLow", lambda: where.protocol.withdraw(me, max(most, 0) + 1, owner, owner))


def test_inverse_short_twap():
    """I-26: ten times the price for one block moves the average by a step of that block's weight, no more."""
    with visit("chainlink") as where:
        where.update()
        before = where.twap(300)
        where.later(BLOCK)
        where.feeds[0].set(10 * PRICE)
        where.update()
        where.later(BLOCK)
        where.feeds[0].set(PRICE)
        where.update()
        assert before < where.twap(300) <= before + before * CLAMP_BPS // BPS * BLOCK // 300
        # The same in the block after governance linked another hub: no average, instead of a short one.
        where.link_feed([where.feeds[0].source])
        where.later()
        where.feeds[0].set(PRICE * 11 // 10)
        where.update()
        assert validity(where) == Validity.SHORT_TWAP
        refused_because("HistoryTooShort", lambda: where.twap(300))


def test_rodeo_sandwiched_sample():
    """I-27: move the pool, poke the market, move the pool back, in one block, four samples in a row."""
    with visit("pool") as where:
        feed, rest = where.feeds[0], where.rest.index
        for _ in range(4):
            bought = feed.pool.swap(feed.pool.quote, 10**6 * 10**9)
            where.update()
            feed.pool.swap(feed.pool.base, bought)
            # The fee of the swaps stays in the pool: a part of a per mille.
            assert abs(where.stored.index - rest) < rest // 100
            assert abs(where.stored.twap - rest) < rest // 100
            where.later(45)


@pytest.mark.parametrize("shape", ["pool", "pair"])
def test_polter_pool_drained_in_a_block(shape):
    """I-28: a flash loan takes a pool to a millionth: in that block nobody sees it; held, it is a doubt."""
    with visit(shape) as where:
        feed = where.feeds[-1]
        with rolled_back(where.chain):
            feed.pool.swap(feed.pool.base, 10**6 * 10**18)
            where.update()
            assert abs(where.stored.index - where.rest.index) < where.rest.index // 10_000
            assert validity(where) == Validity.VALID
        if shape == "pair":
            feed.pool.swap(feed.pool.base, 10**6 * 10**18)
            where.later(5 * BLOCK)
            where.update()
            assert validity(where) == Validity.UNCERTAIN
            assert where.stored.index == PRICE * WAD


@pytest.mark.parametrize("shape", ["chainlink", "pyth", "pool", "three"])
def test_curve_llamalend_donations(shape):
    """I-33: tokens sent to every contract change no price, share price, rate or health."""
    with visit(shape) as where:
        where.update()
        contracts = where.protocol.contracts
        before = figures(where)
        everybody = (
            where.core,
            where.vault,
            where.insurance,
            where.hub_of(),
            contracts.lens,
            contracts.timelock,
        )
        for target in (*everybody, *(feed.source for feed in where.feeds)):
            where.chain.send(contracts.token, "transfer", target, 10**11, sender=where.provider)
        where.update()
        assert figures(where) == before


def figures(where):
    """Prices, share prices, rates, utilization and health."""
    call, protocol = where.chain.call, where.protocol
    market = protocol.market(MARKET)
    people = (where.trader, where.rival, where.newcomer)
    return (
        where.stored,
        where.twap(300),
        (market.mark, market.premium, market.equity, market.utilization, market.funding),
        [call(vault, "convertToAssets", 10**24) for vault in (where.vault, where.insurance)],
        [protocol.view("healthOf", account_id(owner)) for owner in people],
    )


def test_perp_v2_fabricated_premium():
    """I-18: nobody but its core refreshes a hub, and a made-up price goes nowhere."""
    with visit("chainlink") as where:
        before, hub = where.digest(), where.hub_of()
        for word in (0, 1, 2**256 - 1):
            for sender in (where.stranger, where.provider, where.keeper):
                act = lambda w=word, s=sender: where.chain.send(hub, "refresh", w, sender=s)  # noqa: E731
                refused_because("NotCore", act)
        assert where.digest() == before
