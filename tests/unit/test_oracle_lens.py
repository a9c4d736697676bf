"""OracleLens: what it says is what core, hub and sources say, whatever the sources do to it."""

import pytest
from support.bench import MARKET, Bench, rolled_back

from keel.config.deployment import load_deployment
from keel.errors import ChainError, ConfigError, DataError, Reverted
from keel.evm.chain import NOBODY
from keel.evm.pyevm import PyEvmChain
from keel.evm.revm import RevmChain
from keel.model.validity import MATRIX, Action, Defect, Validity
from keel.sdk.deploy import deploy
from keel.sdk.deployment import Record
from keel.sdk.oracle import OracleReader, action_matrix
from keel.sdk.protocol import Protocol
from keel.units import WAD

PRICE = 50_000
ANY = "0x" + "12" * 20
# The order of MockSource.Fault.
FAULTS = ["revert", "revert bomb", "return bomb", "burns all gas", "no answer", "half an answer"]
CASES = [pytest.param(number, id=name) for number, name in enumerate(FAULTS, start=1)]


class World(Bench):
    """The local deployment in use, whose feed can be replaced by sources that fail on demand."""

    def __init__(self, chain=None):
        self.record = Record()
        chain = chain or RevmChain()
        super().__init__(Protocol(chain, deploy(chain, load_deployment(), record=self.record)))

    @property
    def reader(self):
        return OracleReader(self.chain, self.record)

    def see(self):
        return self.reader.market(MARKET)

    def feed(self, count):
        """So many sources at 50,000, behind a hub of their own that has a valid price."""
        made = [self.chain.deploy("MockSource") for _ in range(count)]
        for source in made:
            self.say(source, PRICE)
        self.link_feed(made)
        for seconds in (60, 301):
            self.update(seconds)
        return made

    def say(self, source, price):
        self.chain.send(source, "set", price * WAD, sender=self.provider)

    def fail(self, source, fault):
        self.chain.send(source, "fail", fault, sender=self.provider)

    def update(self, seconds=60):
        self.chain.warp(seconds)
        self.protocol.update_price(MARKET, self.provider)

    def ask_hub(self, function, *arguments):
        return self.chain.call(self.hub_of(), function, *arguments)


WORLD = World().use()


@pytest.fixture
def world():
    with rolled_back(WORLD.chain):
        yield WORLD


def agrees(world):
    """The lens against the views that it is made of; gives what it said."""
    seen, stored = world.see(), world.protocol.view("marketOf", MARKET).price
    said = seen.index, seen.twap, seen.sigma, seen.spread_bps, seen.defects
    assert said == (stored.index, stored.twap, stored.sigma, stored.spreadBps, stored.flags)
    assert seen.age == world.chain.timestamp() - stored.at
    assert seen.validity == world.protocol.market(MARKET).validity
    assert seen.actions == MATRIX[seen.validity]
    assert (seen.peek_price, seen.peek_spread, seen.peek_defects) == tuple(world.ask_hub("peek"))
    assert (seen.on_reference, seen.agrees_since) == tuple(world.ask_hub("ladder"))
    for window, average in ((300, seen.twap5), (1_800, seen.twap30)):
        assert average == average_of(world, window)
    escrow = world.protocol.view("escrowOf", MARKET)
    assert (seen.escrow.period, seen.escrow.low, seen.escrow.high) == (escrow.period, escrow.low, escrow.high)
    assert seen.escrow.reserve == escrow.reserve
    assert [one.address for one in seen.sources] == list(world.ask_hub("feed").sources)
    return seen


def average_of(world, window):
    try:
        return world.ask_hub("twap", window)
    except Reverted as refused:
        return None if refused.error == "HistoryTooShort" else refused


def test_the_matrix_of_the_code_is_the_model_s():
    chain = RevmChain()
    assert action_matrix(chain, chain.deploy("OracleLens", NOBODY)) == dict(MATRIX)
    with pytest.raises(Reverted):
        chain.call(chain.deploy("OracleLens", NOBODY), "actionsAt", len(Validity))


def test_before_the_first_price():
    world = World()
    seen = agrees(world)
    assert (seen.validity, seen.index, seen.twap5, seen.twap30) == (Validity.INVALID, 0, None, None)
    assert seen.age == world.chain.timestamp()
    assert (seen.actions, seen.peek_defects) == ({Action.ADD_MARGIN}, Defect.INVALID)
    (source,) = seen.sources
    assert (source.usable, source.price, source.published_at) == (False, 0, 0)
    assert source.age == world.chain.timestamp()
    assert not seen.escrow.open


def test_a_price_from_fresh_to_stale(world):
    assert agrees(world).validity == Validity.VALID
    expected = {61: Validity.STALE10, 239: Validity.STALE10, 1: Validity.STALE60, 3_359: Validity.STALE60}
    for seconds, validity in expected.items():
        world.later(seconds)
        seen = agrees(world)
        assert seen.validity == validity
        assert seen.sources[0].age == seen.age
    assert seen.sources[0].usable
    # The source's own heartbeat is over before anybody stored that.
    world.later(61)
    seen = agrees(world)
    assert (seen.validity, seen.peek_defects) == (Validity.STALE60, Defect.INVALID)
    assert (seen.sources[0].usable, seen.sources[0].price) == (False, 0)
    assert (seen.sources[0].published_at, seen.sources[0].age) == (world.chain.timestamp() - 3_721, 3_721)


def test_averages_of_5_and_30_minutes(world):
    assert agrees(world).twap30 is None
    world.later(60)
    world.settle_price(PRICE + 100)
    assert (agrees(world).twap5, agrees(world).twap30) == ((PRICE + 100) * WAD, None)
    world.later(1_799)
    world.price(PRICE + 200)
    world.later(1)
    seen = agrees(world)
    assert seen.twap30 == (1_799 * (PRICE + 100) + PRICE + 200) * WAD // 1_800
    assert seen.twap5 == (299 * (PRICE + 100) + PRICE + 200) * WAD // 300


def test_a_volatile_price_opens_the_escrow(world):
    world.later(60)
    world.price(PRICE * 13 // 10)
    seen = agrees(world)
    assert (seen.validity, seen.defects, seen.escrow.open) == (Validity.VOLATILE, Defect.VOLATILE, True)
    assert (seen.escrow.period, seen.escrow.low) == (1, PRICE * 13 // 10 * WAD)
    assert seen.actions == {Action.ADD_MARGIN, Action.REDUCE, Action.LIQUIDATE}
    world.settle_price(PRICE)
    world.settle_price(PRICE)
    assert (agrees(world).validity, agrees(world).escrow.open) == (Validity.VALID, False)


def test_what_is_stored_and_what_is_live(world):
    """The feed moved, nobody stored it yet."""
    world.publish(PRICE + 7)
    seen = agrees(world)
    assert (seen.index, seen.peek_price) == (PRICE * WAD, (PRICE + 7) * WAD)
    assert seen.sources[0].price == (PRICE + 7) * WAD


@pytest.mark.parametrize("fault", CASES)
@pytest.mark.parametrize("place", range(3))
def test_a_broken_source_breaks_nothing_else(world, fault, place):
    """An answer with an enormous tail is still an answer: the tail is not copied."""
    three = world.feed(3)
    world.fail(three[place], fault)
    seen = agrees(world)
    answers = FAULTS[fault - 1] == "return bomb"
    for i, one in enumerate(seen.sources):
        told = (one.usable, one.price, one.age)
        silent = i == place and not answers
        assert told == ((False, 0, world.chain.timestamp()) if silent else (True, PRICE * WAD, 0))
    assert (seen.peek_price, seen.peek_defects) == (PRICE * WAD, 0)


@pytest.mark.parametrize("fault", CASES)
def test_three_hostile_sources_cost_six_stipends(fault):
    """Twice asked, by the hub and one by one; nothing is copied that costs more."""
    world = World(PyEvmChain())
    for source in world.feed(3):
        world.fail(source, fault)
    used = world.chain.send(
        world.protocol.contracts.oracle_lens, "oracleOf", MARKET, sender=world.stranger
    ).gas_used
    assert used < 6 * 200_000 + 250_000


@pytest.mark.parametrize(
    ("price", "usable"), [(99, False), (100, True), (10_000_000, True), (10_000_001, False)]
)
def test_a_price_that_the_bounds_do_not_believe(world, price, usable):
    """It is shown, not used; the bounds of the preset are 100 and 10 million, inclusive."""
    two = world.feed(2)
    world.say(two[0], price)
    first, second = agrees(world).sources
    assert (first.usable, first.price) == (usable, price * WAD)
    assert (second.usable, second.price) == (True, PRICE * WAD)


def test_disagreement_and_the_ladder(world):
    primary, reference = world.feed(2)
    world.say(reference, PRICE * 103 // 100)
    world.update()
    seen = agrees(world)
    assert (seen.validity, seen.on_reference) == (Validity.UNCERTAIN, False)
    assert seen.defects == seen.peek_defects == Defect.UNCERTAIN
    assert seen.spread_bps >= 300
    world.say(reference, PRICE)
    world.fail(primary, 1)
    assert not agrees(world).on_reference
    world.update()
    seen = agrees(world)
    assert (seen.on_reference, seen.agrees_since, seen.validity) == (True, 0, Validity.UNCERTAIN)
    world.fail(primary, 0)
    world.update()
    assert agrees(world).agrees_since == world.chain.timestamp()
    world.update(15 * 60)
    assert not agrees(world).on_reference


def test_all_markets_are_the_ones_by_id():
    chain, record = RevmChain(), Record()
    deploy(chain, load_deployment("fuzz"), record=record)
    reader = OracleReader(chain, record)
    states = reader.markets()
    assert [(one.market, one.name) for one in states] == [(1, "DEEP"), (2, "SHALLOW")]
    assert states == tuple(map(reader.market, (1, 2)))
    for number in (0, 3):
        with pytest.raises(DataError, match=f"no market {number}: choose 1 to 2"):
            reader.market(number)
    assert {source.name for one in states for source in one.sources} == {"ChainlinkSource"}


def test_a_source_that_the_record_does_not_know_has_no_name(world):
    world.feed(1)
    assert agrees(world).sources[0].name == ""


def test_records_without_a_lens_or_of_another_chain(world):
    with pytest.raises(ConfigError, match="has no oracle_lens: give the record of a finished deployment"):
        OracleReader(world.chain, Record())
    record = Record({"oracle_lens": ("OracleLens", ANY)})
    with pytest.raises(ChainError, match=f"there is no lens at {ANY}: check that the record"):
        OracleReader(world.chain, record).markets()


@pytest.mark.parametrize("market", [0, 2, 65_535])
def test_a_market_that_is_not_there(world, market):
    with pytest.raises(Reverted) as refused:
        world.chain.call(world.protocol.contracts.oracle_lens, "oracleOf", market)
    assert (refused.value.error, refused.value.named) == ("MarketUnknown", {"market": market})
