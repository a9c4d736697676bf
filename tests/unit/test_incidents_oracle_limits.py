"""Incidents in which a true price was enough, or the price was nobody's fault."""

from pathlib import Path

import pytest
from support.bench import MARKET, PRICE, Bench, make_bench, rolled_back
from support.hub import NOBODY
from support.listing import hub_of, links_of
from support.oracle_market import MockFeed, visit, wealth

from keel.config.deployment import load_deployment
from keel.errors import Reverted
from keel.evm.revm import RevmChain
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol, account_id
from keel.units import BPS, WAD


def refused_because(error, act):
    with pytest.raises(Reverted) as refused:
        act()
    assert refused.value.error == error
    return refused.value.named


@pytest.fixture
def bench():
    """The local preset: a long of 1 base at 50,000 with 20,000 behind it, maintenance 500."""
    return make_bench()


def test_arbitrum_sequencer_down_and_grace():
    """I-40: down: nothing but margin; up for less than the grace: out, not in."""
    with visit("rollup") as where:
        me = account_id(where.trader)
        where.rollup.report(True)
        where.update()
        named = refused_because("PriceNotGoodFor", lambda: where.trade(where.trader, -WAD // 10))
        assert named["validity"] == 7
        where.protocol.deposit(me, where.one, where.trader)
        where.later(60)
        where.rollup.report(False)
        where.later()
        where.update()
        where.trade(where.trader, -WAD // 10)
        named = refused_because("PriceNotGoodFor", lambda: where.trade(where.newcomer, WAD // 10))
        assert named["validity"] == 6


def second_market(bench):
    """A market over a feed that the test moves, with a pool of its own."""
    feed = MockFeed(bench.chain)
    feed.set(100)
    hub = hub_of(bench, 2, sources=[feed.source.address], minPrice=WAD)
    vault = bench.chain.deploy("ShareVault", bench.core, 2, 0, "Jelly", "kJELLY")
    config, _ = bench.protocol.view("configOf", MARKET)
    bench.govern(bench.core, "listMarket", config, links_of(bench, oracle=hub.address, vault=vault.address))
    for _ in range(2):
        bench.protocol.update_price(2, bench.keeper)
        bench.later(301)
    bench.protocol.update_price(2, bench.keeper)
    bench.chain.send(bench.protocol.contracts.token, "approve", vault, 2**255, sender=bench.provider)
    bench.chain.send(vault, "deposit", 100_000 * bench.one, bench.provider, sender=bench.provider)
    return feed


def test_hyperliquid_jelly_squeeze(bench):
    """I-05: a short as large as the market takes, free margin withdrawn, the price times four in ten steps.

    The market's own pool and the insurance bear it, to the wei; the other market's pool and people do not.
    """
    feed = second_market(bench)
    bench.publish(PRICE)
    bench.protocol.update_price(MARKET, bench.keeper)
    me, protocol = account_id(bench.newcomer), bench.protocol
    size = largest(bench, lambda base: bench.trade(bench.newcomer, -base, market=2), 5_000 * WAD)
    bench.trade(bench.newcomer, -size, market=2)
    assert protocol.market(2).utilization > 95 * WAD // 100 or protocol.view("healthOf", me).initial > 0
    free = largest(
        bench, lambda wei: protocol.withdraw(me, wei // 10**12, bench.newcomer, bench.newcomer), 2e22
    )
    protocol.withdraw(me, free // 10**12, bench.newcomer, bench.newcomer)
    calm = protocol.view("marketOf", MARKET)
    stake = protocol.view("insurance").assets
    told = []
    for step in range(1, 31):
        bench.later(60)
        feed.set(100 * (10 + 3 * min(step, 10)) // 10)
        protocol.update_price(2, bench.keeper)
        health = protocol.view("healthOf", me)
        if health.equityBetter < health.maintenance:
            told += protocol.liquidate(me, 2, bench.keeper).logs
    fees = sum(one.args["penalty"] - one.args["reward"] for one in told if one.event == "Liquidated")
    swept = sum(one.args["amount"] for one in told if one.event == "FundingDustSwept")
    shortfall = sum(one.args["fromInsurance"] for one in told if one.event == "BadDebtCovered")
    assert shortfall > 0
    assert protocol.view("positionOf", me, 2).size == 0
    assert protocol.view("insurance").assets == stake + fees + swept - shortfall
    after = protocol.view("marketOf", MARKET)
    assert (after.cash, after.openNotional, after.shares) == (calm.cash, calm.openNotional, calm.shares)
    assert protocol.view("accountOf", me).balance >= 0


def largest(bench, act, high):
    """The largest amount that goes through, to a thousandth."""
    low, high = 0, int(high)
    while high - low > high // 1_000 + 1:
        middle = (low + high) // 2
        with rolled_back(bench.chain):
            try:
                act(middle)
                low = middle
            except Reverted:
                high = middle
    return low


@pytest.mark.parametrize("ratio", [90, 70, 45, 20])
@pytest.mark.parametrize("spread", [0, 25, 100])
def test_hyperliquid_whale_liquidated_by_himself(bench, spread, ratio):
    """I-06: whoever liquidates himself with another account does not get out cheaper than by closing."""
    feed = MockFeed(bench.chain)
    feed.set(PRICE)
    bench.link_feed([feed.source])
    rest(bench)
    me, owner, size = account_id(bench.newcomer), bench.newcomer, 8 * WAD
    bench.trade(owner, size)
    health = bench.protocol.view("healthOf", me)
    # The maintenance falls with the price, too, by less than 2 %.
    fall = (health.equity - health.maintenance * ratio // 100) * WAD // size * 102 // 100
    index = PRICE * WAD - fall
    feed.tell("set", index)
    feed.tell("setSpread", index * spread // BPS)
    rest(bench)
    assert ratio - 5 < bench.protocol.margin_ratios([me])[0] * 100 // WAD < ratio + 5
    before = wealth(bench, owner)
    with rolled_back(bench.chain):
        closed = bench.protocol.liquidate(me, MARKET, owner).result.size
        liquidated = wealth(bench, owner) - before
    bench.trade(owner, closed)
    assert liquidated <= wealth(bench, owner) - before


def rest(bench):
    """Take the price now and after five minutes."""
    bench.later()
    bench.protocol.update_price(MARKET, bench.keeper)
    bench.later(301)
    bench.protocol.update_price(MARKET, bench.keeper)


@pytest.mark.parametrize("wallets", [1, 3, 19])
def test_popcat_nineteen_wallets_share_one_limit(bench, wallets):
    """I-07: the pool's limit is the market's, however many accounts stand behind the position."""
    protocol, owner = bench.protocol, bench.newcomer
    for sub in range(wallets):
        protocol.deposit(account_id(owner, sub), 400_000 * bench.one, owner)
    total = 0
    for sub in range(wallets):
        mine = account_id(owner, sub)
        size = largest(
            bench, lambda base, a=mine: protocol.trade(a, MARKET, base, owner), 40 * WAD // wallets
        )
        if size:
            protocol.trade(mine, MARKET, size, owner)
        total += size
    market = protocol.market(MARKET)
    assert market.utilization <= WAD
    # What one account alone can hold, whose margin would be enough for more.
    assert 18 * WAD < total < 22 * WAD


MAINTENANCE_PATHS = {
    "restricted and reopened": lambda b: (
        b.send("restrictMarket", MARKET, 2, sender=b.provider),
        b.govern(b.core, "reopenMarket", MARKET),
    ),
    "another hub": lambda b: b.link_feed([b.protocol.contracts.markets[0].sources[0]]),
    "another model": lambda b: b.protocol.set_funding_model(
        MARKET,
        b.protocol.deploy_funding_model(load_deployment().markets[0].funding, b.provider),
        b.provider,
    ),
    "the same settings again": lambda b: b.govern(
        b.core, "setMarket", MARKET, *b.protocol.view("configOf", MARKET)
    ),
}


@pytest.mark.parametrize("path", MAINTENANCE_PATHS)
def test_paradex_maintenance_resets_no_index(bench, path):
    """I-09: no path of maintenance moves a funding index but by the rate of the time that passed."""
    bench.later(600)
    before = bench.protocol.view("marketNow", MARKET)
    MAINTENANCE_PATHS[path](bench)
    after = bench.protocol.view("marketNow", MARKET)
    assert (after.longsPaid, after.shortsPaid) == (before.longsPaid, before.shortsPaid) != (0, 0)
    bench.later(60)
    bench.price(PRICE)
    later = bench.protocol.view("marketOf", MARKET)
    cap = 75 * 10**27 * PRICE // BPS * 60 // 28_800
    assert 0 <= later.longsPaid - after.longsPaid <= cap
    bench.trade(bench.trader, -WAD)


def test_drift_fake_oracle_waits_for_the_timelock():
    """I-11: with the proposer's key in hand, nothing about a feed changes before two days have passed."""
    chain = RevmChain()
    settings = load_deployment().model_copy(update={"timelock_seconds": 172_800})
    bench = Bench(Protocol(chain, deploy(chain, settings))).use()
    feed = MockFeed(chain)
    feed.set(10**6)
    hub = chain.deploy("OracleHub", bench.core, MARKET, fake_feed(bench, feed), NOBODY)
    config, links = bench.protocol.view("configOf", MARKET)
    change = (MARKET, config, links._replace(oracle=hub.address))
    for thief in (bench.provider, bench.stranger):
        act = lambda thief=thief: bench.send("setMarket", *change, sender=thief)  # noqa: E731
        refused_because("AccessManagedUnauthorized", act)
    timelock = bench.protocol.contracts.timelock
    data = bench.core.abi.function("setMarket").encode(change)
    proposal = (bench.core, 0, data, bytes(32), bytes(32))
    refused_because(
        "TimelockInsufficientDelay",
        lambda: chain.send(timelock, "schedule", *proposal, 172_799, sender=bench.provider),
    )
    chain.send(timelock, "schedule", *proposal, 172_800, sender=bench.provider)
    for seconds in (1, 86_400, 86_398):
        chain.warp(seconds)
        refused_because(
            "TimelockUnexpectedOperationState",
            lambda: chain.send(timelock, "execute", *proposal, sender=bench.provider),
        )
    # Meanwhile everybody can leave at the price of the old feed.
    bench.settle_price(PRICE)
    assert bench.hub_of().address != hub.address
    bench.trade(bench.trader, -WAD)
    free = bench.protocol.view("accountOf", account_id(bench.trader)).balance // 10**12
    bench.protocol.withdraw(account_id(bench.trader), free, bench.trader, bench.trader)


def fake_feed(bench, feed):
    limits = bench.chain.call(bench.hub_of(), "feed").limits
    return [feed.source], limits


def test_synthetix_trb_price_times_ten(bench):
    """I-14: a limit in base alone would grow tenfold in quote; both bind, and a full market only shrinks."""
    protocol, owner = bench.protocol, bench.newcomer
    protocol.deposit(account_id(owner), 5_000_000 * bench.one, owner)
    bench.trade(owner, 10 * WAD)
    price = PRICE
    while price < 10 * PRICE:
        price = min(price * 102 // 100, 10 * PRICE)
        bench.later(60)
        bench.price(price)
    bench.settle_price(price)
    market = protocol.market(MARKET)
    assert market.validity == 0
    refused_because("UtilizationExceeded", lambda: bench.trade(owner, WAD // 10))
    skew = protocol.view("marketOf", MARKET)
    open_value = (skew.longInterest - skew.shortInterest) * market.state.price.index // WAD
    assert open_value > market.equity
    bench.trade(owner, -WAD)


@pytest.mark.parametrize("decimals", [8, 18])
def test_futureswap_units(decimals):
    """I-20: the same prices, rates, fees and health at any number of decimals of the token, to its unit."""
    found = []
    for number in (6, decimals):
        chain = RevmChain()
        settings = load_deployment().model_copy(update={"token_decimals": number})
        bench = Bench(Protocol(chain, deploy(chain, settings))).use()
        bench.later(3_000)
        bench.price(PRICE * 101 // 100)
        traded = bench.trade(bench.rival, WAD // 10).event("Traded").args
        market = bench.protocol.market(MARKET)
        health = bench.protocol.view("healthOf", account_id(bench.trader))
        figures = (market.mark, market.premium, market.utilization, market.funding, health.maintenance)
        amounts = (traded["fee"], traded["fill"].cost, market.equity, health.equity)
        found.append((market.state.price, figures, amounts, traded["fee"] * BPS))
    assert found[0] == found[1]
    price, _, (fee, cost, *_), _ = found[0]
    assert price.index == PRICE * 101 * WAD // 100
    assert 0 <= fee * 1_000 - abs(cost) < 1_000


def test_perp_v1_cream_cascade(bench):
    """I-16, F-40: a liquidation moves the mark, and no health but one: health is at the index."""
    protocol, owner, me = bench.protocol, bench.newcomer, account_id(bench.newcomer)
    protocol.deposit(me, 40_000 * bench.one, owner)
    bench.trade(owner, 15 * WAD)
    others = [account_id(bench.trader), account_id(bench.rival)]
    price = PRICE
    while protocol.margin_ratios([me])[0] >= WAD // 2:
        price -= PRICE // 400
        bench.settle_price(price)
    mark = protocol.market(MARKET).mark
    before = [protocol.view("healthOf", one) for one in others]
    assert protocol.liquidate(me, MARKET, bench.keeper).result.size < -10 * WAD
    assert protocol.market(MARKET).mark < mark * 96 // 100
    assert [protocol.view("healthOf", one) for one in others] == before
    assert min(protocol.margin_ratios(others)) > WAD


def test_no_contract_counts_blocks():
    """F-50: on a rollup blocks are no clock; delays and ages follow the time."""
    contracts = Path(__file__).resolve().parents[2] / "contracts"
    texts = [path.read_text() for path in contracts.rglob("*.sol") if ".cache" not in path.parts]
    assert len(texts) > 50
    assert not any("block.number" in text or "blockhash" in text for text in texts)
    assert sum("block.timestamp" in text for text in texts) > 5
