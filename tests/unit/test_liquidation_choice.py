"""Which position of a cross account is closed, against closing each of them; batches; what it costs."""

from random import Random

import pytest
from support.adversary import liquidated
from support.bench import MARKET, PRICE, Bench, make_bench, rolled_back
from support.listing import with_pool

from keel.config.deployment import load_deployment
from keel.errors import KeelError, Reverted
from keel.evm.chain import GENESIS_TIME
from keel.sdk.anvil import Anvil
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol, account_id
from keel.sdk.web3chain import Web3Chain
from keel.units import BPS, WAD

MARKETS = range(MARKET, MARKET + 8)
# What a market's settings may differ in: hedges, and penalties, which are a part of what closing costs.
HEDGES = (30, 40, 0, 10, 20, 30, 5, 25)
PENALTIES = (50, 40, 30, 60, 50, 20, 45, 35)
TARGET_BPS, FEE_BPS = 12_500, 10
RICH = 5_000_000


def eight_markets(bench):
    for hedge, penalty in zip(HEDGES[1:], PENALTIES[1:], strict=True):
        with_pool(bench, hedgePercent=hedge, brackets={"penaltyMinBps": penalty})
    for owner in (bench.rival, bench.trader):
        bench.protocol.fund(owner, RICH * bench.one)
        bench.protocol.deposit(account_id(owner), RICH * bench.one, owner)
    all_prices(bench, PRICE)
    return bench


def all_prices(bench, price):
    for _ in range(2):
        bench.later(301)
        bench.publish(price)
        for market in MARKETS:
            bench.protocol.update_price(market, bench.provider)


@pytest.fixture(scope="module")
def used():
    return eight_markets(make_bench())


@pytest.fixture
def bench(used):
    with rolled_back(used.chain):
        yield used


def health(bench, account):
    return bench.protocol.view("healthOf", account)


def cross(bench, seed):
    """An account long and short in eight markets, others around it, that prices have made unhealthy."""
    random = Random(seed)
    account, owner = account_id(bench.newcomer, 1), bench.newcomer
    bench.protocol.deposit(account, 9 * 10**5 * bench.one, owner)
    net = 0
    for market in MARKETS:
        # Mostly long; others on both sides, so that the curves differ.
        size = random.randint(20, 400) * WAD // 100 * random.choice((1, 1, 1, 1, -1))
        net += size
        bench.trade(bench.rival, random.randint(-600, 600) * WAD // 100, market=market)
        bench.protocol.trade(account, market, size, owner)
    before, price = health(bench, account), PRICE
    bench.protocol.withdraw(account, (before.withdrawable - before.initial) // 10**12, owner, owner)
    for _ in range(100):
        price -= 200 if net > 0 else -200
        all_prices(bench, price)
        if bench.protocol.margin_ratios([account])[0] < WAD:
            break
    return account


def ending(bench, account, market):
    """Margin that closing a position frees, and what it costs, with the least penalty; by closing it."""
    with rolled_back(bench.chain):
        # Money changes neither margin nor curve, and lets the account close what it likes.
        bench.protocol.deposit(account, 9 * 10**5 * bench.one, bench.newcomer)
        before, size = health(bench, account), bench.protocol.view("positionOf", account, market).size
        price = bench.protocol.view("marketOf", market).price.index
        cost = bench.protocol.trade(account, market, -size, bench.newcomer).result.cost
        freed = before.maintenance - health(bench, account).maintenance
    # Negative where the curve pays to have it closed: that counts, too.
    loss = cost + size * price // WAD
    penalty = -(-abs(size) * price // WAD) * PENALTIES[market - 1] // BPS
    return freed, loss + penalty


def relief(bench, account, market):
    """What the end of a position restores: the margin freed at the target ratio, less its cost."""
    freed, cost = ending(bench, account, market)
    return freed * TARGET_BPS // BPS - cost


@pytest.mark.parametrize("seed", range(16))
def test_the_chosen_one_restores_most(bench, seed):
    account = cross(bench, seed)
    before = health(bench, account)
    assert before.equity < before.maintenance
    reliefs = {market: relief(bench, account, market) for market in MARKETS}
    done = bench.protocol.liquidate(account, bench.keeper)
    best = max(reliefs.values())
    chosen = reliefs[done.result.market]
    # Choosing rounds each part by itself.
    assert best - chosen <= 20
    assert chosen > sorted(reliefs.values())[-2] - 20
    assert all(log.args["market"] == done.result.market for log in done.logs if "market" in log.args)


def test_seeds_choose_different_markets(used):
    chosen = set()
    for seed in range(16):
        with rolled_back(used.chain):
            account = cross(used, seed)
            chosen.add(used.protocol.liquidate(account, used.keeper).result.market)
    assert len(chosen) > 3


@pytest.mark.parametrize("seed", range(4))
def test_nobody_chooses(bench, seed):
    """There is nothing to say but the account, and who says it makes no difference."""
    account = cross(bench, seed)
    with pytest.raises(KeelError, match="liquidate"):
        bench.send("liquidate", account, MARKET, sender=bench.keeper)
    results = []
    for sender in (bench.keeper, bench.newcomer, bench.stranger, bench.provider):
        with rolled_back(bench.chain):
            result = bench.protocol.liquidate(account, sender).result
            results.append((result.market, result.size))
    assert len(set(results)) == 1


def test_one_position_after_the_other_until_it_is_healthy(bench):
    """Each liquidation leaves a better margin ratio, and in the end nobody can go on."""
    account, markets = cross(bench, 12), []
    ratios = [bench.protocol.margin_ratios([account])[0]]
    while ratios[-1] < WAD:
        done = bench.protocol.liquidate(account, bench.keeper)
        markets.append(done.result.market)
        ratios.append(bench.protocol.margin_ratios([account])[0])
        assert ratios[-1] > ratios[-2]
        all_prices(bench, bench.protocol.view("marketOf", MARKET).price.index // WAD)
    assert len(markets) < 40
    with pytest.raises(Reverted, match="NotLiquidatable"):
        bench.protocol.liquidate(account, bench.keeper)


@pytest.mark.parametrize("seed", [4, 7, 12])
def test_a_keeper_is_paid_of_what_closing_everything_would_leave(bench, seed):
    """Where the curves take what is left, nobody is: a reward before would be the insurance's to pay."""
    account, kinds = cross(bench, seed), set()
    price = bench.protocol.view("marketOf", MARKET).price.index // WAD
    while (equity := health(bench, account).equity) > 0:
        toll = sum(max(0, ending(bench, account, market)[1]) for market in MARKETS)
        with rolled_back(bench.chain):
            told = liquidated(bench.protocol.liquidate(account, bench.keeper))
        # What this one's curve gives is there; what the others' would give, anybody may take away before.
        fill = told["fill"]
        gain = fill.size * price - fill.cost + fill.cost * FEE_BPS // BPS
        kept, share = equity + max(0, gain) - toll, told["penalty"] * 4_000 // BPS
        # What the trades of this test cost and what the core expects of them are rounded apart.
        assert abs(told["reward"] - min(share, max(0, kept))) <= 20
        kinds.add("none" if kept <= 0 else "all of it" if kept < share else "a share")
        price -= 25
        all_prices(bench, price)
    assert kinds == {"none", "all of it", "a share"}


def test_a_batch_passes_over_whoever_is_healthy(bench):
    account = cross(bench, 0)
    healthy, nobody = account_id(bench.trader), account_id(bench.stranger)
    backstop = account_id(bench.core.address)
    batch = [healthy, account, nobody, backstop, 0]
    done = bench.protocol.liquidate_batch(batch, bench.keeper)
    assert done.result == 1
    closed = [log for log in done.logs if log.event in ("Liquidated", "Absorbed")]
    assert [(log.args["account"], log.args["keeper"]) for log in closed] == [(account, bench.keeper)]
    assert bench.protocol.liquidate_batch([], bench.keeper).result == 0
    assert bench.protocol.liquidate_batch([healthy, nobody], bench.keeper).result == 0


def test_a_batch_is_each_of_them_in_turn(bench):
    """The same account often: step by step, as single calls would do; passed over when it is healthy."""
    account = cross(bench, 12)
    with rolled_back(bench.chain):
        one_by_one = []
        for _ in range(9):
            try:
                one_by_one.append(tuple(bench.protocol.liquidate(account, bench.keeper).result))
            except Reverted:
                break
        single = health(bench, account)
    assert 1 < len(one_by_one) < 9
    done = bench.protocol.liquidate_batch([account] * 9, bench.keeper)
    closed = [log.args for log in done.logs if log.event in ("Liquidated", "Absorbed")]
    assert done.result == len(one_by_one) == len(closed)
    assert [(args["market"], args["fill"].size) for args in closed] == [one[:2] for one in one_by_one]
    assert health(bench, account) == single


def test_the_gas_of_a_liquidation_over_eight_markets():
    """A whole transaction on a node, with cold state: eight markets valued, one of them closed in part."""
    with Anvil(timestamp=GENESIS_TIME) as node:
        chain = Web3Chain(node.url)
        bench = eight_markets(Bench(Protocol(chain, deploy(chain, load_deployment()))).use())
        account = cross(bench, 0)
        bench.later(30)
        used = bench.protocol.liquidate(account, bench.keeper).gas_used
    assert 400_000 < used < 450_000
