"""Sources that fail on purpose: nothing that a source does may stop a price update or a liquidation."""

import pytest
from support.bench import MARKET, make_bench
from support.hub import BURN, DECIMALS, EMPTY, RETURN_BOMB, REVERT_BOMB, Defect, Hub, code_that_answers

from keel.evm.pyevm import PyEvmChain
from keel.evm.revm import RevmChain
from keel.sdk.protocol import account_id
from keel.units import WAD

PRICE = 2_000 * WAD
# The order of MockSource.Fault.
FAULTS = ["revert", "revert bomb", "return bomb", "burns all gas", "no answer", "half an answer"]
CASES = [pytest.param(number, id=name) for number, name in enumerate(FAULTS, start=1)]
HOSTILE_CODE = ["invalid", "revert bomb", "return bomb", "no answer"]
# An answer with an enormous tail is still an answer: the tail is not copied.
SILENT = [case for case in CASES if case.id != "return bomb"]
# What one source may cost, and what the hub does around it with an empty history.
STIPEND, AROUND = 200_000, 110_000


def sources(chain, count):
    made = [chain.deploy("MockSource") for _ in range(count)]
    for source in made:
        chain.send(source, "set", PRICE, sender=chain.accounts[0])
    return made


def fail(chain, source, fault):
    chain.send(source, "fail", fault, sender=chain.accounts[0])


@pytest.mark.parametrize("fault", CASES)
@pytest.mark.parametrize("place", range(3))
def test_one_hostile_source_of_three_changes_nothing(fault, place):
    chain = RevmChain()
    three = sources(chain, 3)
    hub = Hub(chain, three)
    fail(chain, three[place], fault)
    assert hub.peek() == (PRICE, 0, 0)
    hub.refresh()
    assert hub.stored.index == PRICE


@pytest.mark.parametrize("fault", SILENT)
@pytest.mark.parametrize(("count", "expected"), [(1, Defect.INVALID), (2, Defect.UNCERTAIN)])
def test_a_hostile_source_is_a_missing_price(fault, count, expected):
    """Without a primary there is no price; without its reference it is doubted."""
    chain = RevmChain()
    some = sources(chain, count)
    hub = Hub(chain, some)
    fail(chain, some[-1], fault)
    assert hub.seen() == (0 if count == 1 else PRICE, expected)
    hub.refresh()
    assert hub.stored.flags & expected
    fail(chain, some[-1], 0)
    assert hub.peek() == (PRICE, 0, 0)


@pytest.mark.parametrize("fault", CASES)
def test_three_hostile_sources_cost_three_stipends(fault):
    """A return bomb used to cost its reader the memory that it claims, and three the square of it."""
    chain = PyEvmChain()
    three = sources(chain, 3)
    hub = Hub(chain, three)
    for source in three:
        fail(chain, source, fault)
    taken = hub.refresh()
    assert hub.stored.flags == (Defect.SHORT_TWAP if FAULTS[fault - 1] == "return bomb" else Defect.INVALID)
    assert taken.gas_used < 3 * STIPEND + AROUND


@pytest.mark.parametrize("answer", [BURN, REVERT_BOMB, RETURN_BOMB, EMPTY], ids=HOSTILE_CODE)
def test_a_hostile_aggregator_behind_a_good_adapter(answer):
    """The feed turns hostile under the adapter: the adapter's stipend is all that it can take."""
    chain = PyEvmChain()
    aggregator = code_that_answers(chain, (DECIMALS, 8), otherwise=answer)
    adapter = chain.deploy("ChainlinkSource", aggregator, 3_600)
    hub = Hub(chain, [adapter, *sources(chain, 2)])
    assert hub.peek() == (PRICE, 0, 0)
    assert hub.refresh().gas_used < STIPEND + 2 * 10_000 + AROUND


@pytest.mark.parametrize("answer", [BURN, REVERT_BOMB, RETURN_BOMB, EMPTY], ids=HOSTILE_CODE)
def test_a_hostile_sequencer_gate_is_a_sequencer_that_is_down(answer):
    chain = PyEvmChain()
    gate = code_that_answers(chain, otherwise=answer)
    hub = Hub(chain, sources(chain, 1), sequencer=gate)
    assert hub.peek() == (0, 0, Defect.INVALID | Defect.SEQUENCER_DOWN)
    assert hub.refresh().gas_used < STIPEND + AROUND


@pytest.mark.parametrize("fault", CASES)
def test_a_hostile_source_stops_no_liquidation(fault):
    """One of three turns hostile in the crash: the price still falls, and who must be liquidated is."""
    bench = make_bench()
    chain = bench.chain
    three = sources(chain, 3)

    def crash_to(price):
        for source in three[1:]:
            chain.send(source, "set", price, sender=bench.stranger)
        bench.later()
        return bench.protocol.update_price(MARKET, bench.keeper)

    bench.link_feed(three)
    bench.trade(bench.trader, 3 * WAD)
    fail(chain, three[0], fault)
    crash_to(45_500 * WAD)
    bench.later(301)
    assert crash_to(45_500 * WAD).gas_used < STIPEND + 250_000
    done = bench.protocol.liquidate(account_id(bench.trader), bench.keeper)
    assert done.result.size < 0 < done.result.reward
