"""Every view of the funding lens, against the models' own twins and against what is really paid later."""

from dataclasses import astuple
from decimal import Decimal
from itertools import pairwise

import pytest
from support.bench import MARKET, rolled_back
from support.funding_bench import HOUR, INDEX, PERIODS, TIERS, make_funding_bench, steady

from keel.config.funding import load_funding
from keel.errors import CodecError, Reverted
from keel.model.funding_view import input_of
from keel.model.records import Market, MarketConfig, parse
from keel.sdk.protocol import account_id
from keel.units import BPS, RAY, WAD

NEUTRAL, CROWDED_LONGS, CROWDED_SHORTS = range(3)
NORMAL, STRESSED, HALTED = range(3)
PRESETS = ("layered", "premium", "premium-exponential", "velocity", "adaptive")
HEARTBEAT = 3_600
TEN_YEARS = 3_650 * 86_400


@pytest.fixture(scope="module")
def quiet():
    """1 bp per 8 h, whatever happens."""
    return make_funding_bench(steady("0.0001")).use()


@pytest.fixture(scope="module", params=PRESETS)
def moving(request):
    """A market of each model, open for half an hour with 900 long and 400 short."""
    bench = make_funding_bench(load_funding(request.param)).use()
    bench.open({bench.trader: 700, bench.rival: -400, bench.newcomer: 200})
    bench.hold(HOUR // 2)
    return bench


@pytest.fixture
def bench(quiet):
    with rolled_back(quiet.chain):
        yield quiet


@pytest.fixture
def model(moving):
    with rolled_back(moving.chain):
        yield moving


def view(bench):
    return bench.protocol.funding_view(MARKET)


def net_index(bench):
    """What a long of one base has paid net since the listing, RAY."""
    market = bench.protocol.view("marketNow", MARKET)
    return market.longsPaid - market.shortsPaid


def hold(bench, seconds):
    """Time passes in touches of ten minutes, the price always new."""
    for _ in range(seconds // 600):
        bench.hold(600)


def test_rates_are_those_of_the_market_s_own_model(model):
    market = parse(Market, model.protocol.view("marketNow", MARKET))
    config = parse(MarketConfig, model.protocol.view("configOf", MARKET).config)
    seen = input_of(market, config, 0)
    shown = view(model)
    said = model.chain.call(model.protocol.funding_model(MARKET), "rates", astuple(seen))
    assert shown.rates == said == model.protocol.market(MARKET).funding
    assert (shown.premium, shown.utilization) == (seen.premium, seen.utilization)
    assert (shown.stress, shown.annual) == (market.stress, said.current * PERIODS)


def test_predicted_is_the_mean_of_the_next_8_hours(model):
    shown, before = view(model), net_index(model)
    hold(model, 8 * HOUR)
    happened = (net_index(model) - before) * WAD // INDEX // RAY
    assert abs(shown.predicted - happened) <= abs(happened) // 10**9 + 1
    assert shown.predicted != 0
    assert shown.delta == shown.predicted - shown.rates.current


def test_the_two_layers_can_be_read():
    """While a premium builds up, the fast layer is ahead of the slow one."""
    bench = make_funding_bench(load_funding("layered"), depth_per_share=Decimal("0.00004")).use()
    bench.open({bench.trader: 300})
    bench.hold(HOUR)
    rates = view(bench).rates
    assert rates.interest == WAD // BPS
    assert rates.interest < rates.slow < rates.fast < rates.target
    assert rates.slow < rates.current < rates.target


def test_a_basis_point_per_8_hours_is_10_95_percent_a_year(bench):
    assert view(bench).rates.current == WAD // BPS
    assert view(bench).annual == 1_095 * WAD // 10_000


def test_imbalance_and_exposure_tell_who_outweighs_whom(bench):
    assert (view(bench).imbalance, view(bench).utilization, view(bench).premium) == (0, 0, 0)
    seen = []
    for sizes in ({bench.trader: 700}, {bench.rival: -400}, {bench.newcomer: -300}, {bench.keeper: -700}):
        bench.open(sizes)
        seen.append(view(bench))
    assert [one.imbalance for one in seen] == [WAD, 300 * WAD // 1_100, 0, -700 * WAD // 2_100 + 1]
    equity = bench.protocol.market(MARKET).equity
    exposure = 700 * WAD * INDEX * WAD // equity
    assert abs(seen[-1].utilization + exposure) <= exposure // 10**9
    assert seen[0].utilization > seen[1].utilization > seen[2].utilization == 0
    assert seen[0].premium > seen[1].premium > 0 > seen[-1].premium


@pytest.mark.parametrize(
    ("rate", "regime"),
    [
        ("0.0031", CROWDED_LONGS),
        ("0.000300000001", CROWDED_LONGS),
        ("0.0003", NEUTRAL),
        ("0", NEUTRAL),
        ("-0.0003", NEUTRAL),
        ("-0.000300000001", CROWDED_SHORTS),
        ("-0.0031", CROWDED_SHORTS),
    ],
)
def test_regimes(rate, regime):
    """High positive: longs pay, so it is they who are crowded."""
    bench = make_funding_bench(steady(rate)).use()
    assert view(bench).regime == regime
    bench.open({bench.trader: 10, bench.rival: -10})
    bench.hold()
    sides = {CROWDED_LONGS: bench.trader, CROWDED_SHORTS: bench.rival}
    if regime in sides:
        assert bench.close(sides[regime])[0] > 10 * INDEX * WAD * 3 // 80_000


def test_mode_by_utilization_and_by_the_heartbeat(bench):
    strained = make_funding_bench(steady("0.0001"), max_exposure=Decimal("0.01")).use()
    # A hundredth of 100 million carries 500 base.
    for size, mode in ((399, NORMAL), (2, STRESSED), (-2, NORMAL)):
        strained.open({strained.trader: size})
        assert view(strained).mode == mode
    strained.open({strained.rival: -399 - 402})
    assert (view(strained).mode, view(strained).utilization < 0) == (STRESSED, True)
    bench.later(HEARTBEAT)
    assert view(bench).mode == NORMAL
    bench.later(1)
    assert view(bench).mode == HALTED
    bench.price(INDEX)
    assert view(bench).mode == NORMAL


def test_expected_cost_is_what_is_paid(model):
    """One accrual later, to the wei, for payer and receiver; the payer's by size tiers."""
    for owner, size in ((model.trader, 700), (model.rival, -400), (model.newcomer, 200)):
        position = model.protocol.view("positionOf", account_id(owner), MARKET).size
        assert position == size * WAD
        model.trade(owner, WAD)
        model.trade(owner, -WAD)
    expected = {
        owner: model.protocol.expected_funding(MARKET, size * WAD, 2_345)
        for owner, size in ((model.trader, 700), (model.rival, -400), (model.newcomer, 200))
    }
    model.hold(2_345)
    for owner, cost in expected.items():
        size = model.protocol.view("positionOf", account_id(owner), MARKET).size
        if cost == 0:
            assert model.close(owner) == (0, 0, 0)
            continue
        paid, received, surplus = model.close(owner)
        assert paid - received == cost
        assert (surplus > 0) == (paid > 0 and abs(size) > 100 * WAD)


def test_expected_cost_holds_for_many_touches(model):
    for owner in (model.trader, model.rival):
        model.trade(owner, WAD)
        model.trade(owner, -WAD)
    expected = {
        owner: model.protocol.expected_funding(MARKET, size * WAD, 12 * HOUR)
        for owner, size in ((model.trader, 700), (model.rival, -400))
    }
    hold(model, 12 * HOUR)
    for owner, cost in expected.items():
        paid, received, _ = model.close(owner)
        assert abs(paid - received - cost) <= abs(cost) // 10**9
        assert cost != 0


def test_expected_cost_in_figures(bench):
    """700 base at 2,000 and 1 bp: 140 for 8 hours by size, 180 by tiers."""
    cost = bench.protocol.expected_funding
    assert [cost(MARKET, size * WAD, 8 * HOUR) for size in (700, -700, 100, 0)] == [
        180 * WAD,
        -140 * WAD,
        20 * WAD,
        0,
    ]
    # A month is 90 periods.
    assert cost(MARKET, 10 * WAD, 30 * 86_400) == 90 * 2 * WAD
    # Ceil for who pays, floor for who receives.
    assert (cost(MARKET, 1, 1), cost(MARKET, -1, 1)) == (1, 0)


@pytest.mark.parametrize("size", [WAD, -WAD])
def test_a_rate_of_zero_costs_nothing(size):
    assert make_funding_bench(steady("0")).use().protocol.expected_funding(MARKET, size, HOUR) == 0


@pytest.mark.parametrize("seconds", [0, TEN_YEARS + 1, 2**256 - 1])
def test_a_horizon_out_of_range(bench, seconds):
    with pytest.raises(Reverted) as refused:
        bench.protocol.expected_funding(MARKET, WAD, seconds)
    assert refused.value.error == "HorizonOutOfRange"
    assert refused.value.named == {"given": seconds, "most": TEN_YEARS}


def test_horizons_at_the_ends(bench):
    assert bench.protocol.expected_funding(MARKET, WAD, TEN_YEARS) == 10 * PERIODS * 2 * WAD // 10
    assert bench.protocol.expected_funding(MARKET, 288 * WAD, 1) > 0
    with pytest.raises(CodecError):
        bench.protocol.expected_funding(MARKET, WAD, -1)


@pytest.mark.parametrize("call", [("funding_view", 2), ("expected_funding", 2, WAD, 1), ("funding_view", 0)])
def test_a_market_that_is_not_there(bench, call):
    name, *args = call
    with pytest.raises(Reverted) as refused:
        getattr(bench.protocol, name)(*args)
    assert (refused.value.error, refused.value.named) == ("MarketUnknown", {"market": args[0]})


def test_the_buffer_lasts_as_long_as_it_says():
    """1 % per 8 h by tiers: the account is healthy as long as the view says, and not a second longer."""
    bench = make_funding_bench(steady("0.01")).use(collateral=65_000)
    bench.open({bench.trader: 700})
    bench.hold(1, price=1_978)
    account, hours = account_id(bench.trader), bench.protocol.buffer_hours
    health = bench.health(bench.trader)
    buffer = health.equity - int(health.maintenance)
    assert hours(account) == buffer * 8 * WAD // (900 * 1_978 * WAD // 100)
    lasts = hours(account) * HOUR // WAD
    assert 1_000 < lasts < HEARTBEAT
    bench.later(lasts)
    assert bench.protocol.margin_ratios([account])[0] >= WAD
    assert hours(account) * HOUR < WAD
    bench.later(1)
    assert bench.protocol.margin_ratios([account])[0] < WAD
    assert hours(account) == 0


def test_the_buffer_of_who_pays_nothing(bench):
    hours = bench.protocol.buffer_hours
    bench.open({bench.trader: 100, bench.rival: -100})
    assert hours(account_id(bench.rival)) is None
    assert hours(account_id(bench.newcomer)) is None
    # No margin, nothing to lose, nothing left.
    assert hours(account_id(bench.stranger)) == 0
    assert hours(account_id(bench.trader)) > 1_000 * WAD


def test_the_buffer_adds_up_over_markets():
    """Long in the market with tiers, short in the other: 900 less 700 parts of 0.2 are paid in 8 hours."""
    bench = make_funding_bench(steady("0.0001"), TIERS, None).use()
    for market, size in ((1, 700), (2, -700)):
        bench.trade(bench.trader, size * WAD, market=market)
    health = bench.health(bench.trader)
    buffer = health.equity - int(health.maintenance)
    assert bench.protocol.buffer_hours(account_id(bench.trader)) == buffer * 8 * WAD // (40 * WAD)
    bench.trade(bench.trader, -300 * WAD, market=2)
    assert bench.protocol.buffer_hours(account_id(bench.trader)) is None


def test_a_jump_of_the_premium_is_one_spike():
    """A rate more than two deviations of 3 bp away from its slow mean: one event, and a stressed market."""
    bench = make_funding_bench(load_funding("layered"), depth_per_share=Decimal("0.00004")).use()
    spikes, seen = [], []
    for opened in ({}, {bench.trader: 300}, {}, {}, {bench.trader: -300}):
        bench.open(opened)
        for _ in range(36):
            bench.later(600)
            bench.publish(INDEX)
            receipt = bench.protocol.update_price(MARKET, bench.provider)
            spikes += receipt.events("FundingSpiked")
            seen.append(view(bench))
    up, down = spikes
    first = next(i for i, one in enumerate(seen) if one.stress)
    assert 36 < first < 72
    assert up.args == {"market": MARKET, "stress": seen[first].stress}
    assert down.args["market"] == MARKET
    for one in seen:
        # The slow layer weighs a quarter: the rate is three quarters of the layers' distance from it.
        distance = abs(one.rates.fast - one.rates.slow) * 3 // 4
        eighths = (distance - 6 * WAD // BPS) * 8 * BPS // (3 * WAD)
        assert abs(one.stress - min(max(eighths, 0), 32)) <= 1
        assert one.mode == (STRESSED if one.stress else NORMAL)
    # Spiking after the trade, calm where the layers cross after the close, and spiking the other way.
    stressed = [one.stress > 0 for one in seen]
    changes = sum(was != now for was, now in pairwise(stressed))
    assert max(one.stress for one in seen) > 8
    assert changes == 3
