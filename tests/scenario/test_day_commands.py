"""`keel demo` and `keel replay` as a user meets them: on a real node, and with bad input."""

import json

import pytest

from keel.cli.main import main
from keel.sim.candles import PRICE_DECIMALS
from keel.sim.sources import CENTRE
from keel.sim.synthetic import crash_day
from keel.units import format_units


def run(capsys, *arguments):
    """Exit code, standard output and standard error."""
    with pytest.raises(SystemExit) as stop:
        main(list(map(str, arguments)))
    out, err = capsys.readouterr()
    return stop.value.code or 0, out, err


@pytest.fixture
def candle_file(tmp_path):
    """The simulated day in the layout of Binance's archives."""
    path = tmp_path / "BTCUSDT-5m-2025-10-10.csv"
    with path.open("w") as file:
        for bar in crash_day(7).bars:
            prices = [
                format_units(price, PRICE_DECIMALS) for price in (bar.open, bar.high, bar.low, bar.close)
            ]
            print(
                f"{bar.time * 1000},{','.join(prices)},1.5,{bar.time * 1000 + 299_999},0,0,0,0,0", file=file
            )
    return path


def test_demo_without_market_data(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("KEEL_DATA", str(tmp_path))
    code, out, err = run(capsys, "demo", "--hours", 2, "--accounts", 5, "--out", tmp_path / "out")
    assert (code, err) == (0, "")
    assert "Prices: jump-diffusion path of 2025-10-10, seed 7 (simulated" in out
    assert out.count("ok   ") == 7
    assert (tmp_path / "out" / "report.html").stat().st_size < 1_000_000


def test_replay_centres_on_the_sharpest_move(tmp_path, capsys, candle_file):
    code, out, _ = run(
        capsys, "replay", candle_file, "--hours", 2, "--accounts", 5, "--out", tmp_path, "--json"
    )
    told = json.loads(out)
    assert (code, told["proven"]) == (0, True)
    assert told["from"] < CENTRE.timestamp() - 900 < told["to"]
    assert told["to"] - told["from"] == 7200


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        (0, "later", "line 1: time is 'later'"),
        (0, "1860000000000", "line 2: not later than the row before"),
        (1, "-1", "line 1: a price is not positive"),
        (2, "1", "line 1: open or close outside low..high"),
        (3, "", "line 1: low is ''"),
    ],
)
def test_bad_rows_are_one_line(tmp_path, capsys, candle_file, column, value, says):
    first, *rest = candle_file.read_text().splitlines()
    cells = first.split(",")
    cells[column] = value
    candle_file.write_text("\n".join([",".join(cells), *rest]))
    code, out, err = run(capsys, "replay", candle_file, "--out", tmp_path)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("keel: ")
    assert says in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("absent.csv",), "cannot read absent.csv"),
        (("{file}", "--start", "2031-01-01"), "no candles in that window"),
        (("{file}", "--hours", "40"), "40 is not in the range"),
        (("{file}", "--accounts", "0"), "0 is not in the range"),
        (("{file}", "--start", "yesterday"), "yesterday"),
    ],
)
def test_bad_arguments(tmp_path, capsys, candle_file, arguments, says):
    filled = [argument.format(file=candle_file) for argument in arguments]
    code, out, err = run(capsys, "replay", *filled, "--out", tmp_path)
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err


def test_data_folder_that_is_none(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("KEEL_DATA", str(tmp_path / "absent"))
    code, _, err = run(capsys, "demo", "--out", tmp_path)
    assert code == 2
    assert "KEEL_DATA" in err
