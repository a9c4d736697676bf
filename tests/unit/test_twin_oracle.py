"""The twins of Volatility, Quorum, SourceReader, OracleHub and the validity ladder against the bytecode."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ledger_world import PRICES, World
from oracle_world import LIMITS, OracleWorld
from twin_harness import INDEX_BITS, agree, magnitudes, rates

from keel.model import volatility
from keel.model.errors import Refused
from keel.model.oracle import SILENCE, Limits, OracleFeed, median, read, spread_of
from keel.model.price_history import KEPT
from keel.model.validity import (
    MATRIX,
    SUSPECT,
    Action,
    Defect,
    Price,
    Validity,
    allows,
    pack,
    require,
    suspect,
    unpack,
    validity,
)
from keel.units import WAD


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
    assert volatility.sigma(variance) / 10**6 == pytest.approx(0.931, abs=0.005)


@given(st.integers(0, 10**7))
def test_a_stored_volatility_survives_a_new_hub(sigma: int) -> None:
    assert volatility.sigma(volatility.variance(sigma)) == sigma


class Walk:
    """Random prices into the real hub of a real core: quiet and wild, doubted, silent, agreed on again."""

    def __init__(self, sources: int, seed: int) -> None:
        self.random, self.world = Random(seed), OracleWorld(sources)
        self.price, self.outage = 2_000 * WAD, 0
        self.seen: set[int] = set()
        self.ladders: set[tuple[bool, bool]] = set()

    def step(self) -> None:
        random, world = self.random, self.world
        self.price = (
            self.price * random.choice([10_000, 10_003, 9_998, random.randint(9_000, 11_100)]) // 10_000
        )
        self.price = min(max(self.price, WAD // 10**4), 10**6 * WAD)
        for place in range(len(world.sources)):
            world.say(place, *self.quote())
        if random.random() < 0.02:
            world.set_sequencer(up=False)
        elif random.random() < 0.15:
            world.set_sequencer(up=True)
        for _ in range(random.choice([1, 1, 1, 2])):
            price = world.update()
        self.seen.add(price.flags)
        ladder = world.twin.ladder
        self.ladders.add((ladder.on_reference, ladder.agrees_since != 0))
        world.check_views(random)
        if random.random() < 0.01:
            world.replace_hub(replace(LIMITS, clamp_bps=random.choice([100, 500, 5_000])))
        self.wait()

    def quote(self) -> tuple[int, int]:
        random = self.random
        # Quiet spells let two sources agree for longer than it takes to believe the primary again.
        self.outage = max(self.outage - 1, 0) or (random.randint(20, 80) if random.random() < 0.02 else 0)
        wild = self.outage > 40
        share = random.choice([10_020, 9_970, 10_200]) if wild else random.choice([10_000, 10_020, 9_970])
        spread = random.choice([0, 0, 1, self.price // 2_000, *([self.price // 50] if wild else [])])
        if random.random() < (0.1 if wild else 0.01):
            return random.choice([(0, 0), (1, 0), (2**87, 0)])
        if random.random() < 0.01:
            spread = random.choice([self.price, 2**200])
        return self.price * share // 10_000, spread

    def wait(self) -> None:
        random = self.random
        longest = random.choice([900, 900, 900, 100_000, 400_000])
        self.world.chain.warp(random.choice([1, 3, 7, 8, 9, 12, 12, 12, 60, random.randint(1, longest)]))


@pytest.mark.parametrize(("sources", "seed"), [(1, 1), (2, 2), (3, 3), (2, 4)])
def test_hub(sources: int, seed: int) -> None:
    """Over four turns of the ring, with everything that sources, sequencer and governance can do."""
    walk = Walk(sources, seed)
    for _ in range(1_300):
        walk.step()
    flags = {Defect.SHORT_TWAP, Defect.VOLATILE, Defect.INVALID, Defect.UNCERTAIN}
    flags |= {Defect.SEQUENCER_GRACE, Defect.SEQUENCER_DOWN}
    assert all(any(flag & found for found in walk.seen) for flag in flags)
    assert 0 in walk.seen
    assert walk.world.spreads >= {0, 5_000}
    if sources == 2:
        assert walk.ladders == {(False, False), (True, False), (True, True)}
        assert walk.world.events["PrimaryFallen"] >= walk.world.events["PrimaryRestored"] > 0
    assert walk.world.events["SourcesSilent"] > 0


@pytest.mark.parametrize("gap", [1, 3, 7, 8, 12, 300, 70_000])
def test_an_even_pace_fills_the_ring(gap: int) -> None:
    """Merged stretches below the spacing, lengths beyond 16 bits above it: every window agrees."""
    random, world = Random(gap), OracleWorld(1)
    for i in range(600 if gap < 8 else 300):
        world.say(0, 2_000 * WAD + (i % 7) * WAD, 0)
        world.update()
        world.chain.warp(gap)
        if i % 10 == 0:
            world.check_views(random)
    for window in range(1, 2_200, 13):
        world.check_twap(window)
    if gap >= 8:
        assert len(world.twin.history.stretches) == KEPT


def test_a_new_hub_goes_on_from_the_stored_volatility() -> None:
    world = OracleWorld(1)
    for i in range(60):
        world.say(0, 2_000 * WAD + (i % 2) * 40 * WAD, 0)
        world.update()
        world.chain.warp(60)
    before = world.stored()
    assert before.sigma > 10**6
    world.replace_hub(LIMITS)
    world.say(0, before.index, 0)
    after = world.update()
    assert after.flags == Defect.SHORT_TWAP
    assert abs(after.sigma - before.sigma) < before.sigma // 1_000


def test_an_unfit_price_moves_neither_average_nor_volatility() -> None:
    """A doubted price far away stands in the average as the average itself."""
    world = OracleWorld(1)
    for _ in range(40):
        world.say(0, 2_000 * WAD, 0)
        world.update()
        world.chain.warp(12)
    world.say(0, 2_100 * WAD, 25 * WAD)
    assert world.update().flags == Defect.UNCERTAIN
    world.chain.warp(600)
    world.say(0, 2_000 * WAD, 0)
    assert world.update() == Price(2_000 * WAD, 2_000 * WAD, 0, 0, world.chain.timestamp(), 0)


def test_fifteen_minutes_of_agreement_restore_the_primary() -> None:
    world = OracleWorld(2)
    world.say(0, 0, 0)
    world.say(1, 2_000 * WAD, 0)
    assert world.update().spread_bps == LIMITS.max_deviation_bps
    world.chain.warp(10)
    world.say(0, 2_001 * WAD, 0)
    flags = []
    for _ in range(4):
        flags.append(world.update().flags & Defect.UNCERTAIN)
        world.chain.warp(300)
    assert flags == [Defect.UNCERTAIN] * 3 + [0]
    assert world.stored().index == 2_001 * WAD


@given(st.lists(st.tuples(st.integers(0, 5), st.just(0)), min_size=3, max_size=3))
def test_median_takes_the_nearer_neighbour(quotes: list[tuple[int, int]]) -> None:
    middle, nearest = median(quotes)
    present = [quote for quote in quotes if quote[0]]
    if len(present) == 3:
        present.sort()
        assert middle == present[1]
        distance = min(present[1][0] - present[0][0], present[2][0] - present[1][0])
        assert abs(middle[0] - nearest[0]) == distance
    elif len(present) == 2:
        assert [middle, nearest] == present
    else:
        assert middle == SILENCE


def test_the_spread_is_confidence_disagreement_or_what_is_allowed() -> None:
    quote = (10_000 * WAD, 3 * WAD)
    assert spread_of(quote, (10_100 * WAD, 9 * WAD), 100) == (3 * WAD, False)
    assert spread_of(quote, (10_200 * WAD, 9 * WAD), 100) == (200 * WAD, True)
    assert spread_of(quote, SILENCE, 100) == (100 * WAD, True)
    assert spread_of((10_000 * WAD, 300 * WAD), SILENCE, 100) == (300 * WAD, True)


def test_a_wide_confidence_is_a_doubt() -> None:
    limits = Limits(WAD, 10**6 * WAD, 100, 50, 1_000, 500)
    for spread, flags in ((5 * WAD, 0), (5 * WAD + 1, Defect.UNCERTAIN)):
        assert read(limits, [(1_000 * WAD, spread)], 1)[0].flags == flags


def test_silence_keeps_the_last_price() -> None:
    last = Price(5, 6, 7, 8, 9, Defect.SHORT_TWAP)
    feed = OracleFeed(LIMITS)
    assert feed.refresh(last, [SILENCE], 100) == replace(last, flags=Defect.SHORT_TWAP | Defect.INVALID)


@settings(max_examples=100)
@given(st.tuples(*(st.integers(0, 2**bits - 1) for bits in (88, 88, 24, 16, 32, 8))))
def test_a_word_holds_a_price(values: tuple[int, ...]) -> None:
    assert unpack(pack(Price(*values))) == Price(*values)


@pytest.mark.parametrize("flags", range(64))
@pytest.mark.parametrize("age", [0, 60, 61, 600, 601])
def test_ladder_takes_the_worst_defect(flags: int, age: int) -> None:
    found = validity(Price(1, 1, 0, 0, 1_000, flags), 60, 600, 1_000 + age)
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
    assert suspect(flags) == bool(flags & SUSPECT)


def test_no_new_risk_at_a_suspect_price() -> None:
    """The escrow counts on it: a position with a claim has only shrunk since its period began."""
    for flags in range(64):
        if suspect(flags):
            assert not allows(validity(Price(1, 1, 0, 0, 1_000, flags), 60, 600, 1_000), Action.OPEN)


def test_grace_does_not_lift_what_a_doubt_forbids() -> None:
    for flags in (Defect.UNCERTAIN, Defect.VOLATILE):
        price = Price(1, 1, 0, 0, 1_000, flags | Defect.SEQUENCER_GRACE)
        assert require(price, Action.REDUCE, 60, 600, 1_000) == Validity.SEQUENCER_GRACE
        with pytest.raises(Refused, match="PriceNotGoodFor"):
            require(price, Action.POOL_REDEEM, 60, 600, 1_000)


def test_the_matrix_is_never_looser_for_liquidation_than_for_adding_margin() -> None:
    for row in MATRIX.values():
        assert Action.ADD_MARGIN in row
        assert (Action.OPEN in row) <= (Action.REDUCE in row)
        assert (Action.LIQUIDATE in row) <= (Action.REDUCE in row)
    assert MATRIX[Validity.VALID] == frozenset(Action)


def test_never_stored_is_invalid() -> None:
    assert validity(Price(), 60, 600, 10**9) == Validity.INVALID
    assert require(Price(1, 1, 0, 0, 10, 0), Action.OPEN, 60, 600, 10) == Validity.VALID


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
