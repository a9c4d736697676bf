"""Every fault of a feed x every action, on a deployed market: what the matrix allows, and nothing else.

The expected cell is `keel.model.validity.MATRIX`, in the row that the fault declares; the table itself is
compared with what the contract does.
"""

from functools import cache

import pytest
from support.bench import MARKET, rolled_back
from support.hub import Defect
from support.oracle_faults import inject
from support.oracle_faults_of_many import CANONICAL, FAULTS
from support.oracle_market import ACTS, World, world
from support.refusals import assert_refused, refusal
from support.validity import not_good_for

from keel.errors import Reverted
from keel.model.validity import MATRIX, Action, Validity
from keel.units import BPS

CLAMP_BPS = 1_000
FUNDING_HEARTBEAT = 3_600
SUSPECT = Defect.UNCERTAIN | Defect.VOLATILE | Defect.INVALID
UNFIT = Defect.UNCERTAIN | Defect.SEQUENCER_GRACE
# What each level refuses, and how; never a reduction, margin or a liquidation.
BLOCKED = {
    2: {Action.OPEN: "MarketReduceOnly"},
    3: {
        Action.OPEN: "MarketReduceOnly",
        Action.WITHDRAW: "MarketClosed",
        Action.POOL_DEPOSIT: "MarketClosed",
        Action.POOL_REDEEM: "MarketClosed",
    },
}
# Seconds of funding and of average that a test watches.
WATCHED = 20


@pytest.fixture(scope="module", params=FAULTS, ids=str)
def broken(request):
    """A fault and the market after it; everything is taken back when the last of its tests is done."""
    fault = request.param
    where = world(fault.shape)
    with rolled_back(where.chain):
        before = where.stored
        inject(where, fault)
        yield fault, where, before


@pytest.fixture
def hit(broken):
    """The same for one test, which may do what it likes."""
    with rolled_back(broken[1].chain):
        yield broken


def test_the_price_is_as_good_as_declared(hit):
    fault, where, before = hit
    stored = where.stored
    assert Defect(stored.flags) == fault.flags
    assert where.protocol.market(MARKET).validity == fault.validity
    if fault.usable:
        assert where.now - stored.at == fault.wait
        assert fault.index is None or stored.index == fault.index
    else:
        # All but the defect stays as it was.
        assert stored == before._replace(flags=stored.flags)


@pytest.mark.parametrize("act", ACTS, ids=str)
def test_actions(hit, act):
    fault, where, _ = hit
    check(where, act, fault.validity)


def check(where, act, validity):
    """The action goes through where the matrix allows it; else it is refused by name and changes nothing."""
    if act.action is None or act.action in MATRIX[validity]:
        before = where.digest()
        act.run(where)
        assert where.digest() != before
    else:
        age = where.now - where.stored.at
        assert_refused(where, not_good_for(act.action, validity, age), lambda: act.run(where))


def test_funding(hit):
    """Live at a good price, into escrow at a suspect one, nowhere without one or beyond the heartbeat."""
    fault, where, _ = hit
    protocol = where.protocol
    protocol.accrue(MARKET, where.stranger)
    before = indices(where)
    overdue = where.now - where.stored.at >= FUNDING_HEARTBEAT
    where.later(WATCHED)
    protocol.accrue(MARKET, where.stranger)
    live, escrow = (now - then for now, then in zip(indices(where), before, strict=True))
    assert protocol.view("marketOf", MARKET).accruedAt == where.now
    if overdue or fault.flags & Defect.INVALID:
        assert (live, escrow) == (0, 0)
    elif fault.flags & SUSPECT:
        assert live == 0 < escrow
    else:
        assert escrow == 0 < live


def indices(where):
    """Sum of the live funding indices, and of those in escrow: neither ever falls but to zero."""
    view = where.protocol.view
    market, escrow = view("marketOf", MARKET), view("escrowOf", MARKET)
    return market.longsPaid + market.shortsPaid, escrow.longsPaid + escrow.shortsPaid


def test_average(hit):
    """The sample in force: the index, a step from the average at most; the average where that is unfit."""
    fault, where, last = hit
    stored, window = where.stored, 300
    sample = stored.twap
    if not fault.flags & UNFIT:
        step = stored.twap * CLAMP_BPS // BPS
        sample = min(max(stored.index, stored.twap - step), stored.twap + step)
    if fault.flags & Defect.SHORT_TWAP:
        return short_average(where, sample, last)
    before = where.twap(window - WATCHED)
    where.later(WATCHED)
    assert where.twap(WATCHED) == sample
    average, floored = where.twap(window), (window - WATCHED) * before + WATCHED * sample
    assert floored <= window * average + window - 1 < floored + 2 * window
    where.update()
    after = where.stored
    assert after.twap == (average if after.at == where.now else stored.twap)
    return None


def short_average(where, sample, last):
    """A new hub: it knows the price before it and nothing earlier, so there is no average of five minutes."""
    where.later(WATCHED)
    assert where.twap(where.now - where.stored.at) == sample
    expected = refusal("HistoryTooShort", windowSeconds=300, availableSeconds=where.now - last.at)
    assert_refused(where, expected, lambda: where.twap(300))


@pytest.mark.parametrize("broken", CANONICAL.values(), indirect=True, ids=lambda f: f.validity.name)
@pytest.mark.parametrize("act", ACTS, ids=str)
@pytest.mark.parametrize("status", BLOCKED)
def test_the_columns_of_restricted_markets(hit, act, status):
    """The guardian's levels forbid what they say, whatever the price; all else stays as the row says."""
    fault, where, _ = hit
    where.send("restrictMarket", MARKET, status, sender=where.provider)
    blocked = BLOCKED[status].get(act.action)
    if blocked:
        assert_refused(where, refusal(blocked, market=MARKET), lambda: act.run(where))
    else:
        check(where, act, fault.validity)


def test_the_table_is_the_contracts():
    """All 8 x 7 cells, by what the deployed contract does in a market with such a price."""
    fresh, found = cache(World), {}
    for validity, fault in CANONICAL.items():
        where = fresh(fault.shape)
        with rolled_back(where.chain):
            inject(where, fault)
            found[validity] = {act.action for act in ACTS if act.action is not None and done(where, act)}
    assert found == dict(MATRIX)
    assert sum(map(len, found.values())) < 8 * 7


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


def test_every_validity_and_every_defect_is_met():
    assert {fault.validity for fault in FAULTS} == set(Validity)
    assert {flag for flag in Defect if any(flag & fault.flags for fault in FAULTS)} == set(Defect)
    assert {act.action for act in ACTS} == {*Action, None}
