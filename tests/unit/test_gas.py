"""The gas figures: kept, repeatable, and of what they say they are of."""

import pytest
from click.testing import CliRunner

from keel.analytics import snapshots
from keel.analytics.gas import OPERATIONS, measure_on_node
from keel.analytics.gas_cross import MARKETS, cross_account
from keel.analytics.gas_targets import CONTRACT_BYTES_LIMIT, TARGETS
from keel.analytics.gas_world import MARKET, PAUSE_SECONDS, GasWorld
from keel.analytics.sizes import CORE_CONTRACTS, core_size, runtime_sizes
from keel.analytics.snapshots import differences, read_figures, write_figures
from keel.cli.gas import command
from keel.errors import DataError
from keel.evm.revm import RevmChain
from keel.sdk.protocol import account_id
from keel.units import WAD, parse_wad

REMEDY = "if the change is meant, accept it with `keel gas --write`"


@pytest.fixture(scope="module")
def gas():
    return measure_on_node()


@pytest.fixture(scope="module")
def world():
    return GasWorld(RevmChain())


@pytest.fixture
def run(world):
    """Run an operation on the fast chain and take it back afterwards."""
    taken = world.chain.snapshot()
    world.chain.warp(PAUSE_SECONDS)

    def act(name):
        OPERATIONS[name].prepare(world)
        return OPERATIONS[name].act(world)

    yield act
    world.chain.revert(taken)


def test_gas_is_as_kept(gas):
    assert not differences(read_figures("gas", "operations"), gas), REMEDY


def test_sizes_are_as_kept():
    sizes = runtime_sizes()
    assert not differences(read_figures("sizes", "bytes"), {**sizes, "core": core_size(sizes)}), REMEDY


def test_gas_repeats(gas):
    assert measure_on_node() == gas


def test_every_deployed_contract_fits_a_block():
    sizes = runtime_sizes()
    assert set(CORE_CONTRACTS) < set(sizes)
    assert not [name for name in sizes if "Mock" in name or "Harness" in name]
    assert max(sizes.values()) <= CONTRACT_BYTES_LIMIT


def test_accrual_adds_little_to_a_trade(gas):
    """Beyond loading the market; a transaction of its own also pays 2,500 for the model's cold address."""
    assert gas["increase"] - gas["trade_same_block"] - 2_500 <= 13_500


def test_every_operation_is_cheaper_than_the_best_peer(gas):
    assert set(TARGETS) < set(gas)
    peers = {name: target.peer_gas for name, target in TARGETS.items() if target.peer_gas is not None}
    assert not {name: gas[name] for name, peer in peers.items() if gas[name] >= peer}


def test_every_operation_keeps_within_its_limit(gas):
    assert not {name: used for name, used in gas.items() if name in TARGETS and used > TARGETS[name].first}


def test_a_trade_reads_the_stored_price_and_asks_nobody(world):
    """Dead feeds change nothing, not even the gas."""
    (aggregator,) = world.protocol.market_contracts(MARKET).aggregators
    costs = []
    for broken in (False, True):
        taken = world.chain.snapshot()
        world.chain.warp(PAUSE_SECONDS)
        world.chain.send(aggregator, "setBroken", broken, sender=world.stranger)
        costs.append(OPERATIONS["increase"].act(world).gas_used)
        world.chain.revert(taken)
    assert costs[0] == costs[1]


def test_the_median_is_of_three_answers(run):
    receipt = run("price_update_three")
    stored = receipt.event("PriceStored").args["price"]
    assert (stored.flags, stored.index) == (0, 120_011 * WAD)


def test_the_world_is_what_the_docstring_says(world):
    market = world.protocol.market(MARKET)
    assert market.state.longInterest > 2 * WAD
    assert market.state.shortInterest == WAD
    assert market.state.price.sigma > market.config.baseSigmaBps * 10**2
    assert market.funding.current > 0
    assert market.validity == 0
    assert world.protocol.view("positionOf", account_id(world.newcomer), MARKET).size == 0
    assert world.protocol.view("accountOf", account_id(world.depositor)).balance == 0


@pytest.mark.parametrize(
    ("name", "after"),
    [
        ("open_fresh", "0.1"),
        ("open_short_fresh", "-0.1"),
        ("increase", "0.15"),
        ("reduce", "0.05"),
        ("reverse", "-0.1"),
        ("close", "0"),
        ("trade_same_block", "0.15"),
        ("open_with_price", "0.1"),
        ("increase_with_price", "0.15"),
    ],
)
def test_trades_end_where_they_should(run, name, after):
    receipt = run(name)
    traded = receipt.event("Traded").args
    assert traded["fill"].sizeAfter == parse_wad(after)
    assert (traded["settled"].perBase == 0) == (name == "trade_same_block")
    assert len(receipt.events("PriceStored")) == (1 if name.endswith("price") else 0)
    assert (traded["settled"].paid == 0) == name.startswith("open")


def test_partial_liquidation_is_a_trim(run):
    liquidated = run("liquidate_partial").event("Liquidated").args
    assert liquidated["tier"] == 1
    assert -0.26 * WAD < liquidated["fill"].size < -0.2 * WAD
    assert liquidated["reward"] > 0


def test_liquidation_over_eight_markets_is_a_trim_of_one(run, world):
    receipt = run("liquidate_eight")
    account, liquidated = cross_account(world), receipt.event("Liquidated").args
    assert (liquidated["account"], liquidated["tier"]) == (account, 1)
    # Seven positions are only valued; the one that is closed in part stays.
    assert liquidated["fill"].sizeAfter != 0
    assert all(world.protocol.view("positionOf", account, market).size for market in MARKETS)
    assert liquidated["reward"] > 0
    assert world.protocol.view("accountOf", account_id(world.keeper)).balance > liquidated["reward"]
    for market in MARKETS:
        state = world.protocol.view("marketOf", market)
        # Multipliers count, and funding has accrued everywhere; it is stored at the market that is touched.
        assert state.ramp > 10**6
        assert min(state.longInterest, state.shortInterest) > 0
        assert (state.accruedAt == state.price.at + PAUSE_SECONDS) == (market == liquidated["market"])


def test_full_liquidation_closes_without_bad_debt(run):
    receipt = run("liquidate_full")
    liquidated = receipt.event("Liquidated").args
    assert (liquidated["tier"], liquidated["fill"].sizeAfter) == (3, 0)
    assert liquidated["reward"] > 0
    assert not receipt.events("BadDebtCovered")


def test_the_price_update_moves_the_price(run):
    stored = run("price_update").event("PriceStored").args["price"]
    assert stored.flags == 0
    assert stored.index != stored.twap


def test_differences_name_every_kind_of_change():
    assert differences({"a": 1, "b": 2_000, "c": 3}, {"a": 1, "b": 1_500, "d": 4}) == [
        "b: 2,000 -> 1,500 (-500)",
        "c: 3 -> none",
        "d: none -> 4",
    ]


def test_snapshots_are_written_and_read(tmp_path, monkeypatch):
    monkeypatch.setattr(snapshots, "SNAPSHOTS", tmp_path / "kept")
    with pytest.raises(DataError, match="--write"):
        read_figures("gas", "operations")
    write_figures("gas", "operations", {"trade": 7})
    assert read_figures("gas", "operations") == {"trade": 7}
    (tmp_path / "kept" / "gas.json").write_text("{}")
    with pytest.raises(DataError, match="--write"):
        read_figures("gas", "operations")


def test_check_fails_on_a_changed_figure(tmp_path, monkeypatch, gas):
    monkeypatch.setattr(snapshots, "SNAPSHOTS", tmp_path)
    monkeypatch.setattr("keel.cli.gas.measure_on_node", lambda: gas)
    runner = CliRunner()
    assert runner.invoke(command, ["--write", "--json"]).exit_code == 0
    assert runner.invoke(command, ["--check"]).exit_code == 0
    write_figures("gas", "operations", {**gas, "close": gas["close"] - 1})
    result = runner.invoke(command, ["--check"])
    assert result.exit_code == 1
    assert result.stdout == f"close: {gas['close'] - 1:,} -> {gas['close']:,} (+1)\n"


def test_the_table_lists_every_operation(monkeypatch, gas):
    monkeypatch.setattr("keel.cli.gas.measure_on_node", lambda: gas)
    shown = CliRunner().invoke(command, []).stdout
    assert not [name for name in gas if name not in shown]
    assert "whole core" in shown
