"""`keel oracle`: rounds against an account of their own, a live deployment on a real node, and bad input."""

import gzip
import json
import math
from itertools import pairwise
from pathlib import Path

import pytest
from support.bench import MARKET

from keel.cli.main import main
from keel.config.deployment import load_deployment
from keel.errors import DataError
from keel.evm.chain import GENESIS_TIME
from keel.model.validity import MATRIX, Action, Defect, Validity
from keel.sdk.anvil import Anvil
from keel.sdk.deploy import deploy
from keel.sdk.deployment import Record
from keel.sdk.protocol import Protocol
from keel.sdk.web3chain import Web3Chain
from keel.sim import oracle_replay
from keel.sim.oracle_months import MonthBook, RunningAverage, Update
from keel.sim.oracle_replay import RoundReplay, replay_rounds
from keel.sim.rounds import Round, read_rounds, rounds_file
from keel.sim.sources import data_folder
from keel.units import WAD

# Twelve hours before the end of a month.
START = 1_682_856_000
YEAR = 365 * 86_400


def run(capsys, *arguments):
    """Exit code, standard output and standard error."""
    with pytest.raises(SystemExit) as stop:
        main(["oracle", *map(str, arguments)])
    out, err = capsys.readouterr()
    return stop.value.code or 0, out, err


def made_rounds(count=60, gap=1_501, late=()):
    """Rounds of a made-up feed: unequal steps at unequal times; those of `late` come after 4,000 s."""
    rounds, at, answer = [], START, 2_000 * 10**8
    for number in range(count):
        rounds.append(Round(at, number, answer))
        at += 4_000 if number in late else gap + 37 * (number % 5)
        answer += (-1) ** number * answer // (100 + number)
    return rounds


def write(folder, rounds, market="eth"):
    path = folder / f"{market}usd_chainlink_made_rounds_x.csv.gz"
    with gzip.open(path, "wt") as file:
        print("ts,round,answer", file=file)
        for one in rounds:
            print(f"{one.at},{one.number},{one.answer}", file=file)
    return path


def real(market):
    folder = data_folder()
    try:
        return rounds_file(folder, market)
    except DataError as absent:
        pytest.skip(str(absent))


def every_update(replay, update, _place):
    return update.time + replay.interval


@pytest.mark.parametrize(("interval", "heartbeat"), [(60, 3_720), (60, 1_600), (120, 3_720), (400, 3_720)])
def test_what_is_left_out_changes_nothing(monkeypatch, interval, heartbeat):
    """Against the same keeper that leaves nothing out: times, averages, and the volatility to rounding."""
    replay = RoundReplay("X", made_rounds(40, late=(7, 20)), heartbeat, interval)
    short = replay_rounds(replay)
    monkeypatch.setattr(oracle_replay, "_next", every_update)
    full = replay_rounds(replay)
    assert [month.month for month in short] == [month.month for month in full] == ["2023-04", "2023-05"]
    for one, other in zip(short, full, strict=True):
        assert one.seconds == other.seconds
        assert one.worst_average == other.worst_average == 0
        assert (one.rounds, one.largest_gap, one.realised) == (
            other.rounds,
            other.largest_gap,
            other.realised,
        )
        assert math.isclose(one.volatility, other.volatility, rel_tol=1e-3)
        if interval < 400:
            assert one.updates < other.updates / 2


@pytest.mark.parametrize("interval", [60, 120])
def test_time_without_a_price_is_the_time_without_a_round(interval):
    """Invalid from the first update past the heartbeat to the first one after the next round."""
    rounds = made_rounds(30, late=(5, 6, 21))
    months = replay_rounds(RoundReplay("X", rounds, 3_720, interval))
    expected = 0
    for before, after in pairwise(rounds):
        down, up = (-(-time // interval) * interval for time in (before.at + 3_721, after.at))
        expected += max(0, min(up, rounds[-1].at) - down)
    spent = sum((month.seconds for month in months), start=months[0].seconds.__class__())
    assert spent[Validity.INVALID] == expected > 0
    assert spent.total() == rounds[-1].at - RoundReplay("X", rounds, 3_720, interval).start
    # Ages 0 to 60 are fresh: one second of every 120 less than half is not.
    assert (spent[Validity.STALE10] > 0.4 * spent.total()) == (interval == 120)


def test_rounds_and_realised_volatility_by_their_own_account():
    rounds = made_rounds(30, gap=3_000)
    (april, may) = replay_rounds(RoundReplay("X", rounds, 3_720))
    assert april.rounds + may.rounds == len(rounds)
    gaps = [after.at - before.at for before, after in pairwise(rounds)]
    assert max(april.largest_gap, may.largest_gap) == max(gaps)
    total = sum(math.log(after.answer / before.answer) ** 2 for before, after in pairwise(rounds))
    spent = april.seconds.total() + may.seconds.total()
    mean = (april.realised**2 * april.seconds.total() + may.realised**2 * may.seconds.total()) / spent
    assert math.isclose(mean, total * YEAR / spent, rel_tol=1e-9)


def test_a_wrong_average_is_found():
    book = MonthBook(made_rounds(3), 60, 60, 300, 1_000)
    for minute, off in enumerate([0] * 6 + [1, 0]):
        exact = 2_000 * WAD
        flags = Defect.SHORT_TWAP if minute < 5 else Defect(0)
        time = START + 60 * minute
        book.add(Update(time, exact, exact + off, 0, time, flags))
    (month,) = book.close(START + 480)
    assert (month.averages, month.worst_average) == (3, 1)


def test_an_average_of_steps():
    average = RunningAverage()
    assert average.at(100) is None
    for time, value in ((0, 10), (100, 20), (350, 7)):
        average.step(time, value)
    assert average.at(400) == (250 * 20 + 50 * 7) // 300
    assert average.at(350) == (50 * 10 + 250 * 20) // 300
    assert RunningAverage().at(0) is None


def test_the_command_in_json_and_as_a_table(tmp_path, capsys):
    write(tmp_path, made_rounds(70, late=(7,)))
    arguments = "replay", "--data-dir", tmp_path, "--market", "eth"
    code, out, err = run(capsys, *arguments, "--json")
    told = json.loads(out)
    assert (code, err, told["market"]) == (0, "", "ETH")
    assert "MockAggregator" in told["aggregator"]
    assert [month["month"] for month in told["months"]] == ["2023-04", "2023-05"]
    assert told["seconds"]["Invalid"] == sum(month["seconds"].get("Invalid", 0) for month in told["months"])
    assert {month["twap_off_wei"] for month in told["months"]} == {0}
    code, out, _ = run(capsys, *arguments)
    assert code == 0
    for text in ("ETH / USD, heartbeat 3720 s", "2023-05", "MockAggregator stands for the mainnet"):
        assert text in out
    _, out, _ = run(capsys, *arguments, "--days", 1, "--json")
    assert json.loads(out)["to"] - json.loads(out)["from"] == 86_400


def test_an_average_that_is_off_is_exit_code_1(tmp_path, capsys, monkeypatch):
    write(tmp_path, made_rounds(5))
    clamped = RunningAverage.at
    monkeypatch.setattr(RunningAverage, "at", lambda self, now: (clamped(self, now) or 0) + 1)
    assert run(capsys, "replay", "--data-dir", tmp_path, "--market", "ETH", "--json")[0] == 1


@pytest.mark.parametrize("market", ["BTC", "ETH"])
def test_ten_days_of_real_rounds(market):
    """Average exact to the wei; volatility near the realised one once it has a day behind it."""
    rounds = [one for one in read_rounds(real(market)) if one.at >= 1_690_848_000]
    (august,) = replay_rounds(RoundReplay(market, rounds, 3_720, days=10))
    assert august.rounds > 200
    assert august.largest_gap <= 3_720
    assert august.seconds[Validity.VALID] > 0.999 * august.seconds.total()
    assert august.averages > 1_000
    assert august.worst_average == 0
    assert math.isclose(august.volatility, august.realised, rel_tol=0.15)


def test_without_data(tmp_path, capsys, monkeypatch):
    code, _, err = run(capsys, "replay", "--data-dir", tmp_path)
    assert code == 2
    assert f"{tmp_path} has no btcusd_chainlink_*_rounds_*.csv*: name the folder" in err
    monkeypatch.setattr("keel.sim.sources.data_folder", lambda: None)
    code, _, err = run(capsys, "replay")
    assert (code, err) == (
        2,
        "keel: there is no folder of market data: name one with --data-dir or KEEL_DATA\n",
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("time,answer\n1,2\n", "has other columns than ts,round,answer"),
        ("ts,round,answer\n1,2\n", "line 2 is no round"),
        ("ts,round,answer\n5,1,7\n6,2,x\n", "line 3 is no round"),
        ("ts,round,answer\n5,1,0\n", "line 2 has a time or an answer that is not positive"),
        ("ts,round,answer\n5,1,7\n", "has 1 rounds: give at least two"),
        ("ts,round,answer\n5,1,7\n6,2,7\n", "the rounds end before the first update"),
    ],
)
def test_damaged_rounds(tmp_path, capsys, text, says):
    (tmp_path / "btcusd_chainlink_made_rounds_x.csv").write_text(text)
    code, _, err = run(capsys, "replay", "--data-dir", tmp_path)
    assert code == 2
    assert says in err
    assert err.count("\n") == 1


def test_a_file_that_is_cut_off(tmp_path, capsys):
    path = write(tmp_path, made_rounds(50))
    path.write_bytes(path.read_bytes()[:-40])
    code, _, err = run(capsys, "replay", "--data-dir", tmp_path, "--market", "ETH")
    assert (code, "cannot read" in err) == (2, True)


def test_rounds_of_one_second_are_in_order_of_their_numbers(tmp_path):
    rounds = [Round(5, 9, 30), Round(5, 8, 20), Round(4, 7, 10)]
    assert [one.answer for one in read_rounds(write(tmp_path, rounds))] == [10, 20, 30]


def test_the_matrix(capsys):
    code, out, _ = run(capsys, "matrix", "--json")
    names = {validity: validity.name.title().replace("_", "") for validity in Validity}
    told = {
        names[validity]: {action.name.title().replace("_", "") for action in MATRIX[validity]}
        for validity in Validity
    }
    assert code == 0
    assert {validity: set(actions) for validity, actions in json.loads(out).items()} == told
    code, out, _ = run(capsys, "matrix")
    rows = {
        line.split()[0]: line.split()[1:]
        for line in out.splitlines()
        if line.split()[1:2] in (["yes"], ["-"])
    }
    assert set(rows) == set(names.values())
    for validity, name in names.items():
        assert rows[name] == ["yes" if action in MATRIX[validity] else "-" for action in Action]


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    """A deployment on a node, without a price; its record."""
    with Anvil(timestamp=GENESIS_TIME) as node:
        chain, path = Web3Chain(node.url), tmp_path_factory.mktemp("live") / "record.json"
        contracts = deploy(chain, load_deployment(), record=Record(path=path))
        yield Protocol(chain, contracts), path, node.url


def test_show_from_no_price_to_a_valid_one(live, capsys):
    protocol, record, url = live
    arguments = "show", "--deployment", record, "--rpc", url
    code, out, err = run(capsys, *arguments)
    assert (code, err) == (1, "")
    assert "BTC (market 1): Invalid" in out
    assert "never" in out
    sender = protocol.chain.accounts[0]
    for _ in range(2):
        protocol.publish(MARKET, 50_000 * 10**8, sender)
        protocol.update_price(MARKET, sender)
        protocol.chain.warp(301)
    code, out, _ = run(capsys, *arguments, "--json")
    (told,) = json.loads(out)
    assert (code, told["validity"], told["actions"]) == (1, "Stale60", ["AddMargin"])
    protocol.publish(MARKET, 50_000 * 10**8, sender)
    protocol.update_price(MARKET, sender)
    code, out, err = run(capsys, *arguments, "--market", 1, "--json")
    (told,) = json.loads(out)
    assert (code, err) == (0, "")
    assert (told["name"], told["validity"], told["index"], told["twap5"]) == (
        "BTC",
        "Valid",
        "50000",
        "50000",
    )
    (source,) = told["sources"]
    assert (source["source"], source["price"], source["usable"]) == ("ChainlinkSource", "50000", True)
    code, out, _ = run(capsys, *arguments)
    assert code == 0
    assert "BTC (market 1): Valid" in out
    assert url not in out


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"--deployment": Path("gone.json")}, "there is no gone.json: deploy with --record"),
        ({"--rpc": "http://127.0.0.1:1/secret"}, "the node does not answer"),
        ({"--market": 7}, "the deployment has no market 7: choose 1 to 1"),
    ],
)
def test_show_with_bad_input(live, capsys, change, says):
    _, record, url = live
    options = {"--deployment": record, "--rpc": url, **change}
    code, out, err = run(capsys, "show", *(word for pair in options.items() for word in pair))
    assert (code, out) == (2, "")
    assert says in err
    assert "secret" not in err
    assert url not in err
