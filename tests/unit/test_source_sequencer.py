"""SequencerGate on Chainlink's own Arbitrum uptime feed, alone and under a whole market."""

import pytest
from support.bench import MARKET, PRICE, Bench
from support.external import chainlink
from support.hub import BURN, NOBODY, Hub, code_that_answers

from keel.config.deployment import load_deployment
from keel.errors import Reverted
from keel.evm.pyevm import PyEvmChain
from keel.evm.revm import RevmChain
from keel.model.oracle import Limits, read
from keel.model.validity import Action, Defect, Validity
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol, account_id
from keel.units import WAD

GRACE = 3_600
OUTAGE = 78 * 60
# What a message from L1 bears as its sender on Arbitrum: the sender's address plus this.
ALIAS = 0x1111000000000000000000000000000000001111
# The order of Sequencer in ISequencerGate.
DOWN, IN_GRACE, UP = range(3)
UP_ANSWER, DOWN_ANSWER = False, True


class Rollup:
    """Chainlink's uptime feed on an Arbitrum of our own: it takes what the sender on L1 tells it."""

    def __init__(self, chain, begin=True):
        self.chain, self.owner, self.messenger = chain, chain.accounts[0], chain.accounts[1]
        access = chainlink("SimpleReadAccessController").deploy(chain)
        flags = chainlink("Flags").deploy(chain, access, access)
        l1_sender = "0x" + (int(self.messenger, 16) - ALIAS).to_bytes(20, "big", signed=False).hex()
        self.feed = chainlink("ArbitrumSequencerUptimeFeed").deploy(chain, flags, l1_sender)
        self._send(access, "addAccess", self.feed)
        self._send(flags, "addAccess", self.feed)
        if begin:
            self._send(self.feed, "initialize")

    def let_read(self, reader):
        self._send(self.feed, "addAccess", reader)

    def report(self, down, at=None):
        stamp = self.chain.timestamp() if at is None else at
        self.chain.send(self.feed, "updateStatus", down, stamp, sender=self.messenger)

    def gate(self, grace=GRACE):
        """A gate that may read: its address gets access before it is there, as its constructor reads."""
        taken = self.chain.snapshot()
        self._send(self.feed, "disableAccessCheck")
        at = self.chain.deploy("SequencerGate", self.feed, grace).address
        self.chain.revert(taken)
        self.let_read(at)
        return self.chain.deploy("SequencerGate", self.feed, grace)

    def _send(self, target, function, *args):
        self.chain.send(target, function, *args, sender=self.owner)


@pytest.fixture
def rollup():
    made = Rollup(RevmChain())
    made._send(made.feed, "disableAccessCheck")
    return made


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
    gate = rollup.gate()
    source = chain.deploy("MockSource")
    chain.send(source, "set", 2_000 * WAD, sender=chain.accounts[0])
    hub = Hub(chain, [source], sequencer=gate)
    assert hub.peek() == (2_000 * WAD, Defect.SEQUENCER_GRACE)
    rollup._send(rollup.feed, "removeAccess", gate)
    assert hub.peek() == (0, Defect.INVALID)


@pytest.mark.parametrize("grace", [0, 86_401])
def test_grace_bounds(rollup, grace):
    with pytest.raises(Reverted) as refused:
        rollup.chain.deploy("SequencerGate", rollup.feed, grace)
    assert refused.value.named == {"given": grace, "low": 1, "high": 86_400}


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize(
    ("word", "flag"),
    [
        (DOWN, Defect.INVALID),
        (IN_GRACE, Defect.SEQUENCER_GRACE),
        (UP, 0),
        (3, Defect.INVALID),
        (255, Defect.INVALID),
    ],
)
def test_the_hub_and_its_twin(count, word, flag):
    """The state marks every price, beside what the sources say; a state that does not exist is down."""
    chain = RevmChain()
    gate = code_that_answers(chain, ("c19d93fb", word), otherwise=BURN)
    sources = [chain.deploy("MockSource") for _ in range(count)]
    hub = Hub(chain, sources, sequencer=gate)
    limits = Limits(WAD, 10**6 * WAD, 150, 2_000, 500)
    for answers in ([2_000, 2_000, 2_000], [2_000, 2_100, 2_200], [2_000, 0, 0], [0, 0, 0]):
        prices = [answer * WAD for answer in answers[:count]]
        for source, price in zip(sources, prices, strict=True):
            chain.send(source, "set", price, sender=chain.accounts[0])
        found = hub.peek()
        assert found == read(limits, prices, flag)
        assert found[1] & flag == flag or found == (0, Defect.INVALID)
        assert hub.refresh().result.flags & found[1] == found[1]


@pytest.fixture(scope="module")
def market():
    """A market on a rollup whose sequencer has worked for longer than the grace."""
    chain = RevmChain()
    rollup = Rollup(chain)
    rollup._send(rollup.feed, "disableAccessCheck")
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
        bench.protocol.liquidate(me, MARKET, bench.keeper)
    else:
        with pytest.raises(Reverted):
            bench.protocol.liquidate(me, MARKET, bench.keeper)
        chain.warp(GRACE)
        bench.settle_price(index)
        bench.protocol.liquidate(me, MARKET, bench.keeper)
    chain.revert(taken)


def test_a_chain_without_sequencer_asks_nobody():
    chain = RevmChain()
    assert chain.call(deploy(chain, load_deployment()).hub, "SEQUENCER") == NOBODY


def test_gas_of_a_read():
    chain = PyEvmChain()
    rollup = Rollup(chain)
    rollup._send(rollup.feed, "disableAccessCheck")
    gate = chain.deploy("SequencerGate", rollup.feed, GRACE)
    used = chain.send(gate, "state", sender=rollup.owner).gas_used - 21_064
    assert used < 20_000
