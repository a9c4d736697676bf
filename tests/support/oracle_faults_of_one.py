"""Faults of markets with one feed: Chainlink, Pyth, and a mock for what no real contract can do."""

import pytest
from support.bench import PRICE
from support.external import chainlink
from support.hub import BURN, EMPTY, RETURN_BOMB, REVERT_BOMB, Defect, point
from support.oracle_faults import (
    Fault,
    P,
    aged,
    answer,
    behind_the_proxy,
    doubt,
    good,
    moved,
    nothing,
    silent,
    wild,
)
from support.oracle_feeds import OTHER_ID, ChainlinkFeed, FluxFeed
from support.oracle_market import HIGHEST, LOWEST

from keel.errors import Reverted
from keel.model.validity import Validity
from keel.units import WAD


def persisting(bps, minutes):
    """The price moves once and stays there, told and taken every minute."""

    def hurt(w):
        for _ in range(minutes):
            moved(bps)(w)
            w.update()
            w.later(60)
        moved(bps)(w)

    return hurt


def other_decimals(w):
    wide = chainlink("MockV3Aggregator").deploy(w.chain, 18, PRICE * WAD)
    point(w.chain, w.feeds[0].proxy, wide)


def flux_without_round(w):
    point(w.chain, w.feeds[0].proxy, FluxFeed(w.chain).aggregator)


def flux_at_its_floor(w):
    """Oracles below the clamp are refused: the last answer stays, and grows old."""
    flux = FluxFeed(w.chain, lowest=P // 2, highest=2 * P)
    point(w.chain, w.feeds[0].proxy, flux.aggregator)
    flux.submit(1, P)
    with pytest.raises(Reverted):
        flux.submit(2, P // 2 - 1)
    w.later(ChainlinkFeed.HEARTBEAT + 1)


def ten_thousand_updates(w):
    for turn in range(10_000):
        w.later()
        answer(P + turn % 2)(w)
        w.update()
    w.later(60)
    answer(P)(w)


def another_hub(w):
    w.link_feed([feed.source for feed in w.feeds])


def another_hub_at(bps):
    """Governance links a hub whose first price is so far from the stored one."""

    def hurt(w):
        another_hub(w)
        moved(bps)(w)

    return hurt


CHAINLINK = [
    good("chainlink", "nothing", nothing),
    good("chainlink", "stored 60 s ago", nothing, wait=60),
    Fault("stored 61 s ago", "chainlink", Validity.STALE10, nothing, wait=61),
    Fault("stored 300 s ago", "chainlink", Validity.STALE10, nothing, wait=300),
    Fault("stored 301 s ago", "chainlink", Validity.STALE60, nothing, wait=301),
    Fault("stored beyond the heartbeat", "chainlink", Validity.STALE60, nothing, wait=3_601),
    Fault("another hub", "chainlink", Validity.SHORT_TWAP, another_hub, Defect.SHORT_TWAP),
    Fault("another hub, and late", "chainlink", Validity.STALE10, another_hub, Defect.SHORT_TWAP, wait=61),
    Fault(
        "another hub, 20 % lower",
        "chainlink",
        Validity.SHORT_TWAP,
        another_hub_at(-2_000),
        Defect.SHORT_TWAP,
        40_000 * WAD,
    ),
    Fault(
        "another hub, 20.01 % lower",
        "chainlink",
        Validity.VOLATILE,
        another_hub_at(-2_001),
        Defect.SHORT_TWAP | Defect.VOLATILE,
        39_995 * WAD,
    ),
    silent("chainlink", "answer 0", answer(0)),
    silent("chainlink", "answer -1", answer(-1)),
    silent("chainlink", "answer 1", answer(1)),
    silent("chainlink", "answer -2^255", answer(-(2**255))),
    silent("chainlink", "answer 2^255 - 1", answer(2**255 - 1)),
    silent("chainlink", "answer x 1000", answer(1_000 * P)),
    silent("chainlink", "answer / 1000", answer(P // 1_000)),
    silent("chainlink", "below the own lowest", answer(LOWEST * 10**8 - 1)),
    wild("chainlink", "at the own lowest", answer(LOWEST * 10**8), LOWEST * WAD),
    wild("chainlink", "at the own highest", answer(HIGHEST * 10**8), HIGHEST * WAD),
    silent("chainlink", "above the own highest", answer(HIGHEST * 10**8 + 1)),
    silent("chainlink", "time 0", lambda w: w.feeds[0].round(P, 0)),
    silent("chainlink", "time in 1 s", lambda w: w.feeds[0].round(P, w.now + 1)),
    silent("chainlink", "time 2^255", lambda w: w.feeds[0].round(P, 2**255)),
    good("chainlink", "round as old as the heartbeat", aged(ChainlinkFeed.HEARTBEAT)),
    silent("chainlink", "round a second older", aged(ChainlinkFeed.HEARTBEAT + 1)),
    good("chainlink", "round number 0", lambda w: w.feeds[0].round(P, number=0)),
    good("chainlink", "round number of before", lambda w: w.feeds[0].round(P, number=1)),
    good("chainlink", "started at 0", lambda w: w.feeds[0].round(P, started_at=0)),
    good("chainlink", "frozen, with a fresh time", lambda w: w.feeds[0].round(P)),
    silent("chainlink", "18 decimals instead of 8", other_decimals),
    silent("chainlink", "no round yet", flux_without_round),
    silent("chainlink", "clamped at its own floor", flux_at_its_floor),
    silent("chainlink", "aggregator burns all gas", behind_the_proxy(BURN)),
    silent("chainlink", "aggregator reverts with a bomb", behind_the_proxy(REVERT_BOMB)),
    silent("chainlink", "aggregator answers a bomb of zeros", behind_the_proxy(RETURN_BOMB)),
    silent("chainlink", "aggregator answers nothing", behind_the_proxy(EMPTY)),
    good("chainlink", "+20 %", moved(2_000), 60_000 * WAD),
    wild("chainlink", "+20.01 %", moved(2_001), 60_005 * WAD),
    good("chainlink", "-20 %", moved(-2_000), 40_000 * WAD),
    wild("chainlink", "-20.01 %", moved(-2_001), 39_995 * WAD),
    wild("chainlink", "+50 %", moved(5_000), 75_000 * WAD),
    wild("chainlink", "-50 %", moved(-5_000), 25_000 * WAD),
    good("chainlink", "+50 % for half an hour", persisting(5_000, 30), 75_000 * WAD),
    good("chainlink", "-50 % for half an hour", persisting(-5_000, 30), 25_000 * WAD),
    wild("chainlink", "-50 % for a minute", persisting(-5_000, 1), 25_000 * WAD),
    good("chainlink", "10,000 updates", ten_thousand_updates),
    silent("chainlink", "silent beyond the heartbeat", answer(0), wait=3_600),
]


def failing(number):
    """MockSource.Fault of that number."""
    return lambda w: w.feeds[0].tell("fail", number)


def confident(bps, extra=0):
    return lambda w: w.feeds[0].tell("setSpread", PRICE * WAD * bps // 10_000 + extra)


MOCK = [
    silent("mock", "reverts", failing(1)),
    silent("mock", "reverts with a bomb", failing(2)),
    good("mock", "answers a bomb with a price in front", failing(3)),
    silent("mock", "burns all gas", failing(4)),
    silent("mock", "answers nothing", failing(5)),
    silent("mock", "answers half", failing(6)),
    good("mock", "as wide as is believed", confident(100)),
    doubt("mock", "a wei wider", confident(100, 1)),
    doubt("mock", "as wide as 2^255", lambda w: w.feeds[0].tell("setSpread", 2**255)),
]


def pushed(price=P, **fields):
    """An update of Pyth's feed."""
    return lambda w: w.feeds[0].push(price, **fields)


def pushed_in(seconds):
    return lambda w: w.feeds[0].push(P, at=w.now + seconds)


def dear_update(w):
    """Pyth's fee is not met, the update is refused, and what is stored there grows old."""
    feed = w.feeds[0]
    with pytest.raises(Reverted) as refused:
        w.chain.send(feed.pyth, "updatePriceFeeds", [feed.update(2 * P)], sender=w.keeper, value=feed.fee - 1)
    assert refused.value.error == "0x025dbdd4"  # InsufficientFee()
    w.later(60)


def older_update(w):
    w.feeds[0].push(P)
    w.feeds[0].push(P // 2, at=w.now - 1)


def two_of_one_time(w):
    for price in (P, 2 * P):
        w.feeds[0].push(price)


PYTH = [
    good("pyth", "confidence 0", pushed()),
    good("pyth", "confidence 1 %", pushed(conf=P // 100)),
    doubt("pyth", "confidence a step wider", pushed(conf=P // 100 + 1)),
    doubt("pyth", "confidence 5 %", pushed(conf=P // 20)),
    silent("pyth", "confidence wider than the source believes", pushed(conf=P // 20 + 1)),
    silent("pyth", "confidence as wide as the price", pushed(conf=P)),
    silent("pyth", "confidence wider than the price", pushed(conf=P + 1)),
    silent("pyth", "confidence 2^64 - 1", pushed(conf=2**64 - 1)),
    silent("pyth", "price 0", pushed(0)),
    silent("pyth", "price -1", pushed(-1)),
    good("pyth", "exponent -14", pushed(PRICE * 10**14, expo=-14)),
    good("pyth", "exponent 3", pushed(PRICE // 1_000, expo=3)),
    silent("pyth", "exponent -20, too small a price", pushed(2**63 - 1, expo=-20)),
    silent("pyth", "exponent 12, too large a price", pushed(1, expo=12)),
    silent("pyth", "exponent -21", pushed(2**63 - 1, expo=-21)),
    silent("pyth", "exponent 13", pushed(1, expo=13)),
    good("pyth", "a clock 10 s ahead", pushed_in(10)),
    silent("pyth", "a clock 11 s ahead", pushed_in(11)),
    good("pyth", "60 s old", aged(60)),
    silent("pyth", "61 s old", aged(61)),
    good("pyth", "an older update after it", older_update),
    good("pyth", "another price of the same second", two_of_one_time),
    good("pyth", "an update of another feed", pushed(P // 2, feed=OTHER_ID)),
    silent("pyth", "a fee that is not met", dear_update),
]
