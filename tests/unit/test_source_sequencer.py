"""SequencerGate on Chainlink's own Arbitrum uptime feed, alone and under a whole market."""

import pytest
from support.bench import MARKET, PRICE, Bench
from support.external import chainlink
from support.hub import BURN, NOBODY, Defect, Hub, code_that_answers
from support.oracle_feeds import Rollup

from keel.config.deployment import load_deployment
from keel.errors import Reverted
from keel.evm.pyevm import PyEvmChain
from keel.evm.revm import RevmChain
from keel.model.validity import Action, Validity
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol, account_id
from keel.units import WAD

GRACE = 3_600
OUTAGE = 78 * 60
# The order of Sequencer in ISequencerGate.
DOWN, IN_GRACE, UP = range(3)
UP_ANSWER, DOWN_ANSWER = False, True
HALTED = Defect.INVALID | Defect.SEQUENCER_DOWN


@pytest.fixture
def rollup():
    return Rollup(RevmChain()).open_to_all()


def state(rollup, gate):
    return rollup.chain.call(gate, "state")


def test_up_down_grace_up(rollup):
    gate = rollup.chain.deploy("SequencerGate", rollup.feed, GRACE)
    # The feed began just now: nobody knows what was before.
    assert state(rollup, gate) == IN_GRACE
    rollup.chain.warp(GRACE)
    assert state(rollup, gate) == IN_GRACE
    rollup.chain.warp(1)
    assert state(rollup, gate) == UP
    rollup.report(DOWN_ANSWER)
    assert state(rollup, gate) == DOWN
    rollup.chain.warp(10 * GRACE)
    assert state(rollup, gate) == DOWN
    rollup.report(UP_ANSWER)
    for seconds, expected in ((GRACE - 1, IN_GRACE), (1, IN_GRACE), (1, UP)):
        rollup.chain.warp(seconds)
        assert state(rollup, gate) == expected


def test_an_outage_is_told_when_it_is_over(rollup):
    """The messages of L1 wait for the sequencer: both arrive together, with the times of L1."""
    gate = rollup.chain.deploy("SequencerGate", rollup.feed, GRACE)
    rollup.chain.warp(GRACE + 1)
    began = rollup.chain.timestamp()
    rollup.chain.warp(OUTAGE + 600)
    assert state(rollup, gate) == UP
    rollup.report(DOWN_ANSWER, began)
    rollup.report(UP_ANSWER, began + OUTAGE)
    assert state(rollup, gate) == IN_GRACE
    rollup.chain.warp(GRACE - 600 + 1)
    assert state(rollup, gate) == UP


def test_a_clock_that_is_wrong_is_down(rollup):
    """A status of the future: its grace could not be counted, and would underflow."""
    gate = rollup.chain.deploy("SequencerGate", rollup.feed, GRACE)
    rollup.report(DOWN_ANSWER)
    rollup.chain.warp(1)
    rollup.report(UP_ANSWER, rollup.chain.timestamp() + 60)
    assert state(rollup, gate) == DOWN
    rollup.chain.warp(60)
    assert state(rollup, gate) == IN_GRACE


def test_repeated_news_do_not_begin_the_grace_again(rollup):
    """Aave's sentinel counts from `updatedAt`: a feed that refreshes it holds liquidations off."""
    gate = rollup.chain.deploy("SequencerGate", rollup.feed, GRACE)
    for _ in range(6):
        rollup.chain.warp(GRACE // 6)
        rollup.report(UP_ANSWER)
        assert state(rollup, gate) == IN_GRACE
    rollup.chain.warp(1)
    assert state(rollup, gate) == UP
    # The Arbitrum feed ignores what it knows; another one may write the time of the news down.
    feed = chainlink("MockV3Aggregator").deploy(rollup.chain, 0, 0)
    gate = rollup.chain.deploy("SequencerGate", feed, GRACE)
    began = rollup.chain.timestamp()
    rollup.chain.warp(GRACE + 1)
    rollup.chain.send(feed, "updateRoundData", 1, 0, began + GRACE + 1, began, sender=rollup.owner)
    assert state(rollup, gate) == UP


def test_gmx_m25_a_feed_that_has_not_begun():
    """O12: with `startedAt` zero the time since the return looks enormous, and a check passes."""
    chain = RevmChain()
    with pytest.raises(Reverted):
        chain.deploy("SequencerGate", Rollup(chain, begin=False).feed, GRACE)
    # A feed that answers zeros instead of refusing: MockV3Aggregator with such a round.
    feed = chainlink("MockV3Aggregator").deploy(chain, 0, 0)
    gate = chain.deploy("SequencerGate", feed, GRACE)
    chain.send(feed, "updateRoundData", 0, 0, 0, 0, sender=chain.accounts[0])
    assert chain.call(gate, "state") == DOWN


def test_a_feed_that_gives_no_access():
    """The constructor reads, so no gate is made without access; access that is taken back means down."""
    chain = RevmChain()
    rollup = Rollup(chain)
    with pytest.raises(Reverted) as refused:
        chain.deploy("SequencerGate", rollup.feed, GRACE)
    assert refused.value.named == {"message": "No access"}
    gate = rollup.gate(GRACE)
    source = chain.deploy("MockSource")
    chain.send(source, "set", 2_000 * WAD, sender=chain.accounts[0])
    hub = Hub(chain, [source], sequencer=gate)
    assert hub.peek() == (2_000 * WAD, 0, Defect.SEQUENCER_GRACE)
    rollup.own(rollup.feed, "removeAccess", gate)
    assert hub.peek() == (0, 0, HALTED)


@pytest.mark.parametrize("grace", [0, 86_401])
def test_grace_bounds(rollup, grace):
    with pytest.raises(Reverted) as refused:
        rollup.chain.deploy("SequencerGate", rollup.feed, grace)
    assert refused.value.named == {"given": grace, "low": 1, "high": 86_400}


# What one, two and three sources say, and the price, spread and defects of it, whole quote per base.
ANSWERS = [
    ([2_000], (2_000, 0, 0)),
    ([0], (0, 0, Defect.INVALID)),
    ([2_000, 2_010], (2_000, 0, 0)),
    ([2_000, 2_100], (2_000, 100, Defect.UNCERTAIN)),
    ([2_000, 0], (2_000, 30, Defect.UNCERTAIN)),
    ([0, 2_000], (2_000, 30, Defect.UNCERTAIN)),
    ([0, 0], (0, 0, Defect.INVALID)),
    ([2_000, 2_100, 2_020], (2_020, 0, 0)),
    ([2_000, 2_100, 2_200], (2_100, 100, Defect.UNCERTAIN)),
    ([0, 2_100, 2_000], (2_100, 100, Defect.UNCERTAIN)),
    ([2_010, 0, 2_000], (2_010, 0, 0)),
    ([0, 2_000, 0], (0, 0, Defect.INVALID)),
]
STATES = [(DOWN, HALTED), (IN_GRACE, Defect.SEQUENCER_GRACE), (UP, 0), (3, HALTED), (255, HALTED)]


@pytest.mark.parametrize(("answers", "expected"), ANSWERS)
@pytest.mark.parametrize(("word", "flag"), STATES)
def test_the_state_marks_every_price(answers, expected, word, flag):
    """Beside what the sources say; a state that does not exist is down."""
    chain = RevmChain()
    gate = code_that_answers(chain, ("c19d93fb", word), otherwise=BURN)
    sources = [chain.deploy("MockSource") for _ in answers]
    hub = Hub(chain, sources, sequencer=gate)
    for source, answer in zip(sources, answers, strict=True):
        chain.send(source, "set", answer * WAD, sender=chain.accounts[0])
    price, spread, flags = expected
    found = (0, 0, HALTED) if flag == HALTED else (price * WAD, spread * WAD, flags | flag)
    assert hub.peek() == found
    hub.refresh()
    short = 0 if found[0] == 0 else Defect.SHORT_TWAP
    assert hub.stored.flags == found[2] | short
    assert hub.stored.index == found[0]
    assert hub.stored.spread_bps == (-(-found[1] * 10_000 // found[0]) if found[0] else 0)


@pytest.fixture(scope="module")
def market():
    """A market on a rollup whose sequencer has worked for longer than the grace."""
    chain = RevmChain()
    rollup = Rollup(chain).open_to_all()
    settings = load_deployment().model_copy(
        update={"sequencer_feed": rollup.feed.address, "sequencer_grace_seconds": GRACE}
    )
    chain.warp(GRACE + 1)
    bench = Bench(Protocol(chain, deploy(chain, settings))).use()
    bench.trade(bench.trader, 3 * WAD)
    return bench, rollup


def validity(bench):
    return Validity(bench.chain.call(bench.protocol.contracts.lens, "market", MARKET).validity)


def refused_as(action, validity_, act):
    with pytest.raises(Reverted) as refused:
        act()
    assert refused.value.error == "PriceNotGoodFor"
    assert (refused.value.named["action"], refused.value.named["validity"]) == (action, validity_)


def test_arbitrum_december_2023_sequencer_gap(market):
    """I-40: 78 minutes without blocks, the index 8 % lower after it; who must act first may act first."""
    bench, rollup = market
    chain, me = bench.chain, account_id(bench.trader)
    taken = chain.snapshot()
    assert validity(bench) == Validity.VALID
    chain.warp(OUTAGE)
    # A transaction forced in from L1, before the news of the outage: the stored price is too old.
    assert validity(bench) == Validity.STALE60
    rollup.report(DOWN_ANSWER, chain.timestamp() - OUTAGE)
    bench.price(PRICE * 92 // 100)
    assert validity(bench) == Validity.INVALID
    refused_as(Action.REDUCE, Validity.INVALID, lambda: bench.trade(bench.trader, -WAD))
    rollup.report(UP_ANSWER)
    chain.warp(60)
    bench.price(PRICE * 92 // 100)
    assert validity(bench) == Validity.SEQUENCER_GRACE
    refused_as(Action.OPEN, Validity.SEQUENCER_GRACE, lambda: bench.trade(bench.newcomer, WAD))
    refused_as(
        Action.POOL_DEPOSIT,
        Validity.SEQUENCER_GRACE,
        lambda: bench.protocol.pool_deposit(MARKET, bench.one, bench.provider),
    )
    bench.protocol.deposit(me, bench.one, bench.trader)
    bench.trade(bench.trader, -WAD)
    chain.warp(GRACE - 60)
    bench.settle_price(PRICE * 92 // 100)
    assert validity(bench) == Validity.VALID
    bench.trade(bench.newcomer, WAD // 10)
    chain.revert(taken)


@pytest.mark.parametrize(("index", "liquidated"), [(45_900, False), (45_700, True)])
def test_in_grace_only_the_worst_are_liquidated(market, index, liquidated):
    """Below maintenance by less than a fifth waits until the grace is over; below that does not."""
    bench, rollup = market
    chain, me = bench.chain, account_id(bench.trader)
    taken = chain.snapshot()
    rollup.report(DOWN_ANSWER)
    chain.warp(60)
    rollup.report(UP_ANSWER)
    chain.warp(1)
    bench.settle_price(index)
    ratio = bench.chain.call(bench.protocol.contracts.lens, "account", me).marginRatio
    assert ratio < 8 * WAD // 10 if liquidated else 8 * WAD // 10 < ratio < WAD
    if liquidated:
        bench.protocol.liquidate(me, bench.keeper)
    else:
        with pytest.raises(Reverted):
            bench.protocol.liquidate(me, bench.keeper)
        chain.warp(GRACE)
        bench.settle_price(index)
        bench.protocol.liquidate(me, bench.keeper)
    chain.revert(taken)


def test_a_chain_without_sequencer_asks_nobody():
    chain = RevmChain()
    assert chain.call(deploy(chain, load_deployment()).markets[0].hub, "SEQUENCER") == NOBODY


def test_gas_of_a_read():
    chain = PyEvmChain()
    rollup = Rollup(chain).open_to_all()
    gate = chain.deploy("SequencerGate", rollup.feed, GRACE)
    used = chain.send(gate, "state", sender=rollup.owner).gas_used - 21_064
    assert used < 20_000
