"""Averages over five and thirty minutes: exact, over the whole window or not at all."""

from random import Random

import pytest
from support.bench import MARKET, PRICE, make_bench
from support.hub import Defect
from support.oracle_market import MockFeed
from support.refusals import refusal

from keel.errors import Reverted
from keel.units import WAD

FIVE, THIRTY = 300, 1_800


class Averaged:
    """A market over a feed that never fails, and the samples in force by our own book."""

    def __init__(self, price=PRICE):
        self.bench = make_bench()
        self.chain = self.bench.chain
        self.feed = MockFeed(self.chain)
        self.hub = self.bench.link_feed([self.feed.source], clampBps=5_000)
        self.begun = self.bench.protocol.view("marketOf", MARKET).price.at
        self.samples = [(self.begun, PRICE * WAD)]
        self.bench.later()
        self.take(price)

    @property
    def now(self):
        return self.chain.timestamp()

    def take(self, price):
        """Store a price, whole quote per base, which is the sample from now on."""
        self.feed.set(price)
        self.bench.protocol.update_price(MARKET, self.bench.keeper)
        self.samples.append((self.now, price * WAD))

    def twap(self, window):
        return self.chain.call(self.hub, "twap", window)

    def exact(self, window):
        """Time-weighted mean of the samples over the window that ends now, floor."""
        ends = [*(at for at, _ in self.samples[1:]), self.now]
        begins = [max(at, self.now - window) for at, _ in self.samples]
        weights = [max(0, end - begin) for begin, end in zip(begins, ends, strict=True)]
        assert sum(weights) == window
        return sum(weight * price for weight, (_, price) in zip(weights, self.samples, strict=True)) // window

    def refused(self, window):
        with pytest.raises(Reverted) as refused:
            self.twap(window)
        expected = refusal(
            "HistoryTooShort", windowSeconds=window, availableSeconds=refused.value.named["availableSeconds"]
        )
        assert (refused.value.error, refused.value.named) == (expected.error, expected.args)
        return refused.value.named["availableSeconds"]


def test_worked_averages():
    """50,000 for long and 51,000 for the last minute: a fifth of five minutes, a thirtieth of thirty."""
    market = Averaged()
    market.bench.later(THIRTY)
    market.take(PRICE + 1_000)
    market.bench.later(60)
    assert market.twap(FIVE) == 50_200 * WAD
    assert market.twap(THIRTY) == 50_033 * WAD + WAD // 3
    assert market.twap(60) == 51_000 * WAD
    assert market.twap(1) == 51_000 * WAD
    # The stored average is that of five minutes, at the next price.
    market.take(PRICE)
    assert market.bench.protocol.view("marketOf", MARKET).price.twap == 50_200 * WAD


@pytest.mark.parametrize("window", [FIVE, THIRTY])
def test_a_window_is_covered_from_its_first_second_on(window):
    """History begins with the price that was stored when the hub took over."""
    market = Averaged()
    market.bench.later(window - 1 - (market.now - market.begun))
    assert market.refused(window) == window - 1
    assert market.refused(86_400) == window - 1
    market.bench.later()
    assert market.twap(window) == PRICE * WAD


def test_short_until_five_minutes_are_covered():
    market = Averaged()
    view = market.bench.protocol.view
    for _ in range(4):
        market.bench.later(60)
        market.take(PRICE)
        assert view("marketOf", MARKET).price.flags == Defect.SHORT_TWAP
    market.bench.later(60)
    market.take(PRICE)
    assert view("marketOf", MARKET).price.flags == 0


@pytest.mark.parametrize(("pace", "updates"), [(1, 2_400), (2, 1_200), (7, 600), (12, 400), (60, 120)])
def test_both_windows_are_exact_at_any_pace(pace, updates):
    """More updates than the ring has places, and more than fit a stretch: an average is the mean of samples.

    Inside a stretch of updates closer than 8 seconds the line is straight: what begins there is off by less
    than the largest step of the samples, over the weight of 8 seconds.
    """
    random, market = Random(pace), Averaged()
    for _ in range(updates):
        market.bench.later(pace)
        market.take(PRICE + random.randint(-200, 200))
    for window in (FIVE, THIRTY):
        tolerance = 400 * WAD * 9 // window if pace < 8 else 1
        assert abs(market.twap(window) - market.exact(window)) <= tolerance
    reach = market.refused(86_400)
    assert reach >= min(THIRTY, updates * pace)
    assert market.twap(reach) > 0
    market.refused(reach + 1)


def test_uneven_paces():
    """Seconds, hours and anything between: the search in the ring finds the place."""
    random, market = Random(1), Averaged()
    for _ in range(500):
        market.bench.later(random.choice([8, 9, 12, 12, 12, 60, 299, 301, random.randint(8, 5_000)]))
        market.take(PRICE + random.randint(-200, 200))
        for window in (1, 20, FIVE, THIRTY):
            if window <= market.now - market.begun:
                assert abs(market.twap(window) - market.exact(window)) <= 1


def test_a_sample_is_clamped_and_the_index_is_not():
    """A step of 10 % of the average in the local preset: 50,000 to 60,000 counts as 55,000."""
    bench = make_bench()
    bench.later()
    bench.price(PRICE * 12 // 10)
    price = bench.protocol.view("marketOf", MARKET).price
    assert (price.index, price.twap) == (60_000 * WAD, 50_000 * WAD)
    bench.later(60)
    assert bench.chain.call(bench.hub_of(), "twap", 60) == 55_000 * WAD
    assert bench.chain.call(bench.hub_of(), "twap", FIVE) == 51_000 * WAD
