"""Several defects at once, and what the core says about each price it stores."""

from itertools import combinations

import pytest
from support.bench import MARKET, PRICE, rolled_back
from support.hub import BURN, Defect, code_that_answers, point, signpost
from support.oracle_faults import inject
from support.oracle_faults_of_many import FAULTS
from support.oracle_market import ACTS, visit

from keel.errors import Reverted
from keel.model.validity import MATRIX, Validity
from keel.units import WAD

# ISequencerGate.state() and two of its answers.
STATE, IN_GRACE, UP = "c19d93fb", 1, 2
ROWS = {
    Defect.SHORT_TWAP: Validity.SHORT_TWAP,
    Defect.UNCERTAIN: Validity.UNCERTAIN,
    Defect.VOLATILE: Validity.VOLATILE,
    Defect.SEQUENCER_GRACE: Validity.SEQUENCER_GRACE,
}
SETS = [sum(some, Defect(0)) for size in range(5) for some in combinations(ROWS, size)]
AGES = {0: Validity.VALID, 61: Validity.STALE10, 301: Validity.STALE60}


def break_it(where, defects):
    """Give the market a price with exactly these defects; gives the receipt."""
    chain, feed = where.chain, where.feeds[0]
    gates = {word: code_that_answers(chain, (STATE, word), otherwise=BURN) for word in (IN_GRACE, UP)}
    gate = chain.at("ISequencerGate", gates[UP])
    gate = signpost(chain, gate)
    where.link_feed([feed.source], sequencer=gate)
    for seconds in () if defects & Defect.SHORT_TWAP else (1, 301):
        where.later(seconds)
        where.update()
    where.later()
    if defects & Defect.UNCERTAIN:
        feed.tell("setSpread", PRICE * WAD // 50)
    if defects & Defect.VOLATILE:
        feed.set(PRICE * 13 // 10)
    if defects & Defect.SEQUENCER_GRACE:
        point(chain, gate, gates[IN_GRACE])
    return where.update()


@pytest.mark.parametrize("age", AGES)
@pytest.mark.parametrize("defects", SETS, ids=str)
def test_two_defects_forbid_what_either_forbids(defects, age):
    with visit("mock") as where:
        told = break_it(where, defects).event("PriceStored").args
        assert Defect(where.stored.flags) == defects
        assert (told["market"], tuple(told["price"])) == (MARKET, tuple(where.stored))
        if age:
            where.later(age)
        rows = [MATRIX[AGES[age]], *(MATRIX[row] for flag, row in ROWS.items() if flag & defects)]
        allowed = set.intersection(*map(set, rows))
        assert {act.action for act in ACTS if act.action is not None and done(where, act)} == allowed


def done(where, act):
    """Whether the price allows it; any other refusal is a mistake here."""
    with rolled_back(where.chain):
        try:
            act.run(where)
        except Reverted as refused:
            if refused.error != "PriceNotGoodFor":
                raise
            return False
        return True


@pytest.mark.parametrize("fault", [one for one in FAULTS if one.flags], ids=str)
def test_every_unhealthy_price_is_told(fault):
    """PriceStored carries the price as stored with its defects; SourcesSilent, who gave none."""
    with visit(fault.shape) as where:
        before = where.stored
        receipt = inject(where, fault)
        told = [log for log in receipt.logs if log.event == "PriceStored"]
        assert [tuple(log.args["price"]) for log in told] == [tuple(where.stored)]
        assert told[0].args["price"].flags == fault.flags
        masks = [log.args["mask"] for log in receipt.logs if log.event == "SourcesSilent"]
        if fault.usable:
            assert told[0].args["price"].at == where.now - fault.wait
        else:
            assert told[0].args["price"] == before._replace(flags=fault.flags)
            # The sequencer is asked first: nobody asks the sources then.
            silent = 0 if fault.flags & Defect.SEQUENCER_DOWN else least(fault.shape)
            assert masks == ([] if silent == 0 else [silent])


def least(shape):
    """Sources that are silent in every fault without a price, as a mask."""
    return {"pair": 3, "three": 3}.get(shape, 1)
