"""A market day in this process: story, proof, report, and that all of it follows from the seed."""

import json
import re
from dataclasses import replace

import pytest
from rich.console import Console

from keel.analytics.proof import Check
from keel.analytics.report import render
from keel.analytics.tables import summary
from keel.cli.show import REPORT, Options, present
from keel.errors import ConfigError
from keel.evm.revm import RevmChain
from keel.keepers.price import PriceKeeper
from keel.model.validity import Validity
from keel.sim.candles import between, make_candles
from keel.sim.replay import Replay
from keel.sim.setting import market_day
from keel.sim.sources import CENTRE, crash_candles, data_folder
from keel.sim.synthetic import crash_day
from keel.units import WAD

END = int(CENTRE.timestamp())


def day(seed=7, hours=3, traders=24):
    half = hours * 1800
    candles = between(crash_day(seed), END - half, END + half)
    return market_day(candles, real=False, seed=seed, traders=traders)


def run(settings):
    return Replay(RevmChain(settings.genesis), settings).run()


@pytest.fixture(scope="module")
def record():
    return run(day(hours=8))


@pytest.fixture(scope="module")
def page(record):
    return render(record)


def test_the_books_are_proven(record):
    assert record.proven, [check for check in record.checks if not check.holds]
    assert len(record.checks) == 7


def test_somebody_is_liquidated_and_somebody_survives(record):
    assert len({event.tier for event in record.liquidations}) >= 2
    assert any(trader.liquidations for trader in record.traders)
    assert any(trader.equity > trader.paid_in for trader in record.traders)
    assert record.tally.penalties > record.tally.rewards > 0


def test_both_sides_trade_and_funding_accrues(record):
    assert max(sample.long_interest for sample in record.samples) > 0
    assert max(sample.short_interest for sample in record.samples) > 0
    assert record.report.funding != 0
    assert record.report.fees > 0


def test_insurance_and_pool_live(record):
    assert record.samples[-1].insurance != record.samples[0].insurance
    assert record.report.redemptions < 0 < record.report.deposits
    told = " ".join(text for _, text in record.notes)
    for deed in ("into the pool", "asks to redeem", "from the pool", "into the insurance"):
        assert deed in told


def test_the_outage_goes_down_the_ladder_and_ends(record):
    start, end = record.origin.outage
    stale = [sample for sample in record.samples if start <= sample.time < end]
    ladder = list(dict.fromkeys(sample.validity for sample in stale))
    assert ladder == [Validity.VALID, Validity.STALE10, Validity.STALE60, Validity.INVALID]
    assert len({sample.index for sample in stale}) == 1
    assert len({sample.outside for sample in stale}) > 5
    assert next(sample for sample in record.samples if sample.time >= end).validity is Validity.VALID
    assert record.tally.refusals["Trade", "PriceNotGoodFor"] > 0
    assert not [event for event in record.liquidations if start + 300 < event.time < end]


def test_prices_follow_the_path_outside_the_outage(record):
    start, end = record.origin.outage
    open_hours = [s for s in record.samples if not start - 60 <= s.time < end]
    reach = PriceKeeper().deviation_bps
    assert all(abs(s.outside - s.index) * 10_000 <= reach * s.outside for s in open_hours)


def test_same_seed_same_day():
    short = day(hours=2)
    first, second = run(short), run(short)
    assert first.samples == second.samples
    assert summary(first) == summary(second)
    assert render(first) == render(second)


@pytest.mark.skipif(data_folder() is None, reason="no market data at hand")
def test_the_real_day():
    candles, real = crash_candles(7, 8)
    assert real
    told = run(market_day(candles, real=True, seed=7))
    assert told.proven
    assert min(sample.index for sample in told.samples) < 103_000 * WAD
    assert min(summary(told)["liquidations"].values()) > 0


def test_other_seed_other_day(record):
    assert summary(run(day(seed=8, hours=8)))["volume"] != summary(record)["volume"]


def test_report_is_self_contained_and_small(page):
    assert len(page.encode()) < 1_000_000
    assert "<script" not in page
    links = set(re.findall(r"""(?:src|href)=["'](?!#)([^"']+)""", page)) | set(
        re.findall(r"url\((?!#)[^)]+", page)
    )
    assert links == set()
    for text in ("Books proven to the wei", "simulated Chainlink aggregator", "seed 7", "the feed fails"):
        assert text in page
    assert page.count("<svg") == 10


def test_report_escapes_what_comes_from_outside(record):
    evil = replace(record, origin=replace(record.origin, source="<script>alert(1)</script>"))
    assert "<script" not in render(evil)


def test_summary_is_json(record):
    told = json.loads(json.dumps(summary(record)))
    assert told["proven"] is True
    assert sum(told["liquidations"].values()) == len(record.liquidations)


def test_exit_code_and_files(record, page, tmp_path, capsys):
    quiet = Options(tmp_path / "new" / "folder", rpc=None, as_json=False, quiet=True)
    present(record, quiet, Console(quiet=True))
    assert (tmp_path / "new" / "folder" / REPORT).read_text() == page
    assert capsys.readouterr().out.startswith("Books proven to the wei; report: ")
    broken = replace(record, checks=[*record.checks, Check("two is three", False, "")])
    with pytest.raises(SystemExit) as stop:
        present(broken, replace(quiet, as_json=True), Console(quiet=True))
    assert stop.value.code == 1
    assert json.loads(capsys.readouterr().out)["proven"] is False
    assert "The books do not add up" in (tmp_path / "new" / "folder" / REPORT).read_text()


def test_report_folder_that_cannot_be(record, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot write"):
        present(record, Options(tmp_path / "file", rpc=None, as_json=False, quiet=True), Console(quiet=True))


@pytest.mark.parametrize("factor", [10**-5, 10**-2, 40])
def test_any_price_scale(factor):
    bars = [
        replace(
            bar,
            **{name: max(int(getattr(bar, name) * factor), 1) for name in ("open", "high", "low", "close")},
        )
        for bar in day(hours=2).candles.bars
    ]
    settings = market_day(make_candles(bars, "scaled"), real=False, seed=7, traders=6)
    assert run(settings).proven


def test_chain_that_is_ahead_of_the_day():
    with pytest.raises(ConfigError, match="past the day's begin"):
        Replay(RevmChain(day().genesis + 1), day())


def test_too_short_a_day():
    candles = between(crash_day(7), END - 600, END + 600)
    with pytest.raises(ConfigError, match="minutes of prices"):
        market_day(candles, real=False, seed=7)
