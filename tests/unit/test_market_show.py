"""`keel market show`: figures of a live market, for people and for programs."""

import json

import pytest
from click.testing import CliRunner
from support.bench import MARKET
from support.liquidation_bench import LiquidationBench, make_liquidation_bench

from keel.cli.main import cli
from keel.cli.market_show import MarketReader, as_object, facts, insurance_facts
from keel.config.deployment import load_deployment
from keel.errors import ConfigError, DataError
from keel.evm.chain import GENESIS_TIME
from keel.evm.revm import RevmChain
from keel.sdk.anvil import Anvil
from keel.sdk.deploy import deploy
from keel.sdk.deployment import Record, load_record
from keel.sdk.protocol import Protocol
from keel.sdk.web3chain import Web3Chain
from keel.units import WAD

LOW = 49_000


def recorded(chain, path=None):
    """A deployment in use, and its record."""
    record = load_record(path) if path else Record()
    return LiquidationBench(Protocol(chain, deploy(chain, load_deployment(), record=record))).use(), record


@pytest.fixture(scope="module")
def live():
    """At 49,000; the insurance has taken 5 base over, and a base went through the curve."""
    bench, record = recorded(RevmChain())
    bench.stake(20_000)
    accounts = [bench.thin(1, 5, 1_000, LOW), bench.thin(2, 1, 200, LOW)]
    bench.fall_to(LOW)
    assert [bench.liquidate(account).event for account in accounts] == ["Absorbed", "Liquidated"]
    bench.fall_to(48_000)
    bench.later(100)
    bench.price(48_000)
    return bench, record


def test_every_figure_is_the_cores(live):
    bench, record = live
    reader = MarketReader(bench.chain, record)
    (state,) = reader.markets()
    seen, view = bench.protocol.market(MARKET), bench.protocol.view
    assert (state.id, state.name, state.index) == (1, "BTC", 48_000 * WAD)
    assert (state.skew, state.equity, state.utilization) == (seen.skew, seen.equity, seen.utilization)
    # 6 base long, 0.4 short.
    assert (state.longs, state.shorts) == (288_000 * WAD, 19_200 * WAD)
    assert state.side_use == -(-288_000 * WAD * WAD // (3 * seen.equity))
    assert (state.pushed, state.window) == view("windowOf", MARKET)
    assert (state.backstop_size, state.backstop_pnl) == (5 * WAD, -5_000 * WAD)
    assert (state.volatility, state.crowding) == (10**6, 10**6)
    assert state.funding == state.initial == 10**6 + seen.state.stress * 31_250
    assert state.ramp == seen.state.ramp
    insurance = reader.insurance()
    assert (insurance.lower, insurance.higher) == view("insuranceEquity")
    assert insurance.assets == bench.insured()
    assert insurance.tied == view("healthOf", bench.backstop).maintenance >= 2_400 * WAD


def test_people_are_told(live):
    bench, record = live
    reader = MarketReader(bench.chain, record)
    (state,) = reader.markets(MARKET)
    told = dict(facts(state))
    assert told["longs / shorts"] == "288,000 / 19,200 quote"
    assert told["larger side"].endswith(" % of what it may be left with")
    assert 9 < float(told["larger side"].split(" ")[0]) < 10
    # 49,000 at the first price; a third of a window of 192,000 has emptied since then, and more.
    assert told["window"] == "0 of 192,000 quote pushed through the curve"
    assert told["insurance holds"] == "5 base, -5,000 quote at the index"
    assert told["initial margin"].startswith("x 1")
    assert "tied" in dict(insurance_facts(reader.insurance()))


def test_without_positions_of_the_insurance_less_is_said():
    bench = make_liquidation_bench()
    record = Record(
        {"core": ("IKeel", bench.core.address), "lens": ("Lens", bench.protocol.contracts.lens.address)}
    )
    reader = MarketReader(bench.chain, record)
    (state,) = reader.markets()
    assert "insurance holds" not in dict(facts(state))
    assert [name for name, _ in insurance_facts(reader.insurance())] == ["assets"]
    assert state.name == ""


def test_what_is_not_there(live):
    bench, record = live
    with pytest.raises(DataError, match="no market 2"):
        MarketReader(bench.chain, record).markets(2)
    with pytest.raises(ConfigError, match="has no core"):
        MarketReader(bench.chain, Record())


def test_the_command(tmp_path):
    path = tmp_path / "record.json"
    with Anvil(timestamp=GENESIS_TIME) as node:
        bench, record = recorded(Web3Chain(node.url), path)
        options = ["market", "show", "--deployment", str(path), "--rpc", node.url]
        table = CliRunner().invoke(cli, options)
        told = CliRunner().invoke(cli, [*options, "--market", "1", "--json"])
        reader = MarketReader(bench.chain, record)
        expected = as_object(reader.markets(), reader.insurance())
    assert table.exit_code == told.exit_code == 0
    assert "BTC (market 1)" in table.output
    assert "Insurance" in table.output
    assert json.loads(told.stdout) == expected
    (market,) = expected["markets"]
    assert market["longs"] == "50000"
    assert market["multipliers"] == {"volatility": "1", "funding": "1", "crowding": "1", "initial": "1"}
    assert market["window"] == {"pushed": "0", "capacity": "200000"}
    assert market["backstop"] == {"size": "0", "pnl": "0"}


def test_a_record_that_is_not_there(tmp_path):
    options = ["market", "show", "--deployment", str(tmp_path / "none.json"), "--rpc", "http://127.0.0.1:1"]
    done = CliRunner().invoke(cli, options)
    assert isinstance(done.exception, ConfigError)
    assert "there is no none.json" in str(done.exception)
