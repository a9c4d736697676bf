"""Funding models over made series whose answers are known."""

import gzip
import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from click.testing import CliRunner

from keel.analytics.funding_compare import PUBLISHED, Sources, compare
from keel.analytics.funding_compare_folder import read_folder
from keel.analytics.funding_compare_inputs import settlements, steps
from keel.analytics.funding_compare_page import render
from keel.analytics.funding_compare_params import load_settings, skew_at
from keel.analytics.funding_compare_series import Series, read_series
from keel.analytics.funding_compare_tables import summary
from keel.cli.funding import command
from keel.errors import ConfigError, DataError
from keel.model import curve
from keel.units import BPS, WAD

HOUR = 3_600
DAY = 24 * HOUR
MIDNIGHT = int(datetime(2021, 1, 1, tzinfo=UTC).timestamp())
MARCH = int(datetime(2020, 3, 12, tzinfo=UTC).timestamp())
BP = WAD // BPS


def series(premiums, start=MIDNIGHT, published=None, interval=HOUR):
    """Premiums in bp, and one more sample so that the last of them lasts."""
    times = tuple(start + interval * i for i in range(len(premiums) + 1))
    wads = tuple(round(one * BP) for one in [*premiums, premiums[-1]])
    return Series("made", times, wads, (), published or {})


def run(one, toml=None, tmp_path=None, market="BTC"):
    path = None
    if toml is not None:
        path = tmp_path / "mine.toml"
        path.write_text(toml)
    return compare(Sources(one), market, load_settings(market, path))


def paid(comparison, name):
    return [rate / BP for rate in comparison.runs[name].paid]


@pytest.mark.parametrize(
    ("premium", "rate", "at_interest", "at_cap"),
    [
        (0, 1, 1, 0),
        (6, 1, 1, 0),
        (8, 3, 0, 0),
        (20, 15, 0, 0),
        (-4, 1, 1, 0),
        (-6, -1, 0, 0),
        (40, 30, 0, 1),
        (-80, -30, 0, 1),
    ],
)
def test_premium__constant__charges_the_exchanges_formula(premium, rate, at_interest, at_cap):
    found = run(series([premium] * 48)).figures["premium"]
    assert (found.mean, found.sd) == pytest.approx((rate, 0))
    assert (found.at_interest, found.at_cap) == (at_interest, at_cap)


def test_eth__has_its_own_cap():
    assert paid(run(series([-80] * 24), market="ETH"), "premium") == [-37.5] * 3


def test_interval__averages_plain_and_weighted():
    samples = [10, 12, 14, 16, 18, 20, 30, 40]
    found = run(series(samples))
    # Hour k of 8 weighs k^2 - (k - 1)^2 = 2k - 1 of 64.
    weighted = sum((2 * k - 1) * one for k, one in enumerate(samples, start=1)) / 64
    assert paid(found, "premium") == pytest.approx([sum(samples) / 8 - 5])
    assert paid(found, "premium, weighted") == pytest.approx([weighted - 5])


def test_settlements__inside_a_gap__are_charged_each():
    sparse = series([20, 20], interval=20 * HOUR)
    assert paid(run(sparse), "premium") == [15] * 5
    assert sum(one.elapsed for one in steps(sparse, load_settings("BTC"), 0)) == 40 * HOUR


def test_windows__cut_by_the_ends_of_the_series__do_not_count():
    found = run(series([20] * 30, start=MIDNIGHT + 3 * HOUR))
    assert found.runs["layered"].settled == tuple(MIDNIGHT + 8 * HOUR * k for k in (2, 3, 4))
    with pytest.raises(DataError, match="no whole window of 8 hours"):
        run(series([20] * 9, start=MIDNIGHT + 3 * HOUR))


def test_offset__moves_the_settlements(tmp_path):
    assert list(settlements(MIDNIGHT, MIDNIGHT + DAY, 4 * HOUR)) == [MIDNIGHT + h * HOUR for h in (4, 12, 20)]
    published = {MIDNIGHT + 12 * HOUR: 15 * BP, MIDNIGHT + 20 * HOUR: 15 * BP}
    found = run(series([20] * 24, published=published), "[premium]\noffset_seconds = 14400", tmp_path)
    assert found.runs[PUBLISHED].settled == found.runs["premium"].settled == tuple(published)
    with pytest.raises(DataError, match=r"no rate is published at .*: set offset_seconds"):
        run(series([20] * 24, published=published))


def test_published__equal_to_the_model__correlates_fully():
    samples = [one for level in (20, 8, -6, 30) for one in [level] * 8]
    rates = (15, 3, -1, 25)
    published = {MIDNIGHT + 8 * HOUR * (k + 1): rate * BP for k, rate in enumerate(rates)}
    found = run(series(samples, published=published))
    one = found.figures["premium"]
    # The first settlement of the exchange is the first whole window of the series.
    assert (one.correlation, one.error, one.compared) == (pytest.approx(1), 0, 4)
    assert paid(found, PUBLISHED) == list(rates)
    assert found.figures[PUBLISHED].correlation is None
    assert run(series([20] * 24, published=published)).figures["premium"].correlation is None


def test_published__differences__are_averaged_in_size():
    published = {MIDNIGHT + 8 * HOUR * k: (13 + k) * BP for k in (1, 2, 3)}
    assert run(series([20] * 24, published=published)).figures["premium"].error == pytest.approx(2 / 3)


@pytest.mark.parametrize("bp", [-9000, -500, -30, 0, 4, 50, 3000])
def test_skew__has_the_premium_on_the_curve(bp):
    skew = skew_at(bp * BP)
    assert abs(curve.premium(WAD, skew) - bp * BP) <= 200
    assert (skew > 0) == (bp > 0)


def test_inputs__carry_the_skew():
    settings = load_settings("BTC")
    (full, *_), (half, *_) = (steps(series([one]), settings, 0) for one in (50, 25))
    assert (full.short_interest, full.long_interest) == (0, skew_at(50 * BP))
    assert half.long_interest + half.short_interest == pytest.approx(full.long_interest, abs=1)
    assert half.long_interest - half.short_interest == skew_at(25 * BP)
    assert full.utilization == skew_at(50 * BP) * 10 // 3
    (beyond, *_) = steps(series([-8000]), settings, 0)
    assert beyond.utilization == -WAD
    assert beyond.long_interest == 0


def test_sigma__follows_the_spot():
    calm = Series("made", (0, HOUR, 2 * HOUR), (0, 0, 0), (WAD, WAD, WAD), {})
    wild = Series("made", (0, HOUR, 2 * HOUR), (0, 0, 0), (WAD, 11 * WAD // 10, WAD), {})
    settings = load_settings("BTC")
    last = [steps(one, settings, 0)[-1].sigma for one in (calm, wild)]
    assert last[0] < 6 * WAD // 10 < last[1]
    assert steps(series([0, 0]), settings, 0)[-1].sigma == 6 * WAD // 10


def test_velocity__without_leak__rises_on_a_line(tmp_path):
    toml = '[velocity]\nvelocity = "0.0024"\nleak_seconds = 0\ndeadband = 0'
    found = run(series([50] * 16), toml, tmp_path)
    # 24 bp a day: the means of the two windows are the rates after 4 and 12 hours.
    assert paid(found, "velocity") == pytest.approx([4, 12], abs=1e-9)
    assert found.figures["velocity"].at_interest is None


def test_adaptive__rises_to_its_cap_and_stays():
    found = run(series([50] * 24))
    # From nothing to 90 % a year in three hours; before it is there, 1 % a year is charged.
    most, least = 0.9 / 1095 * BPS, 0.01 / 1095 * BPS
    first = (most * 6.5 + least**2 / (2 * most / 3)) / 8
    assert paid(found, "adaptive") == pytest.approx([first, most, most])
    assert found.figures["adaptive"].at_cap == pytest.approx(2 / 3)


def test_layered__settles_at_its_target():
    found = run(series([20] * 60 * 24)).runs["layered"]
    setting = next(one for one in load_settings("BTC").models if one.name == "layered")
    given = steps(series([20]), load_settings("BTC"), 0)[0]
    assert found.paid[-1] == pytest.approx(setting.model.rates(given).target, abs=2)


def crash():
    """An hour of -200 bp at 18:00 on 12 March 2020, in six days of no premium from the day before."""
    premiums = [0.0] * (6 * 24)
    premiums[24 + 18] = -200
    return run(series(premiums, start=MARCH - DAY))


def test_crash__costs_and_lags_are_known():
    found = crash()
    (only,) = found.replays
    assert (only.extreme, only.extreme_at) == (-200 * BP, MARCH + 18 * HOUR)
    one = found.figures["premium"].windows["2020-03"]
    # The window with the hour has the mean -25 bp, so it pays -20; the other fourteen pay the interest.
    assert (one.cost, one.lowest_paid, one.lowest) == pytest.approx((14 - 20, -20, -20))
    assert one.lag_minutes == 6 * 60
    assert found.figures["layered"].windows["2020-03"].lag_minutes == 60
    assert found.figures["velocity"].windows["2020-03"].lag_minutes == 60
    assert found.figures["premium"].windows.keys() == {"2020-03"}


def test_crash__no_end_of_the_movement__has_no_lag():
    premiums = [0.0] * (24 + 18) + [-60.0] + [-50.0] * (6 * 24 - 43)
    found = run(series(premiums, start=MARCH - DAY)).figures["velocity"].windows["2020-03"]
    assert found.lag_minutes is None


def test_page__is_self_contained_and_complete():
    page = render(crash())
    for text in (
        "Moving mean",
        "Lag, minutes",
        "12 Mar 2020 to 17 Mar 2020",
        "prefers-color-scheme: dark",
    ):
        assert text in page
    # Nothing is published here, so nothing is drawn against it.
    assert page.count("<svg ") == 4
    assert not any(mark in page for mark in ("<script", "src=", 'href="http', "@import", "$"))


# Files.


def table(tmp_path, text, name="premiums.csv"):
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize(
    "times",
    [
        ("1609459200", "1609462800"),
        ("1609459200000", "1609462800000"),
        ("1609459200000000", "1609462800000000"),
        ("2021-01-01T00:00:00Z", "2021-01-01T01:00:00Z"),
        ("2021-01-01 00:00:00", "2021-01-01 01:00:00"),
    ],
)
def test_file__times_of_every_kind__are_read(tmp_path, times):
    rows = "".join(f"{time},-0.0012\n" for time in times)
    for name in ("a.csv", "a.csv.gz"):
        one = read_series(table(tmp_path, f"time,premium\n{rows}", name))
        assert one.times == (MIDNIGHT, MIDNIGHT + HOUR)
        assert one.premiums == (-12 * BP, -12 * BP)
        assert (one.spots, one.published) == ((), {})


@pytest.mark.parametrize("spot", ["spot", "close"])
def test_file__prices_and_published__are_read(tmp_path, spot):
    text = f"time,perp,{spot},published\n1609459200,101,100,\n1609488000,99,100,-1.5e-05\n"
    one = read_series(table(tmp_path, text))
    assert one.premiums == (WAD // 100, -WAD // 100)
    assert one.spots == (100 * WAD, 100 * WAD)
    assert one.published == {1609488000: -15 * BP // 100}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("time,premium\n1,0.1\n", "premiums.csv has 1 rows: give at least two"),
        ("when,premium\n1,0\n2,0\n", r"has no column time or ts \(it has when, premium\): add it"),
        ("time,price\n1,0\n2,0\n", "has neither premium nor perp: add premium, or perp and spot"),
        ("time,perp\n1,5\n2,5\n", "has no column spot or close"),
        ("time,premium\n100,0\n200,x\n", "premiums.csv line 3: premium 'x' is no number: give plain"),
        ("time,premium\n100,0\n200,\n", "line 3: premium None is empty: drop"),
        ("time,premium\n100,0\n200,inf\n", "line 3: premium 'inf' is no number"),
        ("time,premium\n100,0\n100,0\n", "line 3: time '100' is not later than the row before: sort"),
        ("time,premium\n100,0\nnoon,0\n", "line 3: time 'noon' is no time: give Unix seconds"),
        ("time,premium\n100,0\n200,5\n", "line 3: premium '5' is too large: give fractions: 10 bp is 0.001"),
        ("time,perp,spot\n100,5,5\n200,5,0\n", "line 3: spot '0' is not positive: drop or correct"),
        ("", "premiums.csv is no CSV"),
    ],
)
def test_file__that_cannot_be_used__says_why(tmp_path, text, complaint):
    with pytest.raises(DataError, match=complaint):
        read_series(table(tmp_path, text))


def test_file__that_is_missing_or_damaged__says_so(tmp_path):
    with pytest.raises(DataError, match=r"cannot read .*gone.csv .*: check the path"):
        read_series(tmp_path / "gone.csv")
    damaged = tmp_path / "a.csv.gz"
    damaged.write_bytes(gzip.compress(b"time,premium\n1,0\n2,0\n" * 99)[:40])
    with pytest.raises(DataError, match=r"a\.csv\.gz"):
        read_series(damaged)


def folder(tmp_path, spot):
    """Five hours of candles; `spot` gives (close, volume) by hour, None for no bar."""
    perp = "".join(f"{MIDNIGHT + HOUR * h},101,5\n" for h in range(5))
    rows = enumerate(spot)
    text = "".join(f"{MIDNIGHT + HOUR * h},{one[0]},{one[1]}\n" for h, one in rows if one is not None)
    files = {
        "btcusdt_perp_binance_1h_x.csv": f"ts,close,volume\n{perp}",
        "btcusdt_spot_binance_1h_x.csv": f"ts,close,volume\n{text}",
        "btcusdt_funding_binance_8h_x.csv": f"ts,funding_rate\n{MIDNIGHT},1e-4\n{MIDNIGHT + 8 * HOUR},2e-4\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    return tmp_path


def test_folder__samples_are_seen_at_the_close(tmp_path):
    one = read_folder(folder(tmp_path, [(100, 5)] * 5), "btc")
    assert one.times == tuple(MIDNIGHT + HOUR * h for h in range(1, 6))
    assert set(one.premiums) == {WAD // 100}
    assert (one.source, one.gaps, one.published) == ("BTC on Binance", 0, {})


@pytest.mark.parametrize("halt", [None, (100, 0)], ids=["no bar", "no volume"])
def test_folder__closes_before_a_halt__are_left_out(tmp_path, halt):
    one = read_folder(folder(tmp_path, [(100, 5), (90, 5), halt, (100, 5), (100, 5)]), "BTC")
    assert one.times == tuple(MIDNIGHT + HOUR * h for h in (1, 4, 5))
    assert set(one.premiums) == {WAD // 100}
    assert one.gaps == 1


def test_folder__without_a_file__names_it(tmp_path):
    with pytest.raises(DataError, match=r"is no folder: give the folder"):
        read_folder(tmp_path / "gone", "BTC")
    with pytest.raises(DataError, match=r"has no btcusdt_perp_binance_1h_\*\.csv\*: put one there"):
        read_folder(tmp_path, "BTC")


# Parameters.


@pytest.mark.parametrize(
    ("toml", "complaint"),
    [
        ("[premum]\ninterest = 0", "mine.toml: nothing is called premum: use premium, velocity"),
        ("[premium]\ninterst = 0", "mine.toml: the premium model has no interst: it has interest"),
        ("[premium]\ninterest = -1", r"mine.toml: premium\.interest: .*greater than or equal to 0"),
        ("[layered]\ncap_longs_pay = 0.5", "mine.toml: layered: the contract refuses with ParameterOutOf"),
        ("[skew]\nmax_skew = 2", r"mine.toml: skew\.max_skew: .*less than 1: correct that value"),
        ("premium = 3", r"mine.toml: premium is no table: write \[premium\]"),
        ("[premium", "mine.toml is no TOML"),
    ],
)
def test_params__that_are_wrong__are_named(tmp_path, toml, complaint):
    with pytest.raises(ConfigError, match=complaint):
        run(series([0] * 8), toml, tmp_path)


def test_params__override_and_are_shown(tmp_path):
    found = run(series([20] * 8), "[premium]\ndeadzone = 0\ncap_longs_pay = 0.0015", tmp_path)
    assert paid(found, "premium") == [15]
    assert found.settings.exchange.deadzone == Decimal(0)
    assert summary(found)["parameters"]["premium"]["cap_longs_pay"] == "0.0015"


# Command line.


def invoke(*arguments):
    return CliRunner().invoke(command, ["compare", *map(str, arguments)], catch_exceptions=False)


def test_command__table_json_and_page__agree(tmp_path):
    rows = "".join(f"{MIDNIGHT + HOUR * h},0.002,{0.0015 if h % 8 == 0 else ''}\n" for h in range(49))
    path, page = table(tmp_path, f"time,premium,published\n{rows}"), tmp_path / "out" / "page.html"
    shown = invoke(path, "--out", page)
    assert shown.exit_code == 0, shown.output
    assert f"report: {page}" in shown.output
    row = next(line for line in shown.output.splitlines() if line.strip().startswith("premium  "))
    assert row.split() == ["premium", "15.00", "0.00", "0.0", "%", "0.00", "%", "–", "0.00"]
    told = json.loads(invoke(path, "--out", page, "--json").stdout)
    assert told["models"]["premium"]["mean"] == 15
    assert told["models"]["premium"]["compared"] == 6
    assert "15.00" in page.read_text()


def test_command__window__is_cut_to_whole_days(tmp_path):
    rows = "".join(f"{MIDNIGHT + HOUR * h},0.002\n" for h in range(97))
    path = table(tmp_path, f"time,premium\n{rows}")
    arguments = (path, "--from", "2021-01-02", "--to", "2021-01-02", "--out", tmp_path / "a.html", "--json")
    told = json.loads(invoke(*arguments).stdout)
    assert (told["from"], told["to"]) == (MIDNIGHT + DAY, MIDNIGHT + 2 * DAY)
    with pytest.raises(DataError, match=r"has 0 samples in that window: choose other --from and --to"):
        invoke(path, "--from", "2022-01-01")


def test_command__needs_one_source_and_a_place(tmp_path):
    for arguments in ((), (tmp_path / "a.csv", "--data-dir", tmp_path)):
        with pytest.raises(ConfigError, match="exactly one of FILE and --data-dir: give one of them"):
            invoke(*arguments)
    rows = "".join(f"{MIDNIGHT + HOUR * h},0.002\n" for h in range(9))
    path = table(tmp_path, f"time,premium\n{rows}")
    with pytest.raises(ConfigError, match=r"cannot write .*: choose another --out"):
        invoke(path, "--out", path / "page.html")
