"""Settings of collateral kinds: what is refused and why, what is deployed; `keel collateral show`."""

import json
from decimal import Decimal

import pytest
from click.testing import CliRunner
from support.collateral_bench import USDE, WETH, CollateralBench, make_collateral_bench, over

from keel.cli.collateral_show import CollateralReader, as_object, facts
from keel.cli.main import cli
from keel.config.collateral import FRESH_SECONDS, HAIRCUT_BPS, MAX_DECIMALS, MOST_KINDS
from keel.config.deployment import load_deployment
from keel.config.settings import PRESETS
from keel.errors import ChainError, ConfigError, DataError, Reverted
from keel.evm.chain import GENESIS_TIME
from keel.evm.revm import RevmChain
from keel.sdk.anvil import Anvil
from keel.sdk.deploy import deploy
from keel.sdk.deployment import Record, addresses, kind_names, load_record, market_names
from keel.sdk.protocol import Protocol
from keel.sdk.web3chain import Web3Chain
from keel.units import WAD


def written(tmp_path, old="", new="", count=1):
    """The local preset with a piece of its text changed, read."""
    text = (PRESETS / "local.toml").read_text()
    head, mark, kinds = text.partition("[[collateral]]")
    assert old in kinds
    path = tmp_path / "mine.toml"
    path.write_text(head + mark + kinds.replace(old, new, count))
    return load_deployment(str(path))


def test_the_local_preset_has_a_volatile_and_a_pegged_kind():
    weth, usde = load_deployment().collateral
    assert (weth.name, weth.haircut, weth.discount, weth.floor) == (
        "WETH",
        Decimal("0.15"),
        Decimal("0.03"),
        0,
    )
    assert (usde.name, usde.haircut, usde.discount) == ("USDE", Decimal("0.05"), Decimal("0.01"))
    assert (usde.floor, usde.ceiling, weth.ceiling_wad) == (Decimal("0.97"), 1, 2**88 - 1)
    assert load_deployment("demo").collateral == ()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "haircut = 0.15",
            "haircut = 0.0099",
            "haircut 0.0099 is outside 0.01 to 0.9, choose a value inside",
        ),
        ("haircut = 0.15", "haircut = 0.91", "haircut 0.91 is outside"),
        ("haircut = 0.15", "haircut = 0.15001", "haircut 0.15001 is no whole number of bp"),
        ("discount = 0.03", "discount = 0.16", "discount 0.16 is outside 0.0001 to 0.15"),
        ("discount = 0.03", "discount = 0", "discount 0 is outside"),
        ("fresh_seconds = 300", "fresh_seconds = 3601", "less than or equal to 3600"),
        ("token_decimals = 18", "token_decimals = 19", "less than or equal to 18"),
        ("floor = 0.97", "floor = 1.1", "floor 1.1 is above ceiling 1, put them in order"),
        ("ceiling = 1", "ceiling = 0", "ceiling 0 is no price"),
        ("min_price = 0.01", "min_price = 0.98", "a lost peg would look like a broken feed"),
        ('name = "USDE"', 'name = "WETH"', "collateral has WETH twice, rename one"),
        ("cap = 10000", "cap = -1", "greater than or equal to 0"),
        ("cap = 10000", "limit = 10000", "Field required"),
    ],
)
def test_what_is_refused(tmp_path, old, new, told):
    with pytest.raises(ConfigError) as refused:
        written(tmp_path, old, new)
    assert told in str(refused.value)


def test_nine_kinds_are_too_many(tmp_path):
    text = (PRESETS / "local.toml").read_text()
    kind = text[text.rindex("[[collateral]]") :]
    path = tmp_path / "many.toml"
    path.write_text(text + "\n".join(kind.replace("USDE", f"K{i}") for i in range(6)))
    assert len(load_deployment(str(path)).collateral) == 8
    path.write_text(text + "\n".join(kind.replace("USDE", f"K{i}") for i in range(7)))
    with pytest.raises(ConfigError, match="at most 8 items"):
        load_deployment(str(path))


@pytest.mark.parametrize(
    ("cap", "decimals", "told"),
    [("0.5", 0, "cap of WETH"), ("340282366920938463464", 18, "cap of WETH is above 2")],
)
def test_a_cap_that_does_not_fit_the_token(cap, decimals, told):
    with pytest.raises(ConfigError, match=told):
        make_collateral_bench(over(cap=Decimal(cap), token_decimals=decimals))


def test_bounds_are_the_contracts():
    """One beyond is refused by the contract, too, and what the settings take it takes."""
    bench = make_collateral_bench()
    assert MOST_KINDS == 8
    assert MAX_DECIMALS == 18
    for name, (low, high) in (("haircutBps", HAIRCUT_BPS), ("freshSeconds", FRESH_SECONDS)):
        for good, bad in ((low, low - 1), (high, high + 1)):
            bench.terms(**{name: good, "discountBps": 1})
            with pytest.raises(Reverted) as refused:
                bench.terms(**{name: bad, "discountBps": 1})
            named = refused.value.named
            assert (refused.value.error, named["low"], named["high"]) == ("TermOutOfBounds", low, high)


def test_what_a_deployment_records():
    chain, record = RevmChain(), Record()
    made = deploy(chain, load_deployment(), record=record)
    assert kind_names(record) == {WETH: "WETH", USDE: "USDE"}
    assert market_names(record) == {1: "BTC"}
    flat = addresses(made)
    assert flat["collateral"] == made.collateral.address
    assert flat["collateral.USDE.hub"] == made.kinds[1].hub.address
    assert len(set(flat.values())) == len(flat) == 25
    # A second run has nothing left to do.
    assert deploy(chain, load_deployment(), record=record, progress=pytest.fail) == made


def test_a_kind_that_was_listed_otherwise_is_refused():
    chain, record = RevmChain(), Record()
    deploy(chain, load_deployment(), record=record)
    weth, usde = load_deployment().collateral
    other = weth.model_copy(update={"haircut": Decimal("0.2")})
    settings = load_deployment().model_copy(update={"collateral": (other, usde)})
    with pytest.raises(ChainError, match="the terms of WETH"):
        deploy(chain, settings, record=record)


def test_a_token_that_exists_is_taken_as_it_is():
    chain = RevmChain()
    token = chain.deploy("MockToken", 8)
    made = deploy(chain, over(token=token.address))
    (kind,) = made.kinds
    assert (kind.token.address, kind.decimals) == (token.address, 8)
    assert chain.call(made.collateral, "kindOf", 1).terms.cap == 10_000 * 10**8


def test_without_kinds_the_sdk_says_what_to_do():
    chain = RevmChain()
    protocol = Protocol(chain, deploy(chain, load_deployment().model_copy(update={"collateral": ()})))
    with pytest.raises(ChainError, match=r"list kinds under \[\[collateral\]\]"):
        protocol.collateral_update(1, chain.accounts[0])
    with pytest.raises(DataError, match="it has none at all"):
        protocol.kind_contracts(1)
    with pytest.raises(DataError, match="choose 1 to 2"):
        make_collateral_bench().protocol.kind_contracts(3)


def recorded(chain, path=None):
    record = load_record(path) if path else Record()
    return CollateralBench(Protocol(chain, deploy(chain, load_deployment(), record=record))).use(), record


def test_what_is_shown():
    """5 of 10,000 WETH at 2,000, a haircut on its way from 15 to 29 %, and a peg that is lost."""
    bench, record = recorded(RevmChain())
    bench.stash(bench.newcomer, WETH, 5, 1)
    bench.terms(haircutBps=2_900)
    bench.later(302_400)
    bench.settle_prices({WETH: 2_000, USDE: 1})
    bench.drift(USDE, "0.965", step=Decimal("0.015"))
    weth, usde = CollateralReader(bench.chain, record).kinds()
    told = dict(facts(usde))
    assert told["peg"] == "lost, floor 0.97"
    assert told["counts for"] == "nothing a token in new risk, before the haircut"
    assert (usde.index, usde.counted, usde.peg) == (965 * WAD // 1_000, 0, "lost")
    bench.kind_price(WETH, 2_000)
    (weth,) = CollateralReader(bench.chain, record).kinds(WETH)
    assert weth.haircut == 1_500 + 1_400 * (bench.chain.timestamp() - haircut_since(bench)) // 604_800
    told = dict(facts(weth))
    assert told["haircut"].endswith(" % for maintenance, on its way to 29 %")
    assert told["held"] == "5 of 10000 tokens, 0.05 %"
    assert told["counts for"] == "2000 quote a token in new risk, before the haircut"
    assert told["validity"] == "valid, 0 seconds old"
    assert "peg" not in told
    bench.later(301)
    old = as_object(CollateralReader(bench.chain, record).kinds(WETH)[0])
    assert (old["validity"], old["counted"], old["index"]) == ("stale60", "0", "2000")
    assert (old["held"], old["cap"], old["use"], old["target"]) == ("5", "10000", "0.0005", "0.29")


def haircut_since(bench):
    return bench.protocol.collateral_kind(WETH).haircutSince


def test_what_cannot_be_shown():
    bench, record = recorded(RevmChain())
    with pytest.raises(DataError, match="choose 1 to 2"):
        CollateralReader(bench.chain, record).kinds(3)
    with pytest.raises(ConfigError, match="has no core"):
        CollateralReader(bench.chain, Record())
    bare = Record({"core": record.contracts["core"]})
    with pytest.raises(ConfigError, match="settlement tokens only"):
        CollateralReader(bench.chain, bare)
    with pytest.raises(ChainError, match="check that the record is of this chain"):
        CollateralReader(RevmChain(), record).kinds()


def test_the_command(tmp_path):
    path = tmp_path / "record.json"
    with Anvil(timestamp=GENESIS_TIME) as node:
        bench, record = recorded(Web3Chain(node.url), path)
        options = ["collateral", "show", "--deployment", str(path), "--rpc", node.url]
        table = CliRunner().invoke(cli, options)
        told = CliRunner().invoke(cli, [*options, "--kind", "2", "--json"])
        (expected,) = CollateralReader(bench.chain, record).kinds(USDE)
    assert table.exit_code == told.exit_code == 0
    assert "WETH (kind 1)" in table.output
    assert "USDE (kind 2)" in table.output
    shown = json.loads(told.stdout)
    assert {**shown[0], "age": 0} == {**as_object(expected), "age": 0}
    assert (shown[0]["name"], shown[0]["peg"], shown[0]["haircut"]) == ("USDE", "held", "0.05")
