"""`keel stress`: a small crash with known answers, a planted weakness that fails, and market data."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from support.crashes import CALM, ONE, START, crash, flows, stress, weakened, window

from keel.analytics.tables import quote
from keel.cli.main import main
from keel.config.deployment import load_deployment
from keel.errors import ConfigError
from keel.sim.candles import Candle, make_candles
from keel.sim.sources import data_folder
from keel.sim.stress.page import html, markdown
from keel.sim.stress.people import draw
from keel.sim.stress.record import amplification, fall, herfindahl
from keel.sim.stress.run import Stress, run_stress
from keel.sim.stress.settings import Crowd, Entry, Money, with_leverage
from keel.sim.stress.sizing import Book, Holding, Sizing
from keel.sim.stress.study import Study, by_hands
from keel.sim.stress.sweep import frontier, hands, line_of, rallies, run_lines, seeds, stakes
from keel.sim.stress.window import Window, has_data, make_window, read_window, sharpest
from keel.sim.stress.words import as_json
from keel.units import WAD, format_wad


@pytest.fixture(scope="module")
def calm_fall():
    """A fall of 26 % in steps of 1 %, with the shipped parameters."""
    return run_stress(stress())


def run(capsys, *arguments):
    """Exit code, standard output and standard error."""
    with pytest.raises(SystemExit) as stop:
        main(["stress", *map(str, arguments)])
    out, err = capsys.readouterr()
    return stop.value.code or 0, out, err


def test_path__of_a_candle__falls_its_whole_range_in_one_step():
    bars = [Candle(START + 60 * i, 100 * ONE, 110 * ONE, 88 * ONE, 105 * ONE) for i in (0, 1)]
    knots = make_window("w", {"BTC": make_candles(bars, "two")}, real=False).knots()
    assert [(knot.time - START, knot.price // ONE) for knot in knots[:5]] == [
        *((0, 100), (15, 110), (30, 88), (45, 105)),
        (60, 100),
    ]
    knot, size = sharpest(knots, 0)
    assert (knot.time - START, size) == (30, 0.2)


def test_brink__of_a_window__is_before_the_hour_with_the_deepest_fall():
    assert window().brink() == START
    late = window(interval=300)
    # An hour is twelve candles: the deepest twelve all fall, the first such hour begins with the crash.
    assert late.brink() == START + 300 * CALM


def test_window__mirrored__rises_its_whole_range_in_one_step():
    bars = [Candle(START + 60 * i, 100 * ONE, 125 * ONE, 80 * ONE, 50 * ONE) for i in (0, 1)]
    falling = make_window("w", {"BTC": make_candles(bars, "two")}, real=True)
    rising = falling.mirrored()
    # 100^2 over 125, 80 and 50.
    path = [knot.price // ONE for knot in rising.knots()]
    assert path == 2 * [100, 80, 125, 200]
    assert (rising.name, rising.real, rising.mirrored().candles) == ("w mirrored", True, falling.candles)
    late = window(interval=300)
    assert late.mirrored().brink() == late.brink() == START + 300 * CALM
    assert late.brink() != replace(late, rising=True).brink()


def test_sizing__of_one_long__is_what_its_margin_does_not_cover():
    long = Holding(1, 100.0, 5.0, 0.01)
    # Without impact a drop of 10 % takes 10 of 5.
    deep = Book("BTC", 1e12, 0.0, (long,))
    assert deep.closing(0.03) == []
    assert deep.loss(0.03) == 0
    assert deep.loss(0.1) == pytest.approx(5, abs=1e-6)
    # From a flat curve of depth 1,000 a sale of 100 gets 1000 * 100 / 1100 = 90.91 for 100.
    thin = Book("BTC", 1_000.0, 0.0, (long,))
    assert thin.impact(100.0) == pytest.approx(1 / 11)
    assert thin.loss(0.1) == pytest.approx(10 + 90 / 11 - 5)
    # A short gains, and asks for nothing.
    assert Book("BTC", 1_000.0, 0.0, (Holding(-1, 100.0, 1.0, 0.01),)).loss(0.1) == 0


def test_sizing__of_a_fund__carries_the_drop_that_it_pays_for():
    sizing = Sizing((Book("BTC", 1e12, 0.0, (Holding(1, 100.0, 5.0, 0.01),)),), 5.0, 0.2)
    assert sizing.required() == pytest.approx(15, abs=1e-6)
    # Asked for: 100 x - 5. A fund of 5 carries 10 %.
    assert sizing.carries() == pytest.approx(0.1, abs=0.0011)


def test_measures__of_series__are_those_of_the_examples(calm_fall):
    assert fall([100, 80, 120, 90]) == 0.25
    assert herfindahl([50, 25, 25]) == 0.375
    moments = calm_fall.of(0)
    assert fall([one.index for one in moments]) == pytest.approx(1 - 0.99**29 * 0.989, abs=1e-9)
    assert amplification(moments) > 1


def test_crowd__whatever_its_number__has_the_same_mix_and_fills_the_pool():
    room = [10_000_000 * WAD]
    for number in (8, 40, 500):
        people = draw(stress(crowd=Crowd(accounts=number)), room, ["0x" + "11" * 20])
        net = sum(person.notional for person in people)
        gross = sum(abs(person.notional) for person in people)
        short = -sum(person.notional for person in people if person.notional < 0)
        assert len({person.account for person in people}) == number
        assert net == pytest.approx(9_000_000 * WAD, rel=1e-4)
        assert short / gross == pytest.approx(0.25, abs=1e-3)
        longs = sorted(person.leverage / 1e6 for person in people if person.notional > 0)
        # One in each equal part of the logarithm from 2 to 50: the middle one is near 10.
        assert longs[len(longs) // 2] == pytest.approx(10, rel=0.75)
        assert 2 <= longs[0] <= longs[-1] <= 50


def test_crash__with_the_shipped_parameters__is_paid_by_the_insurance(calm_fall):
    tally, opening = calm_fall.tallies[0], calm_fall.openings[0]
    assert len(opening.values) == 40
    assert opening.utilization == pytest.approx(0.9 * WAD, rel=0.01)
    assert 40 < opening.most_leverage / WAD <= 50
    assert len(tally.accounts) > 15
    assert calm_fall.unhealthy == 0
    assert calm_fall.holds
    assert calm_fall.cash_end - calm_fall.fund == flows(calm_fall)
    assert sum(moment.liquidated for moment in calm_fall.of(0)) == tally.notional


def test_weak_maintenance__leaves_bad_debt__that_the_insurance_does_not_hold():
    # Steps of 3 %: with a tenth of a percent of maintenance nearly everybody is under water when seen.
    where = window(step=300, bars=20)
    weak = run_stress(stress(where, deployment=weakened(Decimal("0.001"))))
    shipped = run_stress(stress(where))
    assert shipped.holds
    assert shipped.debt > 0
    assert weak.debt > 2 * shipped.debt
    assert weak.after_insurance > 0
    assert not weak.holds
    assert weak.used > weak.fund
    assert Study((shipped, weak)).failed == ["synthetic, start, seed 1"]


def test_latency__of_the_keeper__costs():
    late = [run_stress(stress(latency=steps)).debt for steps in (0, 8)]
    assert late[1] > late[0]


def test_screen__of_far_accounts__changes_nothing(calm_fall):
    everybody = Stress(stress(), screen=False).run()
    assert replace(everybody, seconds=0) == replace(calm_fall, seconds=0)


def test_entry__on_the_brink__meets_the_margin_rules_of_the_moment():
    where = window(interval=300)
    record = run_stress(stress(where, entry=Entry.BRINK))
    assert record.openings[0].time == where.brink() - 1
    assert record.of(0)[0].time == where.brink()
    # In a crash from a higher volatility fewer multiples are allowed.
    falling = make_window("falling", {"BTC": crash(step=300, interval=300)}, real=False)
    later = replace(stress(falling, entry=Entry.BRINK), window=_from(falling, CALM - 6))
    assert run_stress(later).openings[0].time >= START


def _from(where, first):
    bars = where.candles["BTC"].bars[first:]
    return Window(where.name, {"BTC": make_candles(bars, "later")}, real=False)


def test_sweeps__vary_one_thing__and_run_in_processes(calm_fall):
    base = stress()
    assert [one.seed for one in seeds(base, 3)] == [2, 3]
    allowed = [one.deployment.markets[0].brackets[0].initial for one in frontier(base)]
    assert allowed == [Decimal("0.5"), Decimal("0.2"), Decimal("0.1"), Decimal("0.05"), Decimal("0.02")]
    few = hands(base, (8, 16), 2)
    assert [(one.crowd.accounts, one.seed, one.crowd.spread_percent) for one in few] == [
        *((8, 1, 0), (8, 2, 0)),
        *((16, 1, 0), (16, 2, 0)),
    ]
    lines = run_lines([base, *few], 2)
    assert lines[0] == line_of(calm_fall)
    eight, sixteen = by_hands(lines[1:])
    # Six equal longs hold three quarters, two equal shorts one quarter: 6 / 64 + 2 / 64.
    assert eight.concentration == pytest.approx(6 / 64 + 2 / 64, rel=1e-3)
    assert sixteen.concentration < eight.concentration
    assert sixteen.burst < eight.burst


def test_rallies__are_the_window_mirrored__on_two_depths():
    jobs = rallies(stress(), (1, 5), 1)
    # 0.0004 a share at 120,000 is 48.
    thin, deep = run_lines(jobs, 1)
    assert (thin.depth, deep.depth, thin.window) == (48, 240, "synthetic mirrored")
    assert thin.premium > 3 * deep.premium > 0
    assert thin.absorbed > 0
    assert thin.after_insurance > 0
    assert deep.after_insurance == 0
    text = markdown(Study((run_stress(stress()),), rallies=(thin, deep)), "keel stress")
    assert "in every replay of these falls. Mirrored, as rallies, it did not in 1 of 2" in text
    assert "it failed in 1 of 1 with a curve of 48 quote" in text
    assert "0 of 1 with a curve of 240 quote" in text


def test_stakes__vary_the_insurance_alone():
    base = stress()
    assert [one.money.insurance_bps for one in stakes(base, (0, 400))] == [0, 400]
    assert all(replace(one, money=base.money) == base for one in stakes(base))


def test_frontier__of_lower_leverage__owes_less():
    least, most = run_lines(frontier(stress(), (2, 50)), 1)
    assert (least.debt, least.liquidations) == (0, 0)
    assert most.liquidations > 0
    assert least.margin > 3 * most.margin


def test_pages__of_a_study__say_what_happened_and_load_nothing(calm_fall):
    study = Study((calm_fall,))
    text = markdown(study, "keel stress")
    assert "after it, zero in every replay" in text
    assert text == markdown(Study((run_stress(stress()),)), "keel stress")
    page = html(study, "keel stress")
    assert page.count("<svg") == 3
    tally = calm_fall.tallies[0]
    assert f"| absorbed by the insurance | {quote(tally.absorbed)} |" in text
    assert f"| its cap at the opening | {quote(calm_fall.openings[0].loss_cap)} |" in text
    assert f"{calm_fall.bounds.at(0.1):,.0f}" in text
    told = as_json(study)["replays"][0]
    assert told["markets"][0]["absorbed"] == {
        "value": format_wad(tally.absorbed),
        "count": tally.absorptions,
    }
    fund = {name: Decimal(value) for name, value in told["fund"].items()}
    came = ("penalties", "surplus_and_dust", "own_positions", "bad_debt")
    assert fund["before"] + sum(fund[name] for name in came) == fund["assets_after"]
    assert not any(word in page for word in ("<script", "src=", "http-equiv", "@import"))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"crowd": Crowd(accounts=3)}, "3 accounts"),
        ({"crowd": Crowd(least=9, most=5)}, "leverage 9 to 5"),
        ({"crowd": Crowd(short_percent=50)}, "50 % short"),
        ({"latency": -1}, "latency of -1"),
        ({"money": Money(fill_percent=101)}, "out of range"),
    ],
)
def test_settings__out_of_range__are_refused(given, says):
    with pytest.raises(ConfigError, match=says):
        Stress(stress(**given))


def test_with_leverage__never_lowers_an_initial_rate():
    rates = [bracket.initial for bracket in with_leverage(load_deployment(), 25).markets[0].brackets]
    assert rates == [Decimal("0.04"), Decimal("0.04"), Decimal("0.04"), Decimal("0.08")]


def test_command__without_market_data__replays_a_simulated_crash(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("KEEL_DATA", str(tmp_path))
    arguments = ("--accounts", 30, "--json")
    code, out, _ = run(capsys, *arguments, "--out", tmp_path / "a.html", "--markdown", tmp_path / "a.md")
    told = json.loads(out)
    assert (code, told["holds"]) == (0, True)
    assert [one["window"] for one in told["replays"]] == ["simulated", "simulated"]
    assert "keel stress --accounts 30 --markdown" in (tmp_path / "a.md").read_text()
    assert (tmp_path / "a.html").stat().st_size < 3_000_000
    code, out, _ = run(capsys, *arguments, "--entry", "brink", "--insurance", 0, "--latency", 4)
    told = json.loads(out)
    assert (code, told["holds"]) == (1, False)
    assert Decimal(told["replays"][0]["bad_debt"]["pools"]) > 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--window", "1987-10-19"), "no window '1987-10-19'"),
        (("--leverage", "fifty"), "'fifty' is not like 2-50"),
        (("--out", "page.pdf"), "cannot write a page into page.pdf"),
        (("--window", "2021-05-19", "--data-dir", "nowhere"), "cannot read"),
    ],
)
def test_command__with_bad_input__says_so_in_a_line(capsys, arguments, says):
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err


def test_market_data__of_2025_10_10__is_paid_by_the_insurance():
    folder = data_folder()
    if not has_data("2025-10-10", folder):
        pytest.skip("no candles of 2025-10-10: set KEEL_DATA, or put shared/data beside the checkout")
    where = read_window("2025-10-10", folder)
    record = run_stress(stress(where, entry=Entry.BRINK))
    assert where.interval == 300
    # The hour from 20:30 UTC; the low of the day is 102,329.5.
    assert record.openings[0].time == 1_760_128_200 - 1
    assert min(moment.index for moment in record.of(0)) == 102_329_500_000_000_000_000_000
    assert record.tallies[0].count > 15
    assert record.debt > 0
    assert record.holds
