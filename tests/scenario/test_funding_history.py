"""Funding models over the years, where the optional folder of market data is beside the checkout."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from keel.analytics.funding_compare import PUBLISHED, Sources, compare, folder_source
from keel.analytics.funding_compare_cases import saturation, spot_only
from keel.analytics.funding_compare_page import render
from keel.analytics.funding_compare_params import load_settings
from keel.units import BPS, WAD

DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no market data at ../shared/data")

MODELS = ("premium", "premium, weighted", "velocity", "adaptive", "layered")
CRASHES = ("2020-03", "2021-05", "2022-05", "2022-11", "2025-10")
CAP = 30.0


def at(*moment):
    return int(datetime(*moment, tzinfo=UTC).timestamp())


@pytest.fixture(scope="module")
def btc():
    sources = folder_source(DATA, "BTC").between(at(2020, 1, 1), None)
    return compare(sources, "BTC", load_settings("BTC"))


@pytest.fixture(scope="module")
def figures(btc):
    return btc.figures


def test_premium__over_six_years__is_what_the_exchange_charged(figures):
    one = figures["premium"]
    assert one.compared > 6_900
    assert one.correlation >= 0.95
    assert one.error <= 0.35
    assert one.mean == pytest.approx(figures[PUBLISHED].mean, abs=0.05)
    assert one.at_interest == pytest.approx(figures[PUBLISHED].at_interest, abs=0.02)


def test_weights__of_later_samples__come_nearer(figures):
    plain, weighted = figures["premium"], figures["premium, weighted"]
    assert weighted.correlation > plain.correlation + 0.005
    assert weighted.error < plain.error


def test_eth__is_as_near():
    settings = load_settings("ETH")
    series = folder_source(DATA, "ETH").between(at(2020, 1, 1), None).series
    one = compare(Sources(series), "ETH", replace(settings, models=settings.models[:1])).figures["premium"]
    assert one.compared > 6_900
    assert one.correlation >= 0.94


def test_layered__over_six_years__costs_what_the_exchange_did(figures):
    one = figures["layered"]
    assert one.correlation >= 0.92
    assert one.mean == pytest.approx(figures[PUBLISHED].mean, abs=0.1)
    assert one.at_interest == 0


def test_models_that_see_skew_only__are_not_near(figures):
    for name in ("velocity", "adaptive"):
        assert 0.4 < figures[name].correlation < figures["layered"].correlation
        assert figures[name].at_interest is None


def test_rates__stay_inside_the_caps(btc):
    for one in btc.runs.values():
        longs_pay, shorts_pay = one.caps
        assert all(-shorts_pay <= rate <= longs_pay for rate in (*one.paid, *one.rates))


def test_crashes__are_all_there_with_every_model(figures):
    for name in (PUBLISHED, *MODELS):
        assert tuple(figures[name].windows) == CRASHES


def test_march_2020__hits_the_cap_once_and_costs_most(figures):
    for name in (PUBLISHED, "premium", "premium, weighted"):
        assert figures[name].windows["2020-03"].lowest_paid == -CAP
    for name in (PUBLISHED, "premium", "layered"):
        costs = {crash: one.cost for crash, one in figures[name].windows.items()}
        assert min(costs, key=costs.__getitem__) == "2020-03"
    # The convex model goes further than the exchange's cap, inside its own of 75 bp.
    assert -75 < figures["layered"].windows["2020-03"].lowest < -CAP


@pytest.mark.parametrize(
    ("crash", "sample"), [("2020-03", 60), ("2021-05", 60), ("2022-05", 60), ("2022-11", 5), ("2025-10", 5)]
)
def test_flash_crashes__intervals_wait_and_layers_do_not(btc, crash, sample):
    (only,) = (one for one in btc.replays if one.window.name == crash)
    assert only.series.interval == sample * 60
    lags = {name: one.windows[crash].lag_minutes for name, one in btc.figures.items()}
    # Paid at 00:00, 08:00 and 16:00: never later than the end of the interval after next.
    assert (only.extreme_at + lags["premium"] * 60) % (8 * 3600) == 0
    assert 0 < lags["layered"] <= 4 * 60
    if sample == 5:
        assert lags["layered"] <= 20 < 2 * 60 < lags["premium"]


def test_bitmex_march_2020__stays_at_the_cap_for_six_settlements():
    found = saturation(DATA, load_settings("BTC"))
    cap = -found.cap
    assert cap == -375 * WAD // 100_000
    capped = [time for time, rate in zip(found.times, found.published, strict=True) if rate == cap]
    assert (capped[0], capped[-1], len(capped)) == (at(2020, 3, 13, 4), at(2020, 3, 14, 20), 6)
    assert found.constructed == found.published
    # A real premium of those hours, if of another exchange: two in a row.
    pairs = zip(found.times, found.deribit, strict=True)
    assert [time for time, rate in pairs if rate == cap] == [at(2020, 3, 13, 12), at(2020, 3, 13, 20)]


def test_spot_only_average__makes_a_premium_that_nobody_saw():
    found = spot_only(DATA, "BTC", load_settings("BTC"))
    assert found.lowest * BPS / WAD == pytest.approx(-589.31, abs=0.01)
    assert found.highest * BPS / WAD == pytest.approx(443.24, abs=0.01)
    assert found.charged["premium, at once"] == -CAP * WAD / BPS
    assert found.charged["layered"] < -10 * WAD // BPS
    resting = {one: rate for one, rate in found.resting.items() if one not in ("velocity", "adaptive")}
    assert set(resting.values()) == {WAD // BPS}


def test_page__of_the_years__has_every_part(btc):
    page = render(btc)
    for text in ("Saturation: March 2020", "-589.31", "A premium needs both prices", "BTC on Bybit"):
        assert text in page
    assert page.count("<svg ") == 4 + len(CRASHES)
    assert len(page) < 2_000_000
