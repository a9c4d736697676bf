"""Paths inside candles, and the simulated crash."""

from itertools import pairwise

import pytest

from keel.sim.candles import Candle, between, make_candles
from keel.sim.paths import steps
from keel.sim.sources import CENTRE
from keel.sim.synthetic import crash_day

RISE = Candle(6000, 100, 140, 90, 130)
FALL = Candle(6300, 130, 150, 50, 60)


def test_path_touches_open_extremes_and_close_in_order():
    path = steps(make_candles([RISE, FALL], "two"))
    assert [step.time for step in path] == list(range(6000, 6601, 60))
    assert [step.price for step in path] == [100, 90, 106, 123, 140, 130, 150, 116, 83, 50, 60]


@pytest.mark.parametrize(("interval", "each"), [(60, 3), (180, 3), (300, 5), (3600, 60)])
def test_every_bar_shows_its_extremes(interval, each):
    bars = [Candle(6000 + i * interval, 100, 120 + i, 80 - i, 95 + 10 * (i % 2)) for i in range(6)]
    path = steps(make_candles(bars, "bars"))
    assert len(path) == 1 + 6 * each
    for i, bar in enumerate(bars):
        inside = [step.price for step in path[1 + i * each : 1 + (i + 1) * each]]
        assert (min(inside), max(inside), inside[-1]) == (bar.low, bar.high, bar.close)
    assert all(later.time > earlier.time for earlier, later in pairwise(path))


def test_gaps_stay_gaps():
    late = Candle(RISE.time + 3000, 130, 150, 120, 140)
    path = steps(make_candles([RISE, Candle(6300, 130, 131, 129, 130), late], "gap"))
    assert path[10].time == 6600
    assert path[11].time == late.time + 60


@pytest.mark.parametrize("seed", range(5))
def test_simulated_crash_has_the_published_moves(seed):
    quarter_past = int(CENTRE.timestamp()) - 900
    closes = {bar.time: bar.close for bar in crash_day(seed).bars}
    opens = {bar.time: bar.open for bar in crash_day(seed).bars}
    five_minutes = closes[quarter_past] / opens[quarter_past] - 1
    fifteen_minutes = closes[quarter_past] / opens[quarter_past - 600] - 1
    assert five_minutes == pytest.approx(-0.089, abs=0.0005)
    assert fifteen_minutes == pytest.approx(-0.113, abs=0.0005)
    assert closes[quarter_past + 2400] > closes[quarter_past] * 1.05


def test_simulated_crash_depends_on_the_seed_alone():
    assert crash_day(3) == crash_day(3)
    assert crash_day(3).bars != crash_day(4).bars
    window = between(crash_day(3), int(CENTRE.timestamp()) - 8 * 3600, int(CENTRE.timestamp()) + 8 * 3600)
    assert len(window.bars) == 16 * 12
