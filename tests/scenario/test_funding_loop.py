"""Arbitrageurs against the real market: the premium comes back, and the loop is as stable as promised.

Linear theory (keel/sim/loop/theory.py) is held against the bytecode on both sides of every critical gain.
"""

import json
import math
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from click.testing import CliRunner

from keel.cli.funding_loop import loop
from keel.config.funding import load_funding
from keel.errors import ConfigError, Reverted
from keel.evm.revm import RevmChain
from keel.sdk.funding import deploy_model
from keel.sim.loop.compare import CROWD, SHOCK, Terms, play
from keel.sim.loop.critical import critical_gain, critical_loop_gain
from keel.sim.loop.entrants import declared_gain, entrant, off
from keel.sim.loop.market import ARBITRAGE, LoopMarket
from keel.sim.loop.market import CROWD as BUYERS
from keel.sim.loop.measure import measure
from keel.sim.loop.page import render
from keel.sim.loop.run import run_loop
from keel.sim.loop.settings import BP, HOUR, Crowd, LoopSettings
from keel.sim.loop.theory import critical, drift_growth, held_growth, rolling_growth
from keel.units import WAD

TOUCH = 300
HALF_HOUR = 1_800
EIGHT_HOURS = 8 * HOUR
AVERAGE = [(1.0, HOUR)]
# Neither dead zone nor interest, and the widest caps: what linear theory is about.
LINEAR = {"deadzone": 0, "interest": 0, "cap_longs_pay": "0.1", "cap_shorts_pay": "0.1"}


def run(funding, gain=None, shock=200, hours=48, **terms):
    """One run after a shock in bp, gain per hour; the model's own gain if none is given."""
    rate = declared_gain(funding) if gain is None else int(gain * WAD)
    crowd = Crowd(shock * BP, reversion=terms.pop("reversion", 0))
    return run_loop(LoopSettings("x", funding, crowd, rate, hours=hours, **terms))


def late(record, share=4):
    """Lowest and highest premium of the last part of a run, bp."""
    tail = record.premiums[-len(record.premiums) // share :]
    return min(tail) * 10_000, max(tail) * 10_000


def linear(name="premium-exponential", **changes):
    return load_funding(name, changes=LINEAR | changes)


# Mission row 4


@pytest.mark.parametrize("name", ["layered", "premium-exponential", "velocity-leak"])
def test_arbitrage_on_funding_anchors_the_premium(name):
    """Half-life is finite and short; against a crowd the time beyond 10 bp falls by a quarter at least."""
    alone, crowd, without = play(name, entrant(name), Terms()).measures
    assert alone.verdict == "anchored"
    assert alone.half_life is not None
    assert alone.half_life < 8
    assert alone.anchored_after is not None
    assert crowd.beyond < 0.75 * without.beyond
    assert abs(crowd.mean) < 0.75 * abs(without.mean)


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_the_noise_and_on_either_side(seed):
    """Layered funding more than halves the time beyond 10 bp, with buyers and with sellers."""
    for side in (1, -1):
        pushed = replace(CROWD, shock=side * CROWD.shock, push=side * CROWD.push)
        settings = LoopSettings("x", entrant("layered"), pushed, 3 * WAD, hours=36, seed=seed)
        on, none = measure(run_loop(settings)), measure(run_loop(replace(settings, funding=off())))
        assert on.beyond < none.beyond / 2
        assert (none.mean > 0.0015) == (side > 0)


def test_without_funding_nothing_comes_back():
    """The same arbitrageurs earn nothing and do nothing: the premium stays where the shock left it."""
    record = run(off(), 3, hours=12)
    assert measure(record).half_life is None
    assert record.turnover == 0
    assert set(record.premiums) == {record.premiums[0]}


def test_arbitrage_is_paid_for_it():
    """Funding and premium exceed the fees where the loop is calm; who swings it pays for it."""
    assert run_loop(LoopSettings("x", entrant("layered"), CROWD, 3 * WAD)).result > 0
    assert run(entrant("layered"), 24).result < 0


# Rates that follow averages of the premium


@pytest.mark.parametrize("latency", [1, 2])
@pytest.mark.parametrize("part", [0.5, 0.95, 1.05, 1.3])
def test_the_bytecode_swings_as_linear_theory_says(latency, part):
    """An average of an hour: swings fade below the critical gain and grow above, as fast as predicted."""
    gain = part * critical(lambda k: rolling_growth(k, TOUCH, AVERAGE, latency))
    predicted = math.log(rolling_growth(gain, TOUCH, AVERAGE, latency)) * HOUR / TOUCH
    growth = measure(run(linear(), gain, shock=20, hours=24, latency=latency)).growth
    assert growth == pytest.approx(predicted, rel=0.02)
    assert (growth > 0) == (part > 1)


def test_two_layers_bear_more_than_one():
    """A quarter of slow layer: 15.2 per hour instead of 12, since what is slower reacts less at once."""
    changes = {"kink_rate": 0, "slope_rate": 0, "convexity": 1, "interest_max": 0}
    layered = linear("layered", **changes)
    layers = [(0.75, HOUR), (0.25, 12 * HOUR)]
    limit = critical(lambda k: rolling_growth(k, TOUCH, layers))
    assert limit == pytest.approx(15.18, abs=0.01)
    below, above = (measure(run(layered, part * limit, shock=10, hours=24)) for part in (0.9, 1.1))
    assert below.growth < 0 < above.growth


def test_the_critical_gain_is_one_over_the_touch_whatever_the_average():
    for touch in (60, TOUCH, 900):
        for tau in (0, 600, HOUR, EIGHT_HOURS):
            found = critical(lambda k, touch=touch, tau=tau: rolling_growth(k, touch, [(1.0, tau)]))
            assert found == pytest.approx(HOUR / touch)


def test_who_trades_in_the_block_of_the_rate_cannot_swing_the_loop():
    """Ten times the critical gain of one touch of delay fades without: it is delay that is unstable."""
    assert measure(run(linear(), 120, shock=20, hours=12, latency=0)).verdict == "anchored"
    assert critical(lambda k: rolling_growth(k, TOUCH, AVERAGE, 0)) > 500


def test_the_margin_of_two_is_one_more_touch_of_delay():
    """What the contracts allow, half of the critical gain, is just stable for trades two touches late."""
    assert critical(lambda k: rolling_growth(k, TOUCH, AVERAGE, 2)) == pytest.approx(6.12, abs=0.01)
    assert measure(run(linear(), 5.9, shock=20, hours=24, latency=2)).growth < 0
    assert measure(run(linear(), 6.4, shock=20, hours=24, latency=2)).growth > 0


def test_a_premium_that_reverts_by_itself_bears_more():
    """The slowest reversion of a real basis, 0.54 per hour, turns growing swings into fading ones."""
    own = 54 * WAD // 100
    predicted = math.log(rolling_growth(13, TOUCH, AVERAGE, 1, 0.54)) * HOUR / TOUCH
    assert measure(run(linear(), 13, shock=20, hours=24)).growth > 0
    growth = measure(run(linear(), 13, shock=20, hours=24, reversion=own)).growth
    assert growth == pytest.approx(predicted, rel=0.02)
    assert growth < 0


# The shipped sets, dead zone, convexity and caps included


@pytest.mark.parametrize("name", ["layered", "premium-exponential"])
def test_inside_its_promise_a_shipped_set_is_calm(name):
    """At its own gain and at twice that, also for shocks beyond the cap: no swing outlasts the shock."""
    funding = entrant(name)
    for gain in (3, 6):
        for shock in (100, -400):
            assert measure(run(funding, gain, shock)).verdict == "anchored"


@pytest.mark.parametrize("name", ["layered", "premium-exponential"])
def test_beyond_the_critical_gain_caps_bound_the_swings(name):
    """Twice the critical gain of small swings: a limit cycle, the same after any shock, that never fades."""
    funding = entrant(name)
    small, large = run(funding, 24, 100), run(funding, 24, 400)
    assert abs(measure(small).growth) < 0.002
    low, high = late(small)
    assert low < -90
    assert high > 90
    assert late(large) == pytest.approx((low, high), rel=0.02)
    # The cap's flow of half a period, 24 per hour * cap * 1 h, is the most that a swing can measure.
    assert high - low < 24 * float(funding.cap_longs_pay) * 10_000


@pytest.mark.parametrize("name", ["layered", "premium-exponential"])
def test_inside_the_dead_zone_no_gain_swings_anything(name):
    """A premium of 5 bp: arbitrage of eight times the promised gain has nothing to trade on."""
    record = run(entrant(name), 24, 5, hours=12)
    assert 0 < late(record)[0] <= late(record)[1] <= 5


def test_a_slewed_rate_rings_long_but_fades():
    """From cap to cap in twelve hours, at the largest gain that is allowed: swings outlast the day."""
    slewed = load_funding(
        "premium-exponential", changes={"smoothing": "slew", "smoothing_seconds": 12 * HOUR}
    )
    record = run(slewed, 6, hours=240)
    day = [max(map(abs, record.premiums[i : i + 288])) for i in range(0, len(record.premiums) - 288, 288)]
    assert day[1] > 0.004
    assert day[-1] < 0.002


# Rates that are held


def growth_per_window(record, touches):
    """Radius of the pair of modes that the premiums at the windows' ends follow, the first ones left out."""
    ends = np.array(record.premiums[::touches][4:])
    fit, *_ = np.linalg.lstsq(np.column_stack([ends[1:-1], ends[:-2]]), ends[2:], rcond=None)
    return math.sqrt(-fit[1])


@pytest.mark.parametrize("latency", [0, 1])
@pytest.mark.parametrize(
    ("smoothing", "loop_gain", "grows"),
    [
        ("interval", 1.6, False),
        ("interval", 2.4, True),
        ("weighted_interval", 2.4, False),
        ("weighted_interval", 3.5, True),
    ],
)
def test_a_rate_held_for_a_window_is_critical_at_two_over_the_window(smoothing, loop_gain, grows, latency):
    """Paid once per eight hours, arbitrage on the last payment, no reversion of its own: nine digits."""
    funding = linear("premium", smoothing=smoothing, gain="0.01")
    gain, weighted = loop_gain * HOUR / EIGHT_HOURS, smoothing == "weighted_interval"
    predicted = held_growth(gain, HALF_HOUR, EIGHT_HOURS, latency, weighted=weighted)
    record = run(funding, gain, 5 if grows else 100, 120, touch_seconds=HALF_HOUR, latency=latency)
    growth = growth_per_window(record, EIGHT_HOURS // HALF_HOUR)
    assert growth == pytest.approx(predicted, rel=1e-9)
    assert (growth > 1) is grows


def test_theory_of_the_held_rate():
    """K * window = 2 for short touches; 3 where later samples weigh more, since the rate is then less old."""
    for weighted, limit in ((False, 2), (True, 3)):
        found = critical(lambda k, weighted=weighted: held_growth(k, 60, EIGHT_HOURS, weighted=weighted))
        assert found * EIGHT_HOURS / HOUR == pytest.approx(limit, rel=0.005)


def test_a_published_prediction_calms_intervals():
    """Four times the promise: swings grow on the last payment, and fade on the rate of the moment."""
    funding = linear("premium", smoothing="interval", gain="0.01")
    gain = 4 * HOUR / EIGHT_HOURS
    blind = run(funding, gain, shock=40, hours=96, touch_seconds=HALF_HOUR)
    told = run(funding, gain, shock=40, hours=96, touch_seconds=HALF_HOUR, foresight=True)
    assert late(blind)[1] > 200
    assert measure(told).verdict == "anchored"


def test_the_shipped_interval_set_is_bounded_by_its_cap():
    """Real arbitrage of 3 per hour on the exchange's form: a limit cycle instead of an anchor."""
    found = measure(run(entrant("premium"), 3, hours=240, touch_seconds=HALF_HOUR))
    assert found.verdict in {"steady", "growing"}
    assert found.spread > 0.02


# Rates that drift


@pytest.mark.parametrize("latency", [0, 1])
@pytest.mark.parametrize("leak", [0, 24 * HOUR, 6 * HOUR])
def test_a_drifting_rate_rings_for_ever_without_a_leak(leak, latency):
    """Two integrators in a row: neutral at best, growing with any delay; a leak makes the swings fade."""
    funding = load_funding("velocity", changes={"skew_scale": "4", "leak_seconds": leak})
    record = run(funding, 3, shock=50, hours=240, touch_seconds=900, latency=latency)
    speed = float(funding.velocity) / 24 * record.depth / 2 / 4
    predicted = math.log(drift_growth(3, 900, speed, leak, latency)) * HOUR / 900
    growth = measure(record).growth
    assert growth == pytest.approx(predicted, rel=0.02, abs=1e-4)
    if leak:
        assert growth < -0.01
    else:
        assert growth > -1e-4
        assert max(map(abs, late(record))) > 45


def test_an_adapting_rate_hunts():
    """A rate of one speed up and one down passes the balance: swings of the size of the shock."""
    found = measure(run(entrant("adaptive"), 3, hours=120, touch_seconds=900))
    assert found.overshoot > 0.9
    assert found.beyond > 0.9


# What the constructors let through


def deployed(funding):
    chain = RevmChain()
    return deploy_model(lambda _, name, *args: chain.deploy(name, *args), "model", funding)


CONTRACT_LIMITS = [
    # Set, what is changed of it, gain at the limit: 6 per hour over the slope, at most 1 per window if held.
    ("premium-exponential", {}, Decimal(6)),
    ("premium-exponential", {"premium_factor": 4}, Decimal("1.5")),
    ("premium-exponential", {"smoothing": "spot"}, Decimal(6)),
    ("premium-exponential", {"smoothing": "slew"}, Decimal(6)),
    ("premium-literal", {"scaling": "0.5"}, Decimal(12)),
    ("layered", {"convexity": "0.006"}, Decimal("2.4")),
    ("layered", {"slope_rate": 0, "kink_rate": 0, "convexity": "0.0025"}, Decimal("1.5")),
    ("premium", {}, Decimal("0.125")),
    ("premium", {"smoothing": "interval", "smoothing_seconds": HOUR}, Decimal(1)),
    ("premium", {"smoothing": "interval", "smoothing_seconds": 300}, Decimal(6)),
]


@pytest.mark.parametrize(("name", "changes", "limit"), CONTRACT_LIMITS)
def test_constructors_refuse_more_than_half_of_the_critical_gain(name, changes, limit):
    """Accepted at the limit, refused by name right above; theory's critical gain is twice that or more."""
    at_limit = load_funding(name, changes=changes | {"gain": limit})
    deployed(at_limit)
    with pytest.raises(Reverted) as refused:
        deployed(load_funding(name, changes=changes | {"gain": limit + Decimal("0.000001")}))
    assert refused.value.error == "Unstable"
    settings = LoopSettings("x", at_limit, SHOCK, 0, 60 if name == "premium" else TOUCH)
    assert refused.value.named["limit"] <= critical_loop_gain(settings) / 2 * 1.02 * WAD
    assert refused.value.named["loopGain"] > refused.value.named["limit"]
    assert critical_gain(settings, 400) >= 2 * float(limit) * 0.98


# The plant


def test_premiums_move_more_above_the_index_than_below():
    """The curve is convex: base per premium is D / 2 * (1 + p) ** -1.5, so 6 % less at +2 % than at -2 %."""
    moved = []
    for premium in (200 * BP, -200 * BP):
        market = LoopMarket(off())
        market.move(BUYERS, premium)
        moved.append(market.move(ARBITRAGE, BP))
        assert moved[-1] / WAD == pytest.approx(
            market.depth / WAD / 2 * 1e-4 * (1 + premium / WAD) ** -1.5, rel=2e-4
        )
    assert moved[1] / moved[0] == pytest.approx((1.02 / 0.98) ** 1.5, rel=1e-3)


def test_the_same_seed_gives_the_same_run():
    settings = LoopSettings("x", entrant("layered"), CROWD, 3 * WAD, hours=6)
    assert run_loop(settings) == run_loop(settings)
    assert run_loop(settings).readings != run_loop(replace(settings, seed=8)).readings


@pytest.mark.parametrize(
    "change", [{"touch_seconds": 0}, {"touch_seconds": 3_601}, {"hours": 0}, {"gain": -1}, {"latency": -1}]
)
def test_settings_out_of_range(change):
    with pytest.raises(ConfigError):
        replace(LoopSettings("x", off(), SHOCK, WAD), **change)


# The command


def call(*options):
    return CliRunner().invoke(loop, ["--hours", "6", *options], catch_exceptions=False)


def test_the_command_shows_figures_and_writes_a_page(tmp_path):
    page = tmp_path / "new" / "loop.html"
    done = call("--model", "layered", "--gain", "2.5", "--out", str(page))
    assert done.exit_code == 0
    assert "layered" in done.output
    text = page.read_text()
    assert "gain 2.5 per hour" in text
    assert text.count("<svg") == 2
    assert "<script" not in text
    assert "prefers-color-scheme: dark" in text


def test_the_command_speaks_json():
    found = json.loads(call("--model", "premium-literal", "--json").output)
    assert [one["model"] for one in found] == ["premium-literal"]
    assert found[0]["crowd"]["beyond"] <= 1
    assert Decimal(found[0]["crowd"]["arbitrage_turnover"]) >= 0


def test_the_command_refuses_what_it_cannot_run(tmp_path):
    with pytest.raises(ConfigError, match="nonsense"):
        call("--model", "nonsense")
    assert call("--gain", "much").exit_code == 2
    assert call("--gain", "-1").exit_code == 2
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot write"):
        call("--model", "layered", "--out", str(tmp_path / "file" / "page.html"))


def test_names_are_escaped_on_the_page():
    outcome = play("<b>", off(), Terms(gain=WAD, hours=1))
    assert "<b>" not in render([outcome], Terms()).replace("&lt;b&gt;", "")
