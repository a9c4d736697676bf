"""Faults of pools, of pairs and threes of feeds, and of the sequencer; and the table of all faults."""

from support.bench import PRICE
from support.external import chainlink
from support.hub import BURN, Defect, point
from support.oracle_faults import HALTED, Fault, P, answer, behind_the_proxy, doubt, good, moved, silent, wild
from support.oracle_faults_of_one import CHAINLINK, MOCK, PYTH
from support.oracle_market import BLOCK, GRACE, WINDOW, PoolFeed

from keel.model.validity import Validity
from keel.units import WAD


def held(price, seconds):
    """A pool is pushed to a price and held there."""

    def hurt(w):
        w.feeds[-1].set(price)
        w.later(seconds)

    return hurt


def pushed_and_back(w):
    """A flash loan: there and back in one block."""
    pool = w.feeds[-1].pool
    bought = pool.swap(pool.quote, 10**6 * 10**9)
    pool.swap(pool.base, bought)


def emptied(w):
    """The pool has a tenth of its liquidity for half of the window; other feeds speak again."""
    w.feeds[-1].empty()
    w.later(WINDOW // 2)
    for feed in w.feeds[:-1]:
        feed.set(PRICE)


def young_pool(w):
    """Governance links a pool that does not remember the window yet."""
    feed = PoolFeed(w.chain)
    feed.set(PRICE + 1)
    young = feed.pool.source(window=2 * WINDOW, block_seconds=60)
    w.link_feed([*(one.source for one in w.feeds[:-1]), young])
    for one in w.feeds[:-1]:
        one.set(PRICE)


POOL = [
    good("pool", "there and back in a block", pushed_and_back, None),
    good("pool", "ten times the price for a block", held(10 * PRICE, BLOCK), None),
    wild("pool", "twice the price for half of the window", held(2 * PRICE, WINDOW // 2), None),
    silent("pool", "liquidity that left", emptied, index=None),
    silent("pool", "window not covered", young_pool, index=None),
]


def beside_the_pool(bps):
    """The primary at this distance from what the reference says."""

    def hurt(w):
        reference = w.chain.call(w.feeds[-1].source, "latest").price
        w.feeds[0].publish(reference * (10_000 + bps) // 10_000 // 10**10)

    return hurt


def primary(*answers, every=60):
    """The primary says one thing after the other, None = nothing; the market takes each."""

    def hurt(w):
        for one in answers:
            w.feeds[0].publish(one or 0)
            w.update()
            w.later(every)
        w.feeds[0].publish(answers[-1] or 0)

    return hurt


def both(*steps):
    """One after the other."""

    def hurt(w):
        for step in steps:
            step(w)

    return hurt


def frozen_beside_a_pool(w):
    """The market falls by 4 % and stays there; the primary repeats itself with fresh times."""
    w.feeds[1].set(PRICE * 96 // 100)
    for _ in range(30):
        w.later(60)
        w.feeds[0].round(P)
        w.update()
    w.later(60)
    w.feeds[0].round(P)


PAIR = [
    good("pair", "0.9 of what is believed above the reference", beside_the_pool(135), None),
    good("pair", "0.9 of what is believed below the reference", beside_the_pool(-135), None),
    doubt("pair", "1.1 of what is believed above the reference", beside_the_pool(165), None),
    doubt("pair", "1.1 of what is believed below the reference", beside_the_pool(-165), None),
    doubt("pair", "frozen, with a fresh time, while the pool moves", frozen_beside_a_pool),
    good("pair", "pool pumped for a block", held(2 * PRICE, BLOCK)),
    doubt("pair", "pool pumped for a tenth of the window", held(2 * PRICE, WINDOW // 10)),
    doubt("pair", "reference silent", emptied),
    doubt("pair", "primary silent", answer(0), None),
    doubt("pair", "primary back for a minute", primary(None, P), None),
    good("pair", "primary back for 15 minutes", primary(None, *[P] * 16)),
    doubt("pair", "primary comes and goes", primary(None, *[P] * 14, None, *[P] * 14), None),
    silent("pair", "both silent", both(emptied, answer(0)), index=None),
    Fault(
        "primary 30 % away",
        "pair",
        Validity.VOLATILE,
        moved(3_000),
        Defect.UNCERTAIN | Defect.VOLATILE,
        65_000 * WAD,
    ),
]


def at(price, feed):
    """One of three says a price, whole quote per base."""
    return lambda w: w.feeds[feed].set(price)


THREE = [
    good("three", "one of them 0", answer(0)),
    good("three", "one of them x 1000", answer(1_000 * P)),
    good("three", "one of them +50 %", at(75_000, 0)),
    good("three", "one of them -50 %", at(25_000, 1), None),
    good("three", "one burns all gas", behind_the_proxy(BURN)),
    silent("three", "two of them silent", both(answer(0), lambda w: w.feeds[1].push(0)), index=None),
    doubt("three", "one silent, two apart", both(answer(0), at(51_000, 1)), 51_000 * WAD),
    doubt("three", "all apart", both(at(52_000, 0), at(48_000, 1)), None),
    # What no median sees: two that lie alike.
    good("three", "two of them +5 %", both(at(52_500, 0), at(52_500, 1)), 52_500 * WAD),
]


def restarted(seconds):
    """The sequencer was down, and has been up for so long; the feed is fresh."""

    def hurt(w):
        w.rollup.report(True)
        w.later(60)
        w.rollup.report(False)
        w.later(seconds)
        w.publish(PRICE)

    return hurt


def up_from(offset):
    """The feed says up since a time that is so far from now."""

    def hurt(w):
        w.rollup.report(True)
        w.rollup.report(False, w.now + offset)

    return hurt


def uptime_of_zeros(w):
    """An uptime feed that answers zeros: up, since never."""
    feed = chainlink("MockV3Aggregator").deploy(w.chain, 0, 0)
    w.chain.send(feed, "updateRoundData", 0, 0, 0, 0, sender=w.provider)
    point(w.chain, w.uptime, feed)


IN_GRACE = Validity.SEQUENCER_GRACE
ROLLUP = [
    silent("rollup", "down", lambda w: w.rollup.report(True), HALTED),
    silent("rollup", "down beyond the heartbeat", lambda w: w.rollup.report(True), HALTED, wait=3_601),
    Fault("up since now", "rollup", IN_GRACE, restarted(1), Defect.SEQUENCER_GRACE),
    Fault("a second before its end", "rollup", IN_GRACE, restarted(GRACE - 1), Defect.SEQUENCER_GRACE),
    Fault("at its last second", "rollup", IN_GRACE, restarted(GRACE), Defect.SEQUENCER_GRACE),
    good("rollup", "grace over", restarted(GRACE + 1)),
    silent("rollup", "up since a time to come", up_from(1), HALTED),
    silent("rollup", "up since time 0", uptime_of_zeros, HALTED),
    silent(
        "rollup",
        "uptime feed closed to the gate",
        lambda w: w.rollup.own(w.rollup.feed, "enableAccessCheck"),
        HALTED,
    ),
]

FAULTS = (*CHAINLINK, *MOCK, *PYTH, *POOL, *PAIR, *THREE, *ROLLUP)
#: One of each validity, the first in the list.
CANONICAL = {validity: next(fault for fault in FAULTS if fault.validity == validity) for validity in Validity}
