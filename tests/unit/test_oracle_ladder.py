"""One, two and three sources: who is believed, who is said to be silent, and how the primary comes back."""

from itertools import product

import pytest
from support.hub import LIMITS, MARKET, Defect, Hub
from support.oracle_faults import P
from support.oracle_feeds import ChainlinkFeed, Rollup
from support.oracle_market import visit

from keel.evm.revm import RevmChain
from keel.model.validity import Validity
from keel.units import WAD

INDEX = 50_000 * WAD
# The reference is 1 % lower, so that one sees which of the two was taken.
REFERENCE = INDEX * 99 // 100
RECOVERY = 15 * 60
UNKNOWN_BPS = 150


class Pair:
    """A primary and a reference on Chainlink's mock, and the hub over them."""

    def __init__(self, count=2, sequencer=None):
        self.chain = RevmChain()
        self.feeds = [ChainlinkFeed(self.chain, answer=P, heartbeat=604_800) for _ in range(count)]
        gate = {"sequencer": sequencer(self.chain)} if sequencer else {}
        self.hub = Hub(self.chain, [feed.source for feed in self.feeds], **gate)
        self.say(INDEX, *[REFERENCE] * (count - 1))

    def say(self, *prices):
        """What each of them says, WAD; 0 = nothing usable."""
        for feed, price in zip(self.feeds, prices, strict=True):
            feed.publish(price // 10**10)

    def take(self, seconds=60):
        """Let time pass and take a price; gives what the hub told."""
        self.chain.warp(seconds)
        return [log for log in self.hub.refresh().logs if log.address == self.hub.contract.address]

    def told(self, *prices, seconds=60):
        """The names of the events of a refresh after this was said."""
        self.say(*prices)
        return [log.event for log in self.take(seconds)]

    @property
    def stored(self):
        """Index, spread and defects beside the short history."""
        price = self.hub.stored
        return price.index, price.spread_bps, price.flags & ~Defect.SHORT_TWAP


@pytest.fixture
def pair():
    made = Pair()
    assert made.take() == []
    assert made.stored == (INDEX, 0, 0)
    return made


def fallen(pair):
    pair.told(0, REFERENCE)
    return pair


def test_the_primary_falls_once(pair):
    assert pair.told(0, REFERENCE) == ["SourcesSilent", "PrimaryFallen"]
    assert pair.stored == (REFERENCE, UNKNOWN_BPS, Defect.UNCERTAIN)
    assert pair.hub.ladder() == (True, 0)
    # It does not fall again, however often it is silent.
    assert pair.told(0, REFERENCE) == ["SourcesSilent"]
    assert pair.hub.ladder() == (True, 0)


def test_a_look_does_not_move_the_ladder(pair):
    pair.say(0, REFERENCE)
    assert pair.hub.peek() == (REFERENCE, REFERENCE * UNKNOWN_BPS // 10_000, Defect.UNCERTAIN)
    assert pair.hub.ladder() == (False, 0)
    pair.say(INDEX, REFERENCE)
    assert pair.hub.peek() == (INDEX, 0, 0)


def test_it_stays_on_the_reference_when_the_primary_is_back(pair):
    fallen(pair)
    assert pair.told(INDEX, REFERENCE) == []
    assert pair.stored == (REFERENCE, UNKNOWN_BPS, Defect.UNCERTAIN)
    assert pair.hub.ladder() == (True, pair.chain.timestamp())


@pytest.mark.parametrize("pace", [60, 300, 900])
def test_it_comes_back_after_fifteen_minutes_of_agreement(pair, pace):
    fallen(pair)
    assert pair.told(INDEX, REFERENCE) == []
    for _ in range(RECOVERY // pace - 1):
        assert pair.told(INDEX, REFERENCE, seconds=pace) == []
    if pace > 1:
        assert pair.told(INDEX, REFERENCE, seconds=pace - 1) == []
        assert pair.stored == (REFERENCE, UNKNOWN_BPS, Defect.UNCERTAIN)
    assert pair.told(INDEX, REFERENCE, seconds=1) == ["PrimaryRestored"]
    assert pair.stored == (INDEX, 0, 0)
    assert pair.hub.ladder() == (False, 0)
    # And may fall again.
    assert pair.told(0, REFERENCE) == ["SourcesSilent", "PrimaryFallen"]


@pytest.mark.parametrize(
    "interruption",
    [(0, REFERENCE), (REFERENCE * 10_151 // 10_000, REFERENCE), (REFERENCE * 9_849 // 10_000, REFERENCE)],
    ids=["silent", "too high", "too low"],
)
def test_a_flapping_primary_does_not_come_back(pair, interruption):
    """Fourteen minutes of agreement and a break, over and over: the clock begins anew each time."""
    fallen(pair)
    for _ in range(4):
        pair.told(INDEX, REFERENCE)
        assert pair.told(INDEX, REFERENCE, seconds=RECOVERY - 60) == []
        pair.told(*interruption)
        assert pair.hub.ladder() == (True, 0)
        assert pair.stored == (REFERENCE, UNKNOWN_BPS, Defect.UNCERTAIN)


def test_agreement_is_what_is_believed_of_the_reference(pair):
    """A gap of exactly 1.5 % of the reference is agreement."""
    fallen(pair)
    edge = REFERENCE * 10_150 // 10_000
    pair.told(edge, REFERENCE)
    assert pair.told(edge, REFERENCE, seconds=RECOVERY) == ["PrimaryRestored"]
    assert pair.stored == (edge, 0, 0)


def test_the_reference_falls_silent_while_it_stands_in(pair):
    """The primary alone is not believed again: nobody confirms it."""
    fallen(pair)
    pair.told(INDEX, REFERENCE)
    before = pair.hub.stored
    (silent,) = (log for log in both_told(pair, INDEX, 0) if log.event == "SourcesSilent")
    assert silent.args == {"mask": 2}
    assert pair.hub.stored == before._replace(flags=before.flags | Defect.INVALID)
    assert pair.hub.ladder() == (True, 0)
    pair.told(INDEX, REFERENCE)
    assert pair.stored == (REFERENCE, UNKNOWN_BPS, Defect.UNCERTAIN)


def both_told(pair, *prices):
    pair.say(*prices)
    return pair.take()


def test_both_silent_is_no_fall(pair):
    """There is nothing to fall on; when they are back, all is as it was."""
    assert pair.told(0, 0) == ["SourcesSilent"]
    assert pair.hub.ladder() == (False, 0)
    assert pair.hub.stored.flags & Defect.INVALID
    assert pair.told(INDEX, REFERENCE) == []
    assert pair.stored == (INDEX, 0, 0)


def test_a_doubted_primary_is_no_fall(pair):
    """Too far apart, or a silent reference: the primary goes on, in doubt, and with the gap as its spread."""
    far = REFERENCE * 103 // 100
    assert pair.told(far, REFERENCE) == []
    assert pair.stored == (far, -(-(far - REFERENCE) * 10_000 // far), Defect.UNCERTAIN)
    assert pair.told(INDEX, 0) == ["SourcesSilent"]
    assert pair.stored == (INDEX, UNKNOWN_BPS, Defect.UNCERTAIN)
    assert pair.hub.ladder() == (False, 0)
    assert pair.told(INDEX, REFERENCE) == []
    assert pair.stored == (INDEX, 0, 0)


def test_while_the_sequencer_is_down_the_ladder_stands_still():
    rollup = []

    def gate(chain):
        rollup.append(Rollup(chain).open_to_all())
        chain.warp(3_601)
        return chain.deploy("SequencerGate", rollup[0].feed, 3_600)

    pair = Pair(sequencer=gate)
    pair.take()
    rollup[0].report(True)
    assert pair.told(0, REFERENCE) == []
    assert pair.hub.ladder() == (False, 0)
    assert pair.hub.stored.flags & Defect.SEQUENCER_DOWN


@pytest.mark.parametrize("silent", list(product([False, True], repeat=3)), ids=str)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_silent_sources_are_named(count, silent):
    """Bit i of the mask is source i; nothing is told when all speak."""
    pair = Pair(count)
    pair.say(*(0 if quiet else INDEX for quiet in silent[:count]))
    masks = [log.args["mask"] for log in pair.take() if log.event == "SourcesSilent"]
    expected = sum(1 << place for place, quiet in enumerate(silent[:count]) if quiet)
    assert masks == ([expected] if expected else [])
    # One of three may be missing, or the reference, or the primary; a source alone may not.
    missing = sum(silent[:count])
    assert bool(pair.hub.stored.flags & Defect.INVALID) == (missing == count or (count, missing) == (3, 2))
    if count != 2:
        assert pair.hub.ladder() == (False, 0)


def test_a_new_hub_begins_with_its_primary():
    """Governance ends a fall by linking another hub: the ladder is the hub's own."""
    with visit("pair") as where:
        where.feeds[0].publish(0)
        where.update()
        hub = where.hub_of()
        assert tuple(where.chain.call(hub, "ladder")) == (True, 0)
        where.link_feed([feed.source for feed in where.feeds])
        where.later()
        where.feeds[0].publish(P)
        where.update()
        assert where.stored.index == INDEX
        assert where.protocol.market(1).validity == Validity.SHORT_TWAP


def test_the_hub_says_what_it_was_made_of():
    pair = Pair(3)
    feed = pair.chain.call(pair.hub.contract, "feed")
    assert [*feed.sources] == [one.source.address for one in pair.feeds]
    assert tuple(feed.limits) == LIMITS
    assert pair.chain.call(pair.hub.contract, "CORE") == pair.hub.core
    assert pair.chain.call(pair.hub.contract, "MARKET") == MARKET
