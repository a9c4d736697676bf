"""The twins of Volatility, PriceHistory, OracleHub and the validity ladder against the bytecode."""

from dataclasses import astuple
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ledger_world import PRICES, World
from twin_harness import INDEX_BITS, agree, chain, compare, magnitudes, rates

from keel.model import volatility
from keel.model.oracle import Limits, OracleFeed, median
from keel.model.validity import MATRIX, Action, Defect, Price, Validity, allows, require, validity
from keel.units import WAD

LIMITS = Limits(10**10, 10**25, 100, 1_000, 500)
FEED_SCALE = 10**10
NOBODY = "0x" + "00" * 20


@settings(max_examples=200, deadline=None)
@given(
    rates(100 * WAD),
    magnitudes(INDEX_BITS, 10**6),
    st.one_of(st.integers(WAD // 2, 2 * WAD), st.integers(1, 10**20)),
    st.one_of(st.integers(1, 100_000), magnitudes(31, 1)),
)
@example(0, WAD, WAD, 1)
@example(100 * WAD, WAD, 2 * WAD, 1)
def test_variance(before: int, price: int, ratio: int, elapsed: int) -> None:
    after = min(price * ratio // WAD, 2**INDEX_BITS - 1)

    def twin() -> tuple[int, int]:
        following = volatility.update(before, price, after, elapsed)
        return following, volatility.sigma(following)

    agree("variance", (before, price, after, elapsed), twin)


def test_volatility_settles_at_what_the_returns_say() -> None:
    """Alternating returns of 1 % every hour: sigma = 1 % * sqrt(8,760) = 93.6 % a year."""
    variance, prices = 0, (100 * WAD, 101 * WAD)
    for hour in range(240):
        variance = volatility.update(variance, prices[hour % 2], prices[1 - hour % 2], 3_600)
    assert volatility.sigma(variance) / 10**9 == pytest.approx(0.931, abs=0.005)


class Hub:
    """The hub with this test as its core, and one feed of one to three sources."""

    def __init__(self, sources: int) -> None:
        deployer = chain().accounts[0]
        access = chain().deploy("KeelAccess", deployer)
        self.contract = chain().deploy("OracleHub", deployer, access, NOBODY)
        self.feeds = [chain().deploy("MockAggregator", 8) for _ in range(sources)]
        adapters = [chain().deploy("ChainlinkSource", feed, 86_400) for feed in self.feeds]
        chain().send(self.contract, "setFeed", 1, (adapters, astuple(LIMITS)), sender=deployer)
        self.twin = OracleFeed(LIMITS)
        self.last = Price()

    def refresh(self, answers: list[int]) -> None:
        sender = chain().accounts[0]
        for feed, answer in zip(self.feeds, answers, strict=True):
            chain().send(feed, "set", answer, sender=sender)
        given_ = [answer * FEED_SCALE for answer in answers]
        sent = chain().send(self.contract, "refresh", 1, astuple(self.last), sender=sender)
        self.last = self.twin.refresh(self.last, given_, chain().timestamp())
        assert sent.result == astuple(self.last)
        for window in (1, 300, 1_800):
            compare(
                lambda window=window: chain().call(self.contract, "twap", 1, window),
                lambda window=window: self.twin.history.average(window, chain().timestamp()),
            )


@pytest.mark.parametrize(("sources", "seed"), [(1, 1), (2, 2), (3, 3)])
def test_hub(sources: int, seed: int) -> None:
    """Three turns of the ring, with breaks, crashes, gaps and missing sources."""
    random, hub, price = Random(seed), Hub(sources), 2_000 * 10**8
    seen = set()
    for _ in range(800):
        price = price * random.choice([10_000, 10_003, 9_998, random.randint(9_000, 11_100)]) // 10_000
        price = min(max(price, 10**4), 10**12)
        answers = [price * random.choice([10_000, 10_020, 9_970, 10_200]) // 10_000 for _ in range(sources)]
        if random.random() < 0.1:
            answers[random.randrange(sources)] = random.choice([0, 1, 10**17])
        hub.refresh(answers)
        seen.add(hub.last.flags)
        chain().warp(random.choice([1, 3, 8, 12, 12, 12, 60, random.randint(1, 900)]))
    assert len(hub.twin.history.observations) == 256
    flags = {Defect.SHORT_TWAP, Defect.VOLATILE}
    # Of three sources, one may be missing; a source alone has nothing to be uncertain against.
    flags.add(Defect.INVALID if sources < 3 else Defect.UNCERTAIN)
    assert all(any(flag & found for found in seen) for flag in flags)


@given(st.lists(st.integers(0, 5), min_size=3, max_size=3))
def test_median_takes_the_nearer_neighbour(prices: list[int]) -> None:
    middle, nearest = median(prices)
    present = sorted(price for price in prices if price)
    if len(present) == 3:
        assert middle == present[1]
        assert abs(middle - nearest) == min(present[1] - present[0], present[2] - present[1])
    elif len(present) == 2:
        assert [middle, nearest] == present
    else:
        assert middle == 0


@pytest.mark.parametrize("flags", range(32))
@pytest.mark.parametrize("age", [0, 60, 61, 600, 601])
def test_ladder_takes_the_worst_defect(flags: int, age: int) -> None:
    found = validity(Price(1, 1, 0, 1_000, flags), 60, 600, 1_000 + age)
    if flags & Defect.INVALID:
        expected = Validity.INVALID
    elif age > 600:
        expected = Validity.STALE60
    else:
        defects = {Defect.SEQUENCER_GRACE: 6, Defect.VOLATILE: 5, Defect.UNCERTAIN: 4}
        ranks = [rank for defect, rank in defects.items() if flags & defect]
        mild = Validity.STALE10 if age > 60 else Validity.SHORT_TWAP if flags & 1 else Validity.VALID
        expected = Validity(max(ranks)) if ranks else mild
    assert found == expected
    assert {action for action in Action if allows(found, action)} == MATRIX[expected]


def test_the_matrix_is_never_looser_for_liquidation_than_for_adding_margin() -> None:
    for row in MATRIX.values():
        assert Action.ADD_MARGIN in row
        assert (Action.OPEN in row) <= (Action.REDUCE in row)
        assert (Action.LIQUIDATE in row) <= (Action.REDUCE in row)
    assert MATRIX[Validity.VALID] == frozenset(Action)


def test_never_stored_is_invalid() -> None:
    assert validity(Price(), 60, 600, 10**9) == Validity.INVALID
    assert require(Price(1, 1, 0, 10, 0), Action.OPEN, 60, 600, 10) == Validity.VALID


def test_the_lens_sees_the_same_validity() -> None:
    """Flags and ages as they come in the life of a market."""
    world, seen = World(), set()
    for factor, seconds in [
        (100, 30),
        (100, 61),
        (100, 600),
        (100, 30),
        (140, 5),
        (0, 5),
        (100, 601),
        (100, 20),
    ]:
        world.set_price(1, PRICES[0] * factor // 100)
        world.update_price(1)
        for wait in (1, seconds):
            world.chain.warp(wait)
            found = world.chain.call(world.lens, "market", 1).validity
            assert found == validity(world.twin.markets[1].price, 60, 600, world.now)
            seen.add(Validity(found))
    assert {Validity.SHORT_TWAP, Validity.STALE10, Validity.STALE60, Validity.INVALID} <= seen
    assert {Validity.VOLATILE, Validity.VALID} & seen
