"""Attacks on funding, through trades on the bytecode: what pays where, and what the pool loses."""

import json
from dataclasses import replace
from itertools import chain

import pytest
from click.testing import CliRunner

from keel.cli.funding_attack import attack
from keel.config.funding import load_funding
from keel.errors import Reverted
from keel.model import model_state
from keel.model.layered import LayeredParams
from keel.sim.attack.bound import LayeredBound, Scene
from keel.sim.attack.campaign import judge
from keel.sim.attack.families import FAMILIES
from keel.sim.attack.plan import HEARTBEAT, HONEST, Order, Plan, in_order, path
from keel.sim.attack.search import ABANDONED, CARRY, PUSHES, Search
from keel.sim.attack.suspects import EIGHT_HOURS, NAMES, Suspect, load_suspect
from keel.sim.attack.venue import DEPTH, INDEX, MARKET, MAX_SIDE, POOL, Venue
from keel.units import BPS, WAD

BP = WAD // BPS
HOUR, DAY = 3_600, 86_400
FAMILY = {family.name: family for family in FAMILIES}
# Most of the pool, just under its limit; and the crowd that just reaches an exchange's cap.
MOST, CROWD = 9_400, 1_000
SCENE = Scene(float(DEPTH * INDEX), float(POOL), 0.001)
# The crowd of a whole interval leaves a second before it pays, and takes the other side for two.
SNAPSHOT = FAMILY["boundary"].plan(
    {
        "side": 1,
        "build": CROWD,
        "build_seconds": EIGHT_HOURS - 2,
        "harvest": MOST,
        "lead": 1,
        "tail": 1,
    }
)
SHIPPED = LayeredParams(*load_funding("layered").abi().values())
BOUND = LayeredBound(SHIPPED, SCENE)


def quote(whole):
    return whole * WAD


def play(name, plan, *, free=False):
    return Venue(load_suspect(name), free=free).play(plan)


def spike():
    """A premium of 5 % by trades, in one block, and how to take it back."""
    up = [(1, 9_000), (2, -9_000), (1, 2_571), (2, 9_000)]
    return [Order(0, *part) for part in up], [Order(0, 1, -11_571)]


def state_of(venue):
    market = venue.protocol.view("marketOf", MARKET)
    return market.fundingState, market.longsPaid, market.shortsPaid


@pytest.mark.parametrize("name", NAMES)
def test_a_push_that_is_gone_before_the_block_ends_leaves_no_trace(name):
    states = []
    for pushed in (False, True):
        venue = Venue(load_suspect(name))
        venue.trade(Order(0, HONEST, 100))
        venue.wait(600)
        if pushed:
            for order in chain(*spike()):
                venue.trade(order)
        venue.wait(EIGHT_HOURS)
        states.append(state_of(venue))
    quiet, spiked = states
    # What fees it left in the pool lowers utilization by 1 %, which the skew layer alone sees.
    assert spiked[1:] == pytest.approx(quiet[1:], rel=2e-3)
    if name != "layered":
        assert spiked == quiet


def box_of_two_hours():
    changes = {"smoothing": "interval", "smoothing_seconds": 7_200}
    return Suspect("box", "the plain average of two hours", load_funding("premium", changes=changes))


def test_a_spike_of_5_percent_for_one_block_moves_the_2_h_average_by_0_83_bp_and_funding_by_nothing():
    venue = Venue(box_of_two_hours())
    up, back = spike()
    for order in up:
        venue.trade(order)
    assert venue.protocol.market(MARKET).premium == pytest.approx(500 * BP, rel=1e-3)
    venue.wait(12)
    for order in back:
        venue.trade(order)
    total, _, _ = model_state.decode(venue.protocol.view("marketOf", MARKET).fundingState)
    assert 0.8 * BP < total / 7_200 <= 0.8334 * BP
    before = venue.protocol.view("marketOf", MARKET).longsPaid
    venue.wait(7_200 - 12)
    after = venue.protocol.view("marketOf", MARKET).longsPaid
    # 1 bp of interest for a quarter of 8 hours, as without the spike: the average is inside the dead zone.
    assert after - before == INDEX * 10**27 // 4 // BPS


def test_one_block_at_5_percent_moves_the_layered_rate_by_less_than_the_cap_for_its_time():
    venue = Venue(load_suspect("layered"))
    before = venue.protocol.market(MARKET).funding.current
    up, back = spike()
    for order in up:
        venue.trade(order)
    venue.wait(12)
    for order in back:
        venue.trade(order)
    moved = venue.protocol.market(MARKET).funding.current - before
    assert 0 < moved < 75 * BP * 12 // HOUR
    assert moved < 0.2 * BP


def test_the_snapshot_attack_pays_against_intervals_and_costs_against_rolling_designs():
    for name in ("premium-interval", "premium-weighted"):
        outcome = play(name, SNAPSHOT)
        # The cap of 30 bp on the whole position, less 10 bp in, out, and of the crowd.
        assert outcome.funding == pytest.approx(quote(30 * POOL * MOST // BPS // BPS), rel=1e-6)
        assert outcome.profit > quote(700)
        assert outcome.pool_change < -quote(900)
    for name in ("layered", "premium-spot", "premium-exponential", "premium-slew", "velocity", "adaptive"):
        outcome = play(name, SNAPSHOT)
        assert outcome.profit < -quote(2_000), name
        assert outcome.pool_change > 0, name


def test_the_search_finds_the_snapshot_attack_by_itself():
    search = Search(load_suspect("premium-interval"), families=(FAMILY["boundary"],))
    search.explore(100, 1)
    search.climb()
    assert search.result.best["boundary"].gain > quote(500)


@pytest.fixture(scope="module")
def layered():
    """The layered design against a thinned search, with fees and without."""
    searches = []
    for free in (False, True):
        search = Search(load_suspect("layered"), free=free)
        search.grid(9)
        search.explore(12, 1)
        searches.append(search)
    paid, free_ = searches
    return judge(paid.result, free_.result, paid.fee)


def test_against_layered_no_push_gains_and_nothing_passes_the_bound(layered):
    assert layered.paid.tried > 200
    assert set(layered.paid.best) == {CARRY, ABANDONED, *PUSHES}
    assert layered.breaches() == []
    assert layered.push.gain <= 0
    assert layered.break_even < layered.fee / 5
    assert layered.interest <= BOUND.gift * 1.01


def test_a_breach_is_named(layered):
    found = layered.paid.best["flip"]
    outcome = replace(found.outcome, profit=quote(1_000))
    rich = replace(
        layered.paid, best={**layered.paid.best, "flip": replace(found, outcome=outcome, gain=outcome.profit)}
    )
    told = replace(layered, paid=replace(rich, over_cap=1)).breaches()
    assert [line.split(" ")[0] for line in told] == ["an", "flip", "flip"]


def oversize(side, tail, multiple=2):
    """A crowd of a whole interval; then both sides of 1.8 pools, one of which is closed before it pays."""
    knobs = {"build": CROWD, "build_seconds": EIGHT_HOURS - 2, "multiple": multiple, "lead": 1, "tail": tail}
    return FAMILY["oversize"].plan({"side": side, **knobs})


def test_no_accrual_takes_more_from_the_pool_than_the_cap_allows():
    knobs = {
        "side": -1,
        "build": CROWD,
        "build_seconds": EIGHT_HOURS - 2,
        "multiple": 2,
        "lead": 1,
        "tail": HEARTBEAT,
    }
    for name in NAMES:
        suspect = load_suspect(name)
        outcome = Venue(suspect, free=True).play(FAMILY["oversize"].plan(knobs))
        assert outcome.over_cap <= 0, name
        assert outcome.worst <= suspect.cap * outcome.exposure // WAD, name
        assert outcome.exposure <= quote(int(MAX_SIDE * POOL)), name


def test_reductions_let_the_pool_carry_and_lose_what_one_side_may_hold():
    """Beyond its limit on the net position. Twice the multiple was carried once; now it is refused."""
    suspect = load_suspect("premium-interval")
    venue = Venue(suspect)
    assert venue.protocol.view("configOf", MARKET).config.maxSidePpm == MAX_SIDE * 10**6
    outcome = venue.play(oversize(1, 1))
    assert quote(POOL * 17 // 10) < outcome.exposure < quote(int(MAX_SIDE * POOL))
    assert outcome.worst > 1.7 * suspect.cap * POOL
    with pytest.raises(Reverted, match="SideExceeded"):
        venue.play(oversize(1, 1, multiple=4))
    # It costs him more than it brings, but the pool is not made whole: insurance has a tenth of the fees.
    assert outcome.profit < 0


def test_without_fees_pumping_takes_from_the_pool_and_with_fees_it_costs_a_hundred_times_that():
    knobs = {"build": 1_100, "build_seconds": 420, "harvest": 9_000, "harvest_seconds": 180, "cycles": 30}
    plan = FAMILY["pump"].plan({"side": 1, **knobs})
    free, paid = play("layered", plan, free=True), play("layered", plan)
    assert free.profit == pytest.approx(-free.pool_funding)
    assert free.profit > quote(100)
    assert paid.profit < -100 * free.profit


def test_a_rate_that_an_honest_crowd_left_is_worth_at_most_what_it_stored():
    crowd = 9_000
    bound = BOUND.left_behind(crowd * POOL / BPS)
    venue = Venue(load_suspect("layered"), free=True)
    for harvest, seconds in ((90, 7 * DAY), (500, DAY // 4), (crowd, HOUR)):
        legs = [(-harvest, seconds)]
        plan = Plan("abandoned", {}, in_order(path(HONEST, 0, [(crowd, 5 * DAY)]), path(0, 5 * DAY, legs)))
        outcome = venue.play(plan)
        held = harvest * POOL / BPS
        assert 0 < outcome.profit / WAD <= held * (bound + BOUND.rest * seconds / EIGHT_HOURS)
        # The crowd paid the pool a hundred times that before.
        assert outcome.pool_funding > 50 * outcome.profit


def test_the_interest_is_all_that_a_rate_without_memory_gives():
    search = Search(load_suspect("premium-spot"), free=True)
    search.grid(7)
    assert search.result.top(PUSHES).gain <= quote(1) // 1_000
    assert search.result.best[CARRY].outcome.profit > 0


def test_a_slow_slew_pays_who_winds_it_up_and_a_fast_one_does_not():
    knobs = {"build": 1_948, "build_seconds": 44_352, "harvest": MOST, "harvest_seconds": 44_352, "cycles": 2}
    plan = FAMILY["flip"].plan({"side": 1, **knobs})
    slow = play("premium-slew-day", plan)
    assert slow.profit > quote(2_000)
    assert slow.pool_change < -quote(2_000)
    assert play("premium-slew", plan).profit < 0
    assert play("layered", plan).profit < 0


def test_a_rate_without_leak_waits_for_whoever_takes_the_other_side():
    legs = [(-2_000, 14 * DAY)]
    plan = Plan("abandoned", {}, in_order(path(HONEST, 0, [(9_000, 3 * DAY)]), path(0, 10 * DAY, legs)))
    drifting, resting, leaking = (
        play(name, plan).profit for name in ("velocity", "velocity-deadband", "velocity-leak")
    )
    assert resting > drifting > quote(1_000)
    assert leaking < 0


def test_a_dead_band_pays_without_end_whoever_wound_the_rate_up():
    knobs = {"build": MOST, "build_seconds": DAY, "harvest": 2_300, "cycles": 1}
    plans = [FAMILY["flip"].plan({"side": 1, **knobs, "harvest_seconds": days * DAY}) for days in (7, 28, 49)]
    venue = Venue(load_suspect("velocity-deadband"))
    week, four, seven = (venue.play(plan).profit for plan in plans)
    assert week < 0 < four
    assert seven - four == pytest.approx(four - week, rel=1e-3)


def test_winding_up_the_adaptive_rate_costs_nothing_and_pays_where_trades_are_free():
    knobs = {"build": 50, "build_seconds": EIGHT_HOURS, "harvest": 9_000, "harvest_seconds": DAY, "pairs": 2}
    plan = FAMILY["balanced"].plan({"side": 1, **knobs})
    alone = FAMILY["balanced"].plan({"side": 1, **knobs, "pairs": 0})
    # Two pairs are nearly all that one side may hold.
    assert play("adaptive", plan, free=True).profit > quote(400)
    assert play("adaptive", alone, free=True).profit < 0
    assert play("adaptive", plan).profit < 0


@pytest.mark.parametrize(
    "name", ["layered", "premium-exponential", "premium-slew", "velocity-leak", "adaptive"]
)
def test_poking_does_not_change_what_an_attack_brings(name):
    knobs = {"build": 3_000, "build_seconds": 5_000, "harvest": 9_000, "harvest_seconds": 5_000, "cycles": 1}
    plan = FAMILY["flip"].plan({"side": 1, **knobs})
    venue = Venue(load_suspect(name))
    often, seldom = (venue.play(replace(plan, touch=touch)).profit for touch in (7, HEARTBEAT))
    assert abs(often - seldom) <= quote(1) // 10**4


def test_the_theorem_holds_for_the_shipped_fees_and_needs_them():
    assert BOUND.cutoff is not None
    assert 0.0005 < BOUND.least_fee < 0.001
    assert (
        LayeredBound(
            LayeredParams(*load_funding("layered").abi().values()), replace(SCENE, fee=0.0005)
        ).cutoff
        is None
    )
    assert BOUND.most(0) == 0
    assert BOUND.most(EIGHT_HOURS) == pytest.approx(BOUND.cutoff * 0.0001)
    # Interest of 1 bp where the premium just reaches the edge of the dead zone, 4 bp: 2 bp of the depth.
    assert BOUND.gift == pytest.approx(0.0001 * 0.0002 * DEPTH * INDEX, rel=0.03)
    # 53 bp in layers of 3.75 h on average, 22 bp in one of 24 h.
    assert BOUND.most_stored == pytest.approx((0.0053 * 3.75 + 0.0022 * 24) / 8)


def test_the_command_attacks_and_writes_a_page(tmp_path):
    page = tmp_path / "attacks.html"
    run = CliRunner().invoke(
        attack, ["--model", "premium-interval", "--seconds", "3", "--json", "--out", str(page)]
    )
    assert run.exit_code == 0, run.output
    (design,) = json.loads(run.stdout)["designs"]
    assert design["design"] == "premium-interval"
    assert set(design["fees_paid"]) == set(FAMILY)
    assert design["tried"] >= 2 * len(FAMILY)
    assert "<svg" in page.read_text()
    refused = CliRunner().invoke(attack, ["--model", "nothing"])
    assert "no design is called 'nothing'" in str(refused.exception)
