"""Candle files: every layout that is promised, every kind of bad input."""

import gzip
import zipfile
from datetime import UTC, datetime

import pytest

from keel.errors import DataError
from keel.sim.candles import Candle, around_sharpest, between, make_candles, read_candles

PLAIN = """\
ts,open,high,low,close,volume
1760130000,114283.8,115121.2,114252,115066.2,384.0
1760130300,115066.2,115125.0,114363.7,114438.0,326.9
1760130600,114438.0,114624.6,110000.0,112234.2,1184.7
"""
BARS = (
    Candle(1760130000, 11428380000000, 11512120000000, 11425200000000, 11506620000000),
    Candle(1760130300, 11506620000000, 11512500000000, 11436370000000, 11443800000000),
    Candle(1760130600, 11443800000000, 11462460000000, 11000000000000, 11223420000000),
)


def write(folder, text, name="candles.csv"):
    path = folder / name
    path.write_text(text)
    return path


def klines(unit, header=""):
    """The same candles in the layout of Binance's archives."""
    rows = [line.split(",") for line in PLAIN.splitlines()[1:]]
    return header + "".join(f"{ts}{unit},{o},{h},{low},{c},{v},9,0,0,0,0,0\n" for ts, o, h, low, c, v in rows)


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.replace(",volume", "").replace(",384.0", "").replace(",326.9", "").replace(",1184.7", ""),
        "\ufeff" + PLAIN,
        PLAIN.replace("\n", "\r\n"),
        klines("000"),
        klines("000000"),
        klines("", "open_time,open,high,low,close,volume,close_time,q,n,tb,tq,ignore\n"),
    ],
    ids=["ts", "no volume", "bom", "crlf", "klines in ms", "klines in us", "klines with header"],
)
def test_layouts(tmp_path, text):
    candles = read_candles(write(tmp_path, text))
    assert candles.bars == BARS
    assert (candles.interval, candles.start, candles.end) == (300, 1760130000, 1760130900)


def test_packed(tmp_path):
    zipped, gzipped = tmp_path / "c.zip", tmp_path / "c.csv.gz"
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("BTCUSDT-5m.csv", klines("000"))
    gzipped.write_bytes(gzip.compress(PLAIN.encode()))
    assert read_candles(zipped).bars == read_candles(gzipped).bars == BARS


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("1760130600", "1760130300", "line 4: not later than the row before"),
        ("115125.0", "many", "line 3: high is 'many'"),
        ("115125.0", "1e5", "line 3: high is '1e5'"),
        ("115125.0", "nan", "line 3: high is 'nan'"),
        ("115125.0", "", "line 3: high is ''"),
        ("115125.0", "115125.000000001", "line 3: high is"),
        ("114363.7", "0", "line 3: a price is not positive"),
        ("114363.7", "-114363.7", "line 3: a price is not positive"),
        ("114363.7", "114438.1", "line 3: open or close outside low..high"),
        ("115125.0", "115066.1", "line 3: open or close outside low..high"),
        ("115125.0", "99999999", "line 3: a price above"),
        ("1760130300", "20251010", "line 3: time is '20251010'"),
        ("1760130300", "today", "line 3: time is 'today'"),
        ("1760130300,115066.2,115125.0,114363.7,114438.0,326.9", "1760130300,1", "line 3: 2 columns"),
        ("1760130300", "1760130030", "bars of 30 seconds"),
    ],
)
def test_bad_rows_are_named(tmp_path, old, new, says):
    with pytest.raises(DataError, match=says):
        read_candles(write(tmp_path, PLAIN.replace(old, new)))


def test_bad_files(tmp_path):
    with pytest.raises(DataError, match=r"cannot read .*absent\.csv"):
        read_candles(tmp_path / "absent.csv")
    with pytest.raises(DataError, match="cannot read"):
        read_candles(tmp_path)
    with pytest.raises(DataError, match="0 candles"):
        read_candles(write(tmp_path, ""))
    with pytest.raises(DataError, match="1 candles"):
        read_candles(write(tmp_path, "\n".join(PLAIN.splitlines()[:2])))
    damaged = tmp_path / "damaged.gz"
    damaged.write_bytes(gzip.compress(PLAIN.encode())[:40])
    with pytest.raises(DataError, match="damaged"):
        read_candles(damaged)
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(DataError, match="damaged"):
        read_candles(binary)


def test_archive_with_two_files(tmp_path):
    path = tmp_path / "two.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", PLAIN)
        archive.writestr("b.csv", PLAIN)
    with pytest.raises(DataError, match="holds 2 files"):
        read_candles(path)


def flat(count, *, spike):
    """Five-minute bars at 100, one of which dips."""
    bars = [Candle(1760000000 + 300 * i, 100, 100, 80 if i == spike else 100, 100) for i in range(count)]
    return make_candles(bars, "flat")


@pytest.mark.parametrize("spike", [0, 7, 50, 99])
def test_window_around_the_sharpest_move(spike):
    window = around_sharpest(flat(100, spike=spike), 3600)
    assert len(window.bars) == 12
    assert 80 in [bar.low for bar in window.bars]


def test_window_longer_than_the_series():
    assert len(around_sharpest(flat(10, spike=3), 86_400).bars) == 10


def test_window_by_time():
    candles = flat(10, spike=3)
    part = between(candles, candles.start + 1, candles.end - 1)
    assert part.bars == candles.bars[1:-1]
    late = int(datetime(2030, 1, 1, tzinfo=UTC).timestamp())
    with pytest.raises(DataError, match="no candles in that window"):
        between(candles, late, late + 3600)
