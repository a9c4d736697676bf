"""Settings of the four funding models: structs, reference sets, deployment and the switch of a market."""

import json
from decimal import Decimal
from itertools import pairwise

import pytest
from support.bench import MARKET, Bench, make_bench, rolled_back

from keel.artifacts import artifact
from keel.config.deployment import MarketSettings, SizeTierSettings, load_deployment
from keel.config.funding import FUNDING_MODELS, NO_SOURCE, funding_presets, load_funding
from keel.errors import ChainError, ConfigError, Reverted
from keel.evm.revm import RevmChain
from keel.model.models import MODELS
from keel.model.premium import Smoothing
from keel.sdk.deploy import deploy
from keel.sdk.deployment import Record, addresses, load_record
from keel.sdk.funding import MODEL_CONTRACTS, deploy_model
from keel.sdk.protocol import Protocol
from keel.units import WAD

FIXED = {"kind": "fixed", "annual_rate": Decimal("0.0005")}
DIFFERENCE = {
    "kind": "difference",
    "quote": {"kind": "fixed", "annual_rate": Decimal("0.06")},
    "base": {"kind": "fixed", "annual_rate": Decimal("0.03")},
}
BENCH = make_bench()


@pytest.fixture
def bench():
    with rolled_back(BENCH.chain):
        yield BENCH


def on(chain):
    return lambda _step, name, *args: chain.deploy(name, *args)


def with_funding(funding, **changes):
    """The local deployment with another funding model."""
    settings = load_deployment()
    market = settings.markets[0].model_copy(update={"funding": funding})
    return settings.model_copy(update={"markets": (market,), **changes})


def market_toml(tmp_path, funding):
    """A deployment file: the local one with another funding table."""
    path = tmp_path / "mine.toml"
    head, _, _ = (load_text("local")).partition("[markets.funding]")
    feed = "[markets.feed]" + load_text("local").partition("[markets.feed]")[2]
    path.write_text(f"{head}[markets.funding]\n{funding}\n\n{feed}")
    return str(path)


def load_text(name):
    from keel.config.settings import PRESETS

    return (PRESETS / f"{name}.toml").read_text()


# What settings turn into


@pytest.mark.parametrize("model", FUNDING_MODELS)
def test_the_struct_is_the_contracts(model):
    constructor = next(
        entry for entry in artifact(MODEL_CONTRACTS[model]).abi if entry["type"] == "constructor"
    )
    members = [member["name"] for member in constructor["inputs"][0]["components"]]
    assert list(load_funding(model).abi()) == members


@pytest.mark.parametrize("preset", funding_presets())
def test_contracts_take_every_reference_set_as_it_is(preset):
    chain, settings = RevmChain(), load_funding(preset)
    model = deploy_model(on(chain), "model", settings)
    assert model.name == MODEL_CONTRACTS[settings.model]
    assert chain.call(model, "params")._asdict() == settings.abi()


@pytest.mark.parametrize("preset", funding_presets())
def test_twins_take_every_reference_set(preset):
    settings = load_funding(preset)
    model, params = MODELS[settings.model]
    assert model.__name__ == MODEL_CONTRACTS[settings.model]
    model(params(*settings.abi().values()))


def test_every_model_is_known_everywhere_and_has_a_reference_set():
    assert set(FUNDING_MODELS) == set(MODEL_CONTRACTS) == set(MODELS) <= set(funding_presets())
    for name, kind in FUNDING_MODELS.items():
        assert kind.model_fields["model"].default == name
        assert load_funding(name).model == name
        assert all(field.description for key, field in kind.model_fields.items() if key != "model")


def test_smoothings_are_the_members_of_the_enum():
    for member in Smoothing:
        settings = load_funding("premium", None, {"smoothing": member.name.lower(), "gain": "0.1"})
        assert settings.abi()["smoothing"] == member
    with pytest.raises(ConfigError, match=r"premium.smoothing: Input should be 'spot', 'exponential'"):
        load_funding("premium", None, {"smoothing": "box"})


def test_units():
    changes = {
        "skew_scale": "12.5",
        "leak_seconds": "7200",
        "velocity": "0.0024",
        "cap_longs_pay": Decimal("0.01"),
    }
    struct = load_funding("velocity", None, changes).abi()
    assert struct["skewScale"] == 125 * WAD // 10
    assert (struct["leakSeconds"], struct["velocity"], struct["capLongsPay"]) == (7_200, 24 * 10**14, 10**16)


def test_local_and_demo_ship_the_layered_reference_set():
    assert load_deployment("local").markets[0].funding == load_funding() == load_funding("layered")
    assert load_deployment("demo").markets[0].funding == load_funding("layered")


def test_size_tiers():
    tiers = SizeTierSettings(limit1="10", limit2="50.5", weight2="1.5", weight3="3")
    market = load_deployment().markets[0]
    assert set(market.config_abi(NO_SOURCE)["tiers"].values()) == {0}
    struct = market.model_copy(update={"tiers": tiers}).config_abi(NO_SOURCE)["tiers"]
    wanted = {"limit1": 10 * WAD, "limit2": 505 * WAD // 10, "weight2Ppm": 1_500_000, "weight3Ppm": 3_000_000}
    assert struct == wanted
    assert MarketSettings.model_fields["tiers"].default is None


# Choice of the model


def test_the_model_is_layered_unless_it_is_said(tmp_path):
    layered = "\n".join(
        line for line in load_text("funding/layered").splitlines() if not line.startswith("model")
    )
    assert load_deployment(market_toml(tmp_path, layered)).markets[0].funding == load_funding("layered")
    for preset in funding_presets():
        path = market_toml(tmp_path, load_text(f"funding/{preset}"))
        assert load_deployment(path).markets[0].funding == load_funding(preset)


def test_an_unknown_model_is_named_with_those_there_are(tmp_path):
    known = "layered, premium, velocity, adaptive"
    for act in (
        lambda: load_deployment(market_toml(tmp_path, 'model = "hill"')),
        lambda: load_funding(model="hill"),
        lambda: load_funding("premium", "hill"),
    ):
        with pytest.raises(ConfigError, match=f"no funding model 'hill': use one of {known}") as refused:
            act()
        assert "\n" not in str(refused.value)


BAD = {
    "text": ({"deadzone": "wide"}, "premium.deadzone: 'wide' is not a number"),
    "negative": ({"deadzone": "-0.0001"}, "premium.deadzone: Input should be greater than or equal to 0"),
    "decimals": ({"deadzone": "0." + "0" * 18 + "1"}, "premium.deadzone: 1E-19 has more than 18 decimals"),
    "too large": ({"deadzone": "1e60"}, "premium.deadzone: 1E+60 is too large"),
    "nan": ({"deadzone": "nan"}, "premium.deadzone: Input should be a finite number"),
    "float": ({"deadzone": 0.1}, "premium.deadzone: write it as text"),
    "part of a second": (
        {"smoothing_seconds": "1.5"},
        "premium.smoothing_seconds: Input should be a valid integer",
    ),
    "time": (
        {"smoothing_seconds": -60},
        "premium.smoothing_seconds: Input should be greater than or equal to 0",
    ),
    "field": ({"leak_seconds": 60}, "the premium model has no leak_seconds: it has interest, interest_max"),
    "source": ({"interest_source": {"kind": "bank"}}, "premium.interest_source: Input tag 'bank'"),
    "source's field": (
        {"interest_source": {"kind": "fixed"}},
        "interest_source.fixed.annual_rate: Field required",
    ),
    "vault": (
        {"interest_source": {"kind": "lending", "vault": "0x12"}},
        "interest_source.lending.vault: String",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_wrong_values_are_named(case):
    changes, message = BAD[case]
    with pytest.raises(ConfigError) as refused:
        load_funding("premium", None, changes)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_set_of_another_model_and_one_that_is_not_there():
    with pytest.raises(ConfigError, match="premium-literal is a set of the premium model, not of velocity"):
        load_funding("premium-literal", "velocity")
    with pytest.raises(
        ConfigError, match=r"no funding preset 'mine': use a preset \(adaptive, layered, .*velocity\)"
    ):
        load_funding("mine")


# Sources of interest


def test_sources_of_interest(bench):
    vault = {
        "kind": "lending",
        "vault": bench.vault.address,
        "window_seconds": 7_200,
        "most": Decimal("0.2"),
    }
    chain = bench.chain
    for source, contract, annual in (
        (FIXED, "FixedInterest", 5 * 10**14),
        ({**FIXED, "annual_rate": -1}, "FixedInterest", -WAD),
        (DIFFERENCE, "RateDifference", 3 * 10**16),
        (vault, "LendingYield", 0),
        ({**DIFFERENCE, "base": vault}, "RateDifference", 6 * 10**16),
    ):
        model = deploy_model(on(chain), "model", load_funding("premium", None, {"interest_source": source}))
        bound = chain.at(contract, chain.call(model, "params").interestSource)
        assert chain.call(bound, "annualRate") == annual
    bound = chain.at("LendingYield", chain.call(bound, "BASE"))
    asked = [chain.call(bound, name) for name in ("VAULT", "WINDOW", "MOST")]
    assert asked == [bench.vault.address, 7_200, 2 * 10**17]


# Deployment


@pytest.mark.parametrize("preset", funding_presets())
def test_a_deployment_with_every_model(preset):
    chain, record, funding = RevmChain(), Record(), load_funding(preset)
    deployed = deploy(chain, with_funding(funding), record=record)
    market = deployed.markets[0]
    assert market.model == funding.model
    assert record.contracts["BTC.funding"] == (MODEL_CONTRACTS[funding.model], market.funding.address)
    assert Protocol(chain, deployed).funding_model(MARKET).address == market.funding.address
    Bench(Protocol(chain, deployed)).use()
    state = chain.call(deployed.core, "marketOf", MARKET).fundingState
    chain.warp(600)
    chain.send(deployed.core, "accrue", MARKET, sender=chain.accounts[0])
    assert chain.call(deployed.core, "marketOf", MARKET).fundingState != state or preset == "premium-literal"


def test_markets_with_the_same_settings_share_a_model():
    """The second and the fourth have what the first and the third have: two models for four markets."""
    layered, adaptive = load_funding("layered"), load_funding("adaptive")
    btc = load_deployment().markets[0]
    fundings = {"BTC": layered, "ETH": layered, "SOL": adaptive, "XRP": adaptive}
    markets = tuple(btc.model_copy(update={"name": name, "funding": f}) for name, f in fundings.items())
    chain, record = RevmChain(), Record()
    deployed = deploy(chain, load_deployment().model_copy(update={"markets": markets}), record=record)
    used = [market.funding.address for market in deployed.markets]
    assert used == [used[0], used[0], used[2], used[2]]
    assert used[0] != used[2]
    assert [step for step in record.contracts if step.endswith(".funding")] == ["BTC.funding", "SOL.funding"]
    linked = [
        chain.call(deployed.core, "configOf", market.id).config.fundingModel for market in deployed.markets
    ]
    assert linked == used
    assert addresses(deployed)["XRP.funding"] == used[2]


def test_a_source_of_interest_has_steps_of_its_own_and_resumes(tmp_path):
    chain, path = RevmChain(), tmp_path / "record.json"
    settings = with_funding(load_funding("layered", None, {"interest_source": DIFFERENCE}))

    def stop(step):
        if step == "BTC.funding.interest":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deploy(chain, settings, record=load_record(path), progress=stop)
    steps = []
    deployed = deploy(chain, settings, record=load_record(path), progress=steps.append)
    assert steps[:2] == ["BTC.funding.interest", "BTC.funding"]
    contracts = json.loads(path.read_text())["contracts"]
    model, source = contracts["BTC.funding"], contracts["BTC.funding.interest"]
    assert (model[0], source[0]) == ("LayeredFunding", "RateDifference")
    assert chain.call(deployed.markets[0].funding, "params").interestSource == source[1]
    legs = [chain.call(chain.at(*source), name) for name in ("QUOTE", "BASE")]
    assert legs == [contracts[f"BTC.funding.interest.{leg}"][1] for leg in ("quote", "base")]
    assert addresses(deployed)["BTC.funding"] == model[1]


def test_a_record_of_another_model_is_refused():
    chain, record = RevmChain(), Record()
    deploy(chain, with_funding(load_funding("velocity")), record=record)
    with pytest.raises(ChainError, match=r"a VelocityFunding for BTC.funding, .* ask for a LayeredFunding"):
        deploy(chain, load_deployment(), record=record)


# The switch of a market


def test_a_market_switches_between_all_models(bench):
    protocol, governor = bench.protocol, bench.provider
    for preset in (*funding_presets(), "layered"):
        model = protocol.deploy_funding_model(load_funding(preset), governor)
        bench.later(600)
        pending = protocol.view("marketNow", MARKET)
        before = protocol.view("configOf", MARKET)
        protocol.set_funding_model(MARKET, model, governor)
        after, stored = protocol.view("configOf", MARKET), protocol.view("marketOf", MARKET)
        assert protocol.funding_model(MARKET).address == after.config.fundingModel == model.address
        assert after.config._replace(fundingModel=before.config.fundingModel) == before.config
        assert after.links == before.links
        # What was due at the old model is charged, and the new one starts at rest.
        assert (stored.longsPaid, stored.shortsPaid) == (pending.longsPaid, pending.shortsPaid)
        assert stored.accruedAt == pending.accruedAt


def test_a_switched_market_charges_by_its_new_model(bench):
    protocol, governor = bench.protocol, bench.provider
    changes = {"interest": "0.001", "deadzone": "0.01", "smoothing": "spot", "gain": 1}
    settings = load_funding("premium", None, changes)
    protocol.set_funding_model(MARKET, protocol.deploy_funding_model(settings, governor), governor)
    before = protocol.view("marketOf", MARKET)
    bench.later(2_880)
    protocol.accrue(MARKET, bench.stranger)
    after = protocol.view("marketOf", MARKET)
    # Inside the dead zone: 10 bp per 8 h for a tenth of them, on an index of 50,000.
    assert after.longsPaid - before.longsPaid == 5 * 10**27


def test_the_same_switch_twice(bench):
    protocol, governor = bench.protocol, bench.provider
    old = protocol.funding_model(MARKET)
    new = protocol.deploy_funding_model(load_funding("adaptive"), governor)
    for model in (new, old, new, old.address):
        protocol.set_funding_model(MARKET, model, governor)
    assert protocol.funding_model(MARKET).address == old.address


def test_who_may_switch_and_to_what(bench):
    protocol = bench.protocol
    model = protocol.deploy_funding_model(load_funding("premium"), bench.stranger)
    with pytest.raises(Reverted) as refused:
        protocol.set_funding_model(MARKET, model, bench.stranger)
    assert refused.value.error == "AccessControlUnauthorizedAccount"
    with pytest.raises(Reverted) as refused:
        protocol.set_funding_model(MARKET, bench.vault, bench.provider)
    assert refused.value.error == "FundingModelUnknown"
    assert protocol.funding_model(MARKET).address == protocol.market_contracts(MARKET).funding.address


def test_a_switch_waits_for_the_delay_of_governance():
    chain = RevmChain()
    protocol = Protocol(chain, deploy(chain, with_funding(load_funding(), timelock_seconds=172_800)))
    governor, anyone = chain.accounts[0], chain.accounts[5]
    model = protocol.deploy_funding_model(load_funding("velocity"), governor)
    with pytest.raises(ChainError, match="governance waits 172800 seconds: propose_funding_model now"):
        protocol.set_funding_model(MARKET, model, governor)
    proposal = protocol.propose_funding_model(MARKET, model, governor)
    with pytest.raises(Reverted, match="TimelockUnexpectedOperationState"):
        protocol.execute(proposal, anyone)
    chain.warp(172_800)
    protocol.execute(proposal, anyone)
    assert protocol.funding_model(MARKET).address == model.address
    salts = [protocol.propose_funding_model(MARKET, model, governor).salt for _ in range(3)]
    assert all(second == first + 1 for first, second in pairwise(salts))
