"""`keel stress`: what the insurance takes over, what it costs, and what lies beyond the insurance."""

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest
from support.crashes import changed, flows, squeeze, stress, weakened, window

from keel.sim.stress.run import run_stress
from keel.sim.stress.settings import Crowd, Money
from keel.sim.stress.sizing import gap_bps
from keel.sim.stress.world import World
from keel.units import WAD

# Depth at which all that a pool may carry moves the mark by 4 %.
THIN = changed(depth_per_share=Decimal("0.0004"))
EVEN = Crowd(accounts=40, short_percent=49)


@pytest.fixture(scope="module")
def by_stake():
    """Twenty steps of 3 %, with stakes in bps of ten million: a bps is a thousand."""
    where = window(step=300, bars=20)
    return {bps: run_stress(stress(where, money=Money(insurance_bps=bps))) for bps in (0, 50, 150, 200, 400)}


def test_used_fund__of_any_that_can_take_over_everything__is_the_same(by_stake):
    enough, plenty = by_stake[200], by_stake[400]
    assert enough.used == plenty.used
    assert enough.total("absorbed") == plenty.total("absorbed")
    assert 0.9 * enough.fund < enough.used < enough.fund
    # Nothing else was paid, so that it is the deepest that the fund was at the end of a step.
    for record in (enough, plenty):
        assert record.holds
        lowest = min(min(one.insurance for one in record.moments), record.cash_end)
        assert lowest == record.fund - record.used


def test_used_fund__of_a_smaller_one__is_smaller_because_it_takes_over_less(by_stake):
    """So what a fund used does not tell what another would have needed, and no bisection would find it."""
    absorbed = [by_stake[bps].total("absorbed") for bps in (0, 50, 150, 200)]
    assert all(less < more for less, more in pairwise(absorbed))
    used = [by_stake[bps].used for bps in (0, 50, 150, 200)]
    assert all(less < more for less, more in pairwise(used))
    # Fees of the opening alone hold, what half a percent takes over is beyond it, and two percent hold again.
    assert [by_stake[bps].holds for bps in (0, 50, 150, 200)] == [True, False, False, True]
    assert by_stake[0].fund < 2_000 * WAD
    assert by_stake[0].cash_end > by_stake[0].fund


def test_insurance__that_took_positions_over__works_them_off_and_counts_them():
    """Twenty steps of 3 %: what it took over moves on against it, and a thin insurance is gone with it."""
    where = window(step=300, bars=20)
    record = run_stress(stress(where))
    tally, last = record.tallies[0], record.of(0)[-1]
    assert 0 < tally.absorbed < tally.notional
    assert 0 < tally.absorptions < tally.count
    assert sum(one.absorbed for one in record.moments) == tally.absorbed
    assert tally.most_held >= max(one.held for one in record.moments) > 0
    # A sixteenth of the window, 1 % of a depth that falls with the index, is 300,000 at first.
    assert 0 < tally.unwound <= 300_000 * WAD * tally.pieces
    assert tally.own_result > 0
    # What is left is a long from higher prices.
    assert last.held > 0
    assert record.fund_end < record.cash_end
    assert record.cash_end - record.fund == flows(record)
    thin = run_stress(stress(where, money=Money(insurance_bps=50)))
    assert (thin.fund_end, thin.total("from_pool")) == (0, 0)
    assert thin.cash_end > 0
    assert thin.uncovered == thin.after_insurance > 0
    assert not thin.holds


def test_deficit__beyond_the_pools_cap__is_given_back_by_the_winners():
    weak, money = weakened(Decimal("0.001"), loss_cap=Decimal("0.001")), Money(insurance_bps=0)
    record = run_stress(stress(window(step=300, bars=20), deployment=weak, money=money))
    tally, cap = record.tallies[0], record.openings[0].loss_cap
    # A thousandth of ten million; equity, and the cap with it, grows in the crash.
    assert cap == pytest.approx(10_000 * WAD, rel=0.01)
    assert cap < tally.lost < 1.2 * cap
    assert 0 < tally.deficit < tally.from_pool
    # Each winner gives its part, ceil.
    assert 0 <= tally.cut - tally.deficit < 100
    assert tally.resolutions > 1
    assert record.after_insurance == tally.from_pool
    # It went on: nobody was left unhealthy, and the books of the insurance are complete.
    assert record.unhealthy == 0
    assert record.cash_end - record.fund == flows(record)


def test_squeeze__of_shorts__raises_the_mark_further__until_the_insurance_takes_over():
    """Half of the interest is short when the index rises 16 %: each liquidation buys on the curve.

    A large insurance takes over a third of them, and the mark stays nearer: it pays for everybody, with most
    of what it had.
    """
    thin = stress(squeeze(50), crowd=EVEN, deployment=THIN)
    loop = run_stress(replace(thin, money=Money(insurance_bps=0)))
    moments = loop.of(0)
    pushed = [after.premium - before.premium for before, after in pairwise(moments) if after.count]
    assert loop.tallies[0].absorbed == 0
    assert len(pushed) > 8
    assert min(pushed) > 0
    assert loop.openings[0].premium < WAD // 100
    assert max(one.premium for one in moments) > 8 * WAD // 100
    assert loop.after_insurance > 0
    broken = run_stress(replace(thin, money=Money(insurance_bps=1_000)))
    tally = broken.tallies[0]
    assert tally.notional // 4 < tally.absorbed < tally.notional // 2
    assert max(one.premium for one in broken.of(0)) < 65 * WAD // 1_000
    # A piece would cost more than 1 %: what was taken over stays, and rises with the index.
    assert tally.upkeep_refusals["UnwindTooDear"] > 100
    assert tally.unwound < tally.absorbed // 5
    assert broken.holds
    assert broken.fund_end < broken.fund // 2


def test_squeeze__twice_as_fast__costs_more_with_an_insurance_than_without():
    """What it took over ruins it, and is lost besides what the curve left of the others."""
    fast = stress(squeeze(100), crowd=EVEN, deployment=THIN)
    alone, insured = (run_stress(replace(fast, money=Money(insurance_bps=bps))) for bps in (0, 200))
    assert alone.total("absorbed") == 0
    assert insured.total("absorbed") > 0
    assert insured.fund_end == 0
    assert insured.after_insurance > alone.after_insurance > 0


def test_squeeze__with_the_shipped_crowd__needs_a_deeper_curve():
    """Where full utilization moves the mark by 4 %, no short can be closed within 1 %, nor worked off."""
    thin = run_stress(stress(squeeze(50), deployment=THIN))
    assert thin.tallies[0].unwound == 0
    assert not thin.holds
    # Had it taken nothing over and paid the bad debt of the curve, half of it would have done.
    alone = run_stress(stress(squeeze(50), deployment=THIN, money=Money(insurance_bps=0)))
    assert alone.tallies[0].absorbed == 0
    assert 0 < alone.used < thin.fund // 2
    deeper = run_stress(stress(squeeze(50), deployment=changed(depth_per_share=Decimal("0.002"))))
    assert deeper.tallies[0].absorbed == 0
    assert deeper.holds


def test_capacity__of_a_crowd__keeps_the_larger_side_within_its_limit():
    # Ten million, three times it on a side: of 100 with 40 short 60 are long and 20 net, a third of the side.
    base = stress(crowd=Crowd(accounts=4, short_percent=40))
    assert World(base).capacity(1) == 10_000_000 * WAD
    even = replace(base, crowd=Crowd(accounts=4, short_percent=49))
    assert World(even).capacity(1) == 60_000_000 * WAD // 51
    sided = replace(base, deployment=changed(max_side=Decimal("1.5")))
    assert World(sided).capacity(1) == 5_000_000 * WAD


def test_bounds__of_the_lens__are_above_what_the_positions_ask_for():
    record = run_stress(stress())
    bounds, opening = record.bounds, record.openings[0]
    assert gap_bps(0.075) == 750
    assert gap_bps(0.07501) == 751
    # The larger side at 1 % of maintenance, whose ramp has hardly begun: 9 % of it for a gap of 10 %.
    assert bounds.at(0.1) == pytest.approx(opening.long_value / WAD * 0.09, rel=0.01)
    assert all(bounds.at(need.drop) >= need.fund for need in record.sizing.needs())
    # 201,831 over 13.5 million are 1.5 % beyond the maintenance of 1 %.
    assert bounds.carries == pytest.approx(0.0249, abs=0.0002)
