"""Restricted calls by strangers, and parameters outside their bounds."""

import pytest
from support.bench import MARKET, rolled_back
from support.hub import pack
from support.listing import config_of, feed_of, hub_of, links_of, list_market
from support.refusals import assert_refused, bytes32, out_of_bounds, refusal

from keel.units import WAD

U256 = 2**256 - 1
NOBODY = "0x" + "77" * 20
FEE_PPM = 1_000
# Penalty floor 50 bps, fees 10 bps, one more.
MARGIN = 61


@pytest.fixture
def bench(used):
    with rolled_back(used.chain):
        yield used


RESTRICTED = {
    "listMarket": lambda b: (b.core, "listMarket", config_of(b), links_of(b)),
    "setMarket": lambda b: (b.core, "setMarket", MARKET, config_of(b), links_of(b)),
    "restrictMarket": lambda b: (b.core, "restrictMarket", MARKET, 2),
    "holdMarket": lambda b: (b.core, "holdMarket", MARKET, 2),
    "reopenMarket": lambda b: (b.core, "reopenMarket", MARKET),
    "setInsuranceVault": lambda b: (b.core, "setInsuranceVault", b.vault),
}


@pytest.mark.parametrize("name", RESTRICTED)
def test_restricted_functions(bench, name):
    target, function, *args = RESTRICTED[name](bench)
    for sender in (bench.stranger, bench.trader, bench.keeper):
        expected = refusal("AccessManagedUnauthorized", caller=sender)
        act = lambda sender=sender: bench.chain.send(target, function, *args, sender=sender)  # noqa: E731
        assert_refused(bench, expected, act)


@pytest.mark.parametrize("name", [name for name in RESTRICTED if name != "restrictMarket"])
def test_the_guardian_cannot_govern(bench, name):
    """The deployer is the guardian of a local deployment; it may restrict, and nothing else."""
    target, function, *args = RESTRICTED[name](bench)
    expected = refusal("AccessManagedUnauthorized", caller=bench.provider)
    assert_refused(bench, expected, lambda: bench.chain.send(target, function, *args, sender=bench.provider))


def test_the_governor_cannot_restrict(bench):
    expected = refusal("AccessManagedUnauthorized", caller=bench.timelock)
    assert_refused(bench, expected, lambda: bench.govern(bench.core, "restrictMarket", MARKET, 2))


def test_the_access_manager_and_the_timelock_are_closed(bench):
    access, timelock = bench.protocol.contracts.access, bench.protocol.contracts.timelock
    send = bench.chain.send
    for sender in (bench.stranger, bench.provider):
        for role in (0, 1, 2):
            expected = refusal("AccessManagerUnauthorizedAccount", msgsender=sender, roleId=0)
            act = lambda s=sender, r=role: send(access, "grantRole", r, s, 0, sender=s)  # noqa: E731
            assert_refused(bench, expected, act)
    proposer = bench.chain.call(timelock, "PROPOSER_ROLE")
    expected = refusal("AccessControlUnauthorizedAccount", account=bench.stranger, neededRole=proposer)
    proposal = (bench.core, 0, b"", bytes(32), bytes(32), 0)
    assert_refused(bench, expected, lambda: send(timelock, "schedule", *proposal, sender=bench.stranger))


def test_only_the_core_refreshes_prices(bench):
    hub, last = bench.hub_of(), pack((WAD, WAD, 0, 0, 1, 0))
    for sender in (bench.stranger, bench.provider):
        expected = refusal("NotCore", caller=sender)
        act = lambda sender=sender: bench.chain.send(hub, "refresh", last, sender=sender)  # noqa: E731
        assert_refused(bench, expected, act)


# name, value, lowest, highest; links are marked by their own table.
CONFIG = [
    ("takerFeePpm", 10_001, 0, 10_000),
    ("deviationFeePpm", 20_001, 0, 20_000),
    ("insuranceFeeSharePpm", 1_000_001, 0, 1_000_000),
    ("maxSidePpm", 999_999, 1_000_000, 20_000_000),
    ("maxSidePpm", 20_000_001, 1_000_000, 20_000_000),
    ("hedgePercent", 41, 0, 40),
    ("depthPerShare", 0, 1, 2**88 - 1),
    ("maxExposurePpm", 9_999, 10_000, 1_633_333),
    ("maxExposurePpm", 1_633_334, 10_000, 1_633_333),
    ("maxSkewPpm", 9_999, 10_000, 500_000),
    ("maxSkewPpm", 500_001, 10_000, 500_000),
    ("targetBps", 10_099, 10_100, 20_000),
    ("targetBps", 20_001, 10_100, 20_000),
    ("baseSigmaBps", 99, 100, 50_000),
    ("baseSigmaBps", 50_001, 100, 50_000),
    ("freshSeconds", 0, 1, 3_600),
    ("freshSeconds", 3_601, 1, 3_600),
    ("staleSeconds", 59, 60, 7_200),
    ("staleSeconds", 7_201, 60, 7_200),
    ("heartbeatSeconds", 299, 300, 43_200),
    ("heartbeatSeconds", 43_201, 300, 43_200),
    ("minNotional", 0, 1, 1_000_000),
    ("minNotional", 1_000_001, 1, 1_000_000),
]
LINKS = [
    ("keeperShareBps", 5_001, 0, 5_000),
    ("windowPpm", 99, 100, 1_000_000),
    ("lossCapPpm", 999, 1_000, 1_000_000),
    ("lossCapPpm", 1_000_001, 1_000, 1_000_000),
    ("windowPpm", 1_000_001, 100, 1_000_000),
]
BRACKETS = [
    ("limit1", 0, 1, 1_000_000),
    ("limit1", 1_000_001, 1, 1_000_000),
    ("limit2", 5_000_001, 250_000, 5_000_000),
    ("maintenance1", 9, 10, 150),
    ("maintenance1", 151, 10, 150),
    ("maintenance2", 251, 100, 250),
    ("maintenance3", 501, 150, 500),
    ("initial1", 100 + MARGIN - 1, 100 + MARGIN, 250),
    ("initial1", 251, 100 + MARGIN, 250),
    ("initial2", 150 + MARGIN - 1, 150 + MARGIN, 400),
    ("initial2", 401, 150 + MARGIN, 400),
    ("initial3", 250 + MARGIN - 1, 250 + MARGIN, 800),
    ("initial3", 801, 250 + MARGIN, 800),
    ("initial4", 500 + MARGIN - 1, 500 + MARGIN, 10_000),
    ("initial4", 10_001, 500 + MARGIN, 10_000),
    ("penaltyMaxBps", 49, 50, 2_000),
    ("penaltyMaxBps", 2_001, 50, 2_000),
]
TIERS = {"limit1": WAD, "limit2": 2 * WAD, "weight2Ppm": 10**6, "weight3Ppm": 3 * 10**6}
BAD_TIERS = [
    ("tierLimit1", {"limit1": 0}, 0, 1, 2 * WAD),
    ("tierLimit1", {"limit1": 2 * WAD + 1}, 2 * WAD + 1, 1, 2 * WAD),
    ("tierWeight2Ppm", {"weight2Ppm": 10**6 - 1}, 10**6 - 1, 10**6, 3 * 10**6),
    ("tierWeight2Ppm", {"weight2Ppm": 3 * 10**6 + 1}, 3 * 10**6 + 1, 10**6, 3 * 10**6),
    ("tierWeight3Ppm", {"weight3Ppm": 10**7 + 1}, 10**7 + 1, 10**6, 10**7),
]


def check_market(bench, config, links, expected):
    core = bench.core
    listing = links | {"oracle": hub_of(bench, MARKET + 1).address}
    assert_refused(bench, expected, lambda: bench.govern(core, "listMarket", config, listing))
    assert_refused(bench, expected, lambda: bench.govern(core, "setMarket", MARKET, config, links))


@pytest.mark.parametrize(("name", "given", "low", "high"), CONFIG)
def test_market_parameters(bench, name, given, low, high):
    expected = out_of_bounds(name, given, low, high)
    check_market(bench, config_of(bench, **{name: given}), links_of(bench), expected)


@pytest.mark.parametrize(("name", "given", "low", "high"), LINKS)
def test_link_parameters(bench, name, given, low, high):
    expected = out_of_bounds(name, given, low, high)
    check_market(bench, config_of(bench), links_of(bench, **{name: given}), expected)


@pytest.mark.parametrize(("name", "given", "low", "high"), BRACKETS)
def test_bracket_parameters(bench, name, given, low, high):
    expected = out_of_bounds(name, given, low, high)
    check_market(bench, config_of(bench, brackets={name: given}), links_of(bench), expected)


@pytest.mark.parametrize(("name", "change", "given", "low", "high"), BAD_TIERS)
def test_tier_parameters(bench, name, change, given, low, high):
    config = config_of(bench, tiers=TIERS | change)
    check_market(bench, config, links_of(bench), out_of_bounds(name, given, low, high))


def test_the_penalty_is_no_cheaper_exit_than_the_fee(bench):
    # 60 % of 16 bps stay away from the keeper: 960 ppm, below the fee of 1,000.
    expected = out_of_bounds("penaltyMinBps", 960, FEE_PPM, U256)
    check_market(bench, config_of(bench, brackets={"penaltyMinBps": 16}), links_of(bench), expected)


def test_links_to_nowhere(bench):
    check_market(bench, config_of(bench), links_of(bench, vault=NOBODY), out_of_bounds("vault", 0, 1, U256))


def test_funding_models_that_are_none(bench):
    for model in (NOBODY, bench.vault.address):
        config = config_of(bench, fundingModel=model)
        check_market(bench, config, links_of(bench), refusal("FundingModelUnknown", model=model))


def answering(bench, *words):
    """A contract that answers every call with these words."""
    stored = b"".join(
        b"\x7f" + word.to_bytes(32, "big") + bytes([0x60, 32 * i, 0x52]) for i, word in enumerate(words)
    )
    runtime = stored + bytes([0x60, 32 * len(words), 0x60, 0, 0xF3])
    # Copy what follows these 12 bytes, and return it.
    creation = bytes([0x60, len(runtime), 0x60, 12, 0x60, 0, 0x39, 0x60, len(runtime), 0x60, 0, 0xF3])
    return bench.chain.create(creation + runtime, bench.stranger)


def test_funding_models_that_cannot_accrue(bench):
    """Caps alone make no model: with one that never accrues, nobody could touch the market again."""
    model = answering(bench, WAD // 100, WAD // 100)
    config = config_of(bench, fundingModel=model)
    check_market(bench, config, links_of(bench), refusal("FundingModelUnknown", model=model))


@pytest.mark.parametrize(
    ("caps", "name"), [((WAD // 10 + 1, 0), "capLongsPay"), ((WAD // 10, WAD // 10 + 1), "capShortsPay")]
)
def test_funding_models_with_wild_caps(bench, caps, name):
    config = config_of(bench, fundingModel=answering(bench, *caps))
    check_market(bench, config, links_of(bench), out_of_bounds(name, WAD // 10 + 1, 0, WAD // 10))


@pytest.mark.parametrize("words", [(), (1,), (1, 1, 1)])
def test_funding_models_that_answer_something_else(bench, words):
    model = answering(bench, *words)
    config = config_of(bench, fundingModel=model)
    check_market(bench, config, links_of(bench), refusal("FundingModelUnknown", model=model))


def test_every_market_parameter_is_tried():
    tried = {row[0] for row in (*CONFIG, *LINKS, *BRACKETS)}
    from keel.config.deployment import load_deployment

    market = load_deployment().markets[0]
    known = {*market.config_abi(NOBODY), *market.links_abi(NOBODY, NOBODY), *market.brackets_abi()}
    # The bounds of the last limit and rate are their neighbours'; addresses have a test of their own.
    apart = {"brackets", "tiers", "fundingModel", "vault", "oracle"}
    apart |= {"limit3", "maintenance4", "penaltyMinBps"}
    # A change of parameters leaves the status alone.
    apart |= {"status"}
    assert known - apart == tried


def test_markets_that_do_not_exist(bench):
    expected = refusal("MarketUnknown", market=9)
    args = (config_of(bench), links_of(bench))
    assert_refused(bench, expected, lambda: bench.govern(bench.core, "setMarket", 9, *args))
    assert_refused(bench, expected, lambda: bench.govern(bench.core, "reopenMarket", 9))
    assert_refused(bench, expected, lambda: bench.govern(bench.core, "holdMarket", 9, 2))
    restrict = lambda: bench.chain.send(bench.core, "restrictMarket", 9, 2, sender=bench.provider)  # noqa: E731
    assert_refused(bench, expected, restrict)
    expected = refusal("NothingToLift", market=9, until=0)
    lift = lambda: bench.chain.send(bench.core, "liftMarket", 9, sender=bench.stranger)  # noqa: E731
    assert_refused(bench, expected, lift)


@pytest.mark.parametrize("status", [0, 4])
def test_the_status_of_a_new_market(bench, status):
    expected = out_of_bounds("status", status, 1, 3)
    links = links_of(bench, oracle=hub_of(bench, MARKET + 1).address)
    list_it = lambda: bench.govern(bench.core, "listMarket", config_of(bench, status=status), links)  # noqa: E731
    assert_refused(bench, expected, list_it)


def test_what_open_interest_and_shares_forbid(bench):
    depth = config_of(bench)["depthPerShare"]
    expected = out_of_bounds("depthPerShare", depth + 1, depth, depth)
    args = (config_of(bench, depthPerShare=depth + 1), links_of(bench))
    assert_refused(bench, expected, lambda: bench.govern(bench.core, "setMarket", MARKET, *args))
    links = links_of(bench, vault=bench.insurance.address)
    expected = refusal("NotVault", caller=bench.insurance.address)
    act = lambda: bench.govern(bench.core, "setMarket", MARKET, config_of(bench), links)  # noqa: E731
    assert_refused(bench, expected, act)
    expected = refusal("NotVault", caller=bench.vault.address)
    assert_refused(bench, expected, lambda: bench.govern(bench.core, "setInsuranceVault", bench.vault))


FEED = [
    ("minPrice", 0, 1, 10**7 * WAD),
    ("minPrice", 10**7 * WAD + 1, 1, 10**7 * WAD),
    ("maxDeviationBps", 0, 1, 1_000),
    ("maxDeviationBps", 1_001, 1, 1_000),
    ("maxConfidenceBps", 0, 1, 1_000),
    ("maxConfidenceBps", 1_001, 1, 1_000),
    ("maxVolatileBps", 99, 100, 5_000),
    ("maxVolatileBps", 5_001, 100, 5_000),
    ("clampBps", 99, 100, 5_000),
    ("clampBps", 5_001, 100, 5_000),
]


def check_feed(bench, expected, **changes):
    assert_refused(bench, expected, lambda: hub_of(bench, MARKET, **changes))


def feed_out_of_bounds(name, given, low, high):
    return refusal("FeedOutOfBounds", name=bytes32(name), given=given, low=low, high=high)


@pytest.mark.parametrize(("name", "given", "low", "high"), FEED)
def test_feed_parameters(bench, name, given, low, high):
    """A hub with a feed outside the bounds cannot be deployed, by anyone."""
    check_feed(bench, feed_out_of_bounds(name, given, low, high), **{name: given})


def test_every_feed_parameter_is_tried(bench):
    limits = bench.chain.call(bench.hub_of(), "feed").limits
    # The highest price bounds the lowest, and nothing but its type bounds itself.
    assert {row[0] for row in FEED} == {*limits._fields} - {"maxPrice"}


@pytest.mark.parametrize("count", [0, 4])
def test_feed_sources(bench, count):
    source = bench.protocol.contracts.markets[0].sources[0].address
    check_feed(bench, feed_out_of_bounds("sources", count, 1, 3), sources=[source] * count)


def test_a_feed_source_without_code(bench):
    source = bench.protocol.contracts.markets[0].sources[0].address
    expected = feed_out_of_bounds("sources", 0, 1, U256)
    check_feed(bench, expected, sources=[NOBODY])
    check_feed(bench, expected, sources=[source, NOBODY])


def test_hubs_of_other_markets_and_none_at_all(bench):
    """Two markets on one hub would mix their histories; another core's hub refuses this one."""
    new = lambda core, market: bench.chain.deploy("OracleHub", core, market, feed_of(bench), "0x" + "00" * 20)  # noqa: E731
    strange = (new(bench.core, 0), new(bench.core, MARKET + 2), new(bench.vault, MARKET), bench.core)
    for oracle in (NOBODY, *(hub.address for hub in strange)):
        args = config_of(bench), links_of(bench, oracle=oracle)
        expected = refusal("HubUnknown", oracle=oracle, market=MARKET)
        assert_refused(
            bench, expected, lambda args=args: bench.govern(bench.core, "setMarket", MARKET, *args)
        )
        expected = refusal("HubUnknown", oracle=oracle, market=MARKET + 1)
        assert_refused(bench, expected, lambda args=args: bench.govern(bench.core, "listMarket", *args))


def test_an_average_over_more_than_the_history(bench):
    expected = refusal("HistoryTooShort", windowSeconds=1_800, availableSeconds=301)
    assert_refused(bench, expected, lambda: bench.chain.call(bench.hub_of(), "twap", 1_800))


@pytest.mark.parametrize("window", [0, 86_401])
def test_averages_over_no_time_and_over_more_than_a_day(bench, window):
    expected = feed_out_of_bounds("windowSeconds", window, 1, 86_400)
    assert_refused(bench, expected, lambda: bench.chain.call(bench.hub_of(), "twap", window))


def test_a_market_without_price_has_no_average(bench):
    market = list_market(bench)
    expected = refusal("HistoryTooShort", windowSeconds=1, availableSeconds=0)
    assert_refused(bench, expected, lambda: bench.chain.call(bench.hub_of(market), "twap", 1))
