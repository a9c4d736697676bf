"""What a doubt about the price costs: fills, margin and liquidations, in worked numbers."""

from fractions import Fraction
from math import ceil, floor

import pytest
from support.bench import MARKET, PRICE, make_bench, rolled_back
from support.oracle_market import MockFeed, visit

from keel.errors import Reverted
from keel.model.validity import Validity
from keel.sdk.protocol import account_id
from keel.units import BPS, WAD

# Taker fee and surcharge of the local preset, 1e-6.
FEE_PPM = 1_000


class Doubted:
    """The local preset over a feed whose price and confidence the test sets, whole quote per base."""

    def __init__(self):
        self.bench = make_bench()
        self.feed = MockFeed(self.bench.chain)
        self.bench.link_feed([self.feed.source])
        self.protocol = self.bench.protocol
        for _ in range(2):
            self.say(PRICE)
            self.bench.later(301)
        self.say(PRICE)

    def say(self, price, spread=0, seconds=1):
        self.bench.later(seconds)
        self.feed.tell("set", int(price * WAD))
        self.feed.tell("setSpread", int(spread * WAD))
        self.protocol.update_price(MARKET, self.bench.keeper)

    @property
    def stored(self):
        return self.protocol.view("marketOf", MARKET).price

    def cost(self, price, size):
        """Of a fill on the curve, quote WAD: ceil(V(q + d)) - floor(V(q)) with V = P D q / (D - q)."""
        market, view = self.protocol.view("marketOf", MARKET), self.protocol.market(MARKET)
        skew = market.longInterest - market.shortInterest
        before, after = (
            Fraction(price) * view.depth * q / (view.depth - q) / WAD for q in (skew, skew + size)
        )
        return ceil(after) - floor(before)


@pytest.fixture
def market():
    return Doubted()


@pytest.mark.parametrize(
    ("index", "spread", "buys_at", "sells_at"),
    [
        # The average stands at 50,000.
        (50_000, 0, 50_000, 50_000),
        (50_000, 200, 50_200, 49_800),
        (50_000, 500, 50_500, 49_500),
        (49_000, 245, 50_000, 48_755),
        (49_800, 300, 50_100, 49_500),
        (51_000, 255, 51_255, 50_000),
        (50_200, 300, 50_500, 49_900),
    ],
)
def test_a_trade_fills_at_the_worse_end(market, index, spread, buys_at, sells_at):
    """Index moved by its spread against the taker, or the average where that is worse still."""
    market.say(index, spread)
    assert market.stored.twap == PRICE * WAD
    bps = -(-spread * BPS // index)
    assert market.stored.spreadBps == bps
    # The spread is kept in bps, rounded up: these numbers are within one.
    wide = -(-index * WAD * bps // BPS)
    assert 0 <= wide - spread * WAD < index * WAD // BPS
    assert market.protocol.market(MARKET).validity == Validity.VALID
    worse = {1: max(index * WAD + wide, PRICE * WAD), -1: min(index * WAD - wide, PRICE * WAD)}
    for side, whole in ((1, buys_at), (-1, sells_at)):
        assert abs(worse[side] - whole * WAD) < index * WAD // BPS
        with rolled_back(market.bench.chain):
            expected = market.cost(worse[side], side * WAD)
            told = market.bench.trade(market.bench.newcomer, side * WAD).event("Traded").args
            assert told["fill"].cost == expected
            assert told["fee"] == -(-abs(expected) * FEE_PPM // 10**6)


def test_there_and_back_costs_twice_the_spread(market):
    """200 wide at 50,000: a base there and back costs 400 more than without doubt, and fees on it."""
    lost = []
    for spread in (0, 200):
        with rolled_back(market.bench.chain):
            market.say(PRICE, spread)
            me = account_id(market.bench.newcomer)
            before = market.protocol.view("accountOf", me).balance
            for size in (WAD, -WAD):
                market.bench.trade(market.bench.newcomer, size)
            lost.append(before - market.protocol.view("accountOf", me).balance)
    # The curve scales with the price: a base moves it by half a per cent, and 200 is 0.4 % of that.
    assert 400 * WAD <= lost[1] - lost[0] <= 403 * WAD


@pytest.mark.parametrize("size", [2 * WAD, -2 * WAD])
def test_margin_counts_the_doubt_against_new_risk(market, size):
    """2 base at 50,000 and 40 bps: 400 less for opening and withdrawing, nothing less in a liquidation."""
    market.bench.trade(market.bench.newcomer, size)
    me = account_id(market.bench.newcomer)
    calm = market.protocol.view("healthOf", me)
    with rolled_back(market.bench.chain):
        market.say(PRICE, 200)
        doubted = market.protocol.view("healthOf", me)
    market.say(PRICE)
    later = market.protocol.view("healthOf", me)
    assert doubted.equity == later.equity
    assert later.equityWorse - doubted.equityWorse == 400 * WAD
    assert 0 <= later.withdrawable - doubted.withdrawable <= 400 * WAD
    assert doubted.maintenance == later.maintenance == calm.maintenance


def unhealthy_by(market, owner, size, missing):
    """Open, and move the index until equity is so much below maintenance, quote; gives the account."""
    me = account_id(owner)
    market.bench.trade(owner, size)
    health = market.protocol.view("healthOf", me)
    # Maintenance falls with the price by 1.5 % of the value that the price takes.
    fall = Fraction(health.equity - health.maintenance + missing * WAD, abs(size)) / (1 - Fraction(15, 1_000))
    index = PRICE - fall if size > 0 else PRICE + fall
    for _ in range(8):
        market.say(index, seconds=60)
    return me, index


@pytest.mark.parametrize(("missing", "bps", "saved"), [(500, 150, True), (7_000, 150, False)])
def test_a_doubt_delays_a_liquidation(market, missing, bps, saved):
    """8 base at about 48,000: a doubt of 1.5 % is worth 5,800; who lacks less waits until it is gone."""
    owner = market.bench.newcomer
    me, index = unhealthy_by(market, owner, 8 * WAD, missing)
    spread = index * bps / BPS
    market.say(index, spread)
    assert market.protocol.market(MARKET).validity == Validity.UNCERTAIN
    health = market.protocol.view("healthOf", me)
    assert health.equity < health.maintenance
    liquidate = lambda: market.protocol.liquidate(me, market.bench.keeper)  # noqa: E731
    if saved:
        with pytest.raises(Reverted) as refused:
            liquidate()
        doubt = 8 * market.stored.index * market.stored.spreadBps // BPS
        assert refused.value.error == "NotLiquidatable"
        assert refused.value.named == {"equity": health.equityBetter, "maintenance": health.maintenance}
        assert abs(health.equityBetter - health.equity - doubt) <= 1
        market.say(index)
    assert liquidate().result.size < 0


@pytest.mark.parametrize("bps", [0, 80, 150])
def test_a_liquidation_is_not_dearer_for_a_doubt(market, bps):
    """It fills at the worse of index and average, without the spread, good price or doubted.

    The debt is more than the insurance could take over, so that the curve fills it in every case.
    """
    me, index = unhealthy_by(market, market.bench.newcomer, 8 * WAD, 12_000)
    market.say(index, index * bps / BPS)
    price = min(market.stored.index, market.stored.twap)
    with rolled_back(market.bench.chain):
        size = market.protocol.liquidate(me, market.bench.keeper).result.size
    expected = market.cost(price, size)
    told = market.protocol.liquidate(me, market.bench.keeper).event("Liquidated").args
    assert told["fill"].cost == expected


@pytest.mark.parametrize(
    ("spread", "bps"), [(0, 0), (1, 1), (5 * WAD, 1), (5 * WAD + 1, 2), (10**9 * WAD, 5_000), (2**255, 5_000)]
)
def test_the_stored_spread_is_rounded_up_and_ends_at_a_half(spread, bps):
    with visit("mock") as where:
        where.feeds[0].tell("setSpread", spread)
        where.update()
        assert where.stored.spread_bps == bps


def test_a_disagreement_is_the_spread_of_a_pair():
    """51,000 beside 49,99x: a gap of about 2 %, and a seller gets no more than the lower of the two."""
    with visit("pair") as where:
        where.feeds[0].set(51_000)
        where.update()
        reference = where.chain.call(where.feeds[1].source, "latest").price
        gap = 51_000 * WAD - reference
        assert where.stored.spread_bps == -(-gap * BPS // (51_000 * WAD))
        sold = where.trade(where.trader, -WAD // 2).event("Traded").args["fill"]
        assert -sold.cost * 2 < reference * 1_004 // 1_000
