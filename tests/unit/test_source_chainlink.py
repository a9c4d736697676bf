"""ChainlinkSource on Chainlink's own contracts: faults where they happened, and months of real rounds."""

import csv
import gzip
from itertools import pairwise

import pytest
from support.external import chainlink
from support.hub import LIMITS, Defect, Hub, point, signpost
from support.oracle_feeds import ChainlinkFeed, FluxFeed

from keel.errors import Reverted
from keel.evm.pyevm import PyEvmChain
from keel.evm.revm import RevmChain
from keel.sim.sources import data_folder
from keel.units import WAD

HEARTBEAT = ChainlinkFeed.HEARTBEAT
ANSWER = 2_000 * 10**8
SCALE = 10**10
ROUNDS = "ethusd_chainlink_eth_mainnet_rounds_2023-04_2024-01.csv.gz"


def chainlink_feed(*args, chain=None, **fields):
    return ChainlinkFeed(chain or RevmChain(), *args, **fields)


@pytest.mark.parametrize("decimals", [0, 6, 8, 18])
def test_a_round_is_a_price_in_wad(decimals):
    feed = chainlink_feed(decimals, 2_000 * 10**decimals)
    assert feed.latest() == (2_000 * WAD, 0, feed.now)


@pytest.mark.parametrize("answer", [0, -1, -(2**255), 2**128, 2**255 - 1])
def test_answers_that_are_no_prices(answer):
    """C1: the sign is looked at before the cast; what no price can be is not multiplied."""
    feed = chainlink_feed()
    feed.publish(answer)
    assert feed.latest()[0] == 0
    feed.publish(1)
    assert feed.latest()[0] == SCALE


@pytest.mark.parametrize(
    ("age", "usable"), [(HEARTBEAT - 1, True), (HEARTBEAT, True), (HEARTBEAT + 1, False)]
)
def test_age(age, usable):
    feed = chainlink_feed()
    feed.chain.warp(age)
    assert feed.latest() == (2_000 * WAD if usable else 0, 0, feed.now - age)


def test_timestamps_that_cannot_be():
    """C5: a round that was never published, and one from the future (where bold would revert)."""
    feed = chainlink_feed()
    for updated_at in (0, feed.now + 1, 2**64, 2**255):
        feed.round(ANSWER, updated_at)
        assert feed.latest() == (0, 0, updated_at)


def test_started_at_says_nothing():
    feed = chainlink_feed()
    feed.round(ANSWER, started_at=0)
    assert feed.latest() == (2_000 * WAD, 0, feed.now)


def test_round_numbers_and_answered_in_round_say_nothing():
    """C3, C9, Hubble M-10: a new phase begins with other round numbers; nobody walks back over them."""
    feed = chainlink_feed()
    for number in ((1 << 64) + 40_000, (2 << 64) + 1, 0, 2**80 - 1):
        feed.round(ANSWER + number % 7, number=number)
        assert feed.latest() == ((ANSWER + number % 7) * SCALE, 0, feed.now)


def test_ribbon_decimals_migration():
    """I-31: the aggregator behind the proxy is replaced by one of 18 decimals, and then by one of 8 again."""
    chain = RevmChain()
    made = chainlink("MockV3Aggregator")
    narrow, wide = made.deploy(chain, 8, ANSWER), made.deploy(chain, 18, 2_000 * WAD)
    proxy = signpost(chain, narrow)
    source = chain.deploy("ChainlinkSource", proxy, HEARTBEAT)
    for target, price in ((narrow, 2_000 * WAD), (wide, 0), (narrow, 2_000 * WAD)):
        point(chain, proxy, target)
        assert chain.call(source, "latest").price == price


def test_a_feed_before_its_first_round():
    """Flux says "No data present" by a revert: to the adapter that is no price, and no failure of its own."""
    flux = FluxFeed(RevmChain())
    with pytest.raises(Reverted) as refused:
        flux.chain.call(flux.aggregator, "latestRoundData")
    assert refused.value.named == {"message": "No data present"}
    assert flux.price() == 0
    assert Hub(flux.chain, [flux.source]).seen() == (0, Defect.INVALID)


@pytest.mark.parametrize(("heartbeat", "good"), [(0, False), (1, True), (604_800, True), (604_801, False)])
def test_bounds_of_the_heartbeat(heartbeat, good):
    if good:
        assert chainlink_feed(heartbeat=heartbeat).latest()[0] == 2_000 * WAD
        return
    with pytest.raises(Reverted) as refused:
        chainlink_feed(heartbeat=heartbeat)
    assert refused.value.error == "HeartbeatOutOfBounds"
    assert refused.value.named == {"given": heartbeat, "low": 1, "high": 604_800}


def test_venus_and_blizz_luna_at_min_answer():
    """I-25: under 0.10 the oracles are refused, and 0.1072 stays the answer while the market is at 0.01.

    Own bounds above the clamp end the price at once; without them, the heartbeat does.
    """
    flux = FluxFeed(RevmChain())
    bounded = Hub(flux.chain, [flux.source], (5 * WAD, 1_000 * WAD, *LIMITS[2:]))
    unbounded = Hub(flux.chain, [flux.source], (1, 1_000 * WAD, *LIMITS[2:]))
    flux.submit(1, 30 * 10**8)
    assert bounded.peek() == unbounded.peek() == (30 * WAD, 0, 0)
    flux.chain.warp(60)
    flux.submit(2, 10_720_000)
    assert bounded.seen() == (0, Defect.INVALID)
    assert unbounded.peek() == (1_072 * WAD // 10_000, 0, 0)
    flux.chain.warp(60)
    with pytest.raises(Reverted) as refused:
        flux.submit(3, 10**6)
    assert refused.value.named == {"message": "value below minSubmissionValue"}
    flux.chain.warp(HEARTBEAT - 60)
    assert unbounded.peek()[0] != 0
    flux.chain.warp(1)
    assert unbounded.seen() == (0, Defect.INVALID)


def test_a_round_that_misses_its_quorum_is_not_an_answer():
    """One oracle of two: the round begins, times out, and is closed with the old answer and a new time.

    Flux never shows such a round as its latest, which is why `answeredInRound` need not be looked at.
    """
    flux = FluxFeed(RevmChain())
    flux.submit(1, 30 * 10**8)
    flux.chain.warp(60)
    flux.submit(2, 20 * 10**8, oracles=1)
    assert flux.price() == 30 * WAD
    flux.chain.warp(flux.TIMEOUT + 1)
    flux.submit(3, 20 * 10**8, oracles=1)
    closed = flux.chain.call(flux.aggregator, "getRoundData", 2)
    assert (closed.answer, closed.answeredInRound, closed.updatedAt) == (
        30 * 10**8,
        1,
        flux.chain.timestamp(),
    )
    assert flux.price() == 30 * WAD
    flux.chain.warp(HEARTBEAT - flux.TIMEOUT - 60)
    assert flux.price() == 0
    flux.chain.send(flux.aggregator, "submit", 3, 20 * 10**8, sender=flux.oracles[1])
    assert flux.price() == 20 * WAD


def real_rounds():
    folder = data_folder()
    if folder is None or not (folder / ROUNDS).is_file():
        pytest.skip(f"no {ROUNDS}: put it into KEEL_DATA or ../shared/data")
    with gzip.open(folder / ROUNDS, "rt") as lines:
        return [(int(row["ts"]), int(row["round"]), int(row["answer"])) for row in csv.DictReader(lines)]


@pytest.mark.parametrize("heartbeat", [3_600, HEARTBEAT])
def test_real_rounds_of_eth_usd(heartbeat):
    """Every round of ten months is a price from its second on; with the right heartbeat, until the next."""
    rounds = real_rounds()
    assert len(rounds) > 10_000
    feed = chainlink_feed(chain=RevmChain(rounds[0][0] - 1), heartbeat=heartbeat)
    late = 0
    for (at, number, answer), (after, _, _) in pairwise(rounds):
        feed.chain.warp(max(at - feed.now, 1))
        feed.round(answer, at, number % 2**80)
        assert feed.latest() == (answer * SCALE, 0, at)
        if after - 1 > feed.now:
            feed.chain.warp(after - 1 - feed.now)
        late += feed.latest()[0] == 0
    expected = sum(after[0] - 1 - before[0] > heartbeat for before, after in pairwise(rounds))
    assert late == expected
    assert (late == 0) == (heartbeat == HEARTBEAT)


def test_gas_of_a_read():
    """Cold, as the first read of a transaction: a twentieth of the stipend."""
    feed = chainlink_feed(chain=PyEvmChain())
    used = feed.chain.send(feed.source, "latest", sender=feed.chain.accounts[0]).gas_used - 21_064
    assert used < 20_000
