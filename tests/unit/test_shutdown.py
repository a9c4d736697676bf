"""Market shutdown: every position ends at one fixed price, in any order; payouts are what the books say."""

from itertools import permutations

import pytest
from support.adversary import refusal_of
from support.bench import MARKET, PRICE, TWAP_SECONDS, local_with, make_bench, rolled_back

from keel.errors import Reverted
from keel.sdk.protocol import account_id
from keel.units import WAD

SHUT = 5
NONE, COUNTING, APPLYING = 0, 1, 2


@pytest.fixture(scope="module")
def world():
    bench = make_bench()
    bench.settle_price(PRICE)
    bench.trade(bench.newcomer, -2 * WAD)
    return bench


@pytest.fixture
def bench(world):
    with rolled_back(world.chain):
        yield world


def people(bench):
    return [account_id(owner) for owner in (bench.trader, bench.rival, bench.newcomer)]


def refused(error, act):
    with pytest.raises(Reverted) as caught:
        act()
    assert caught.value.error == error


def shut(bench, price=PRICE):
    """Move the average to a price, and end the market there."""
    for _ in range(12):
        bench.later(TWAP_SECONDS)
        bench.price(price)
    bench.send("restrictMarket", MARKET, 2, sender=bench.provider)
    bench.govern(bench.core, "shutMarket", MARKET)
    return bench.protocol.view("marketOf", MARKET).price.index


def resolve(bench, *accounts):
    return bench.protocol.resolve(MARKET, accounts, bench.stranger)


def finish(bench, order):
    for account in (*order, *order):
        if bench.protocol.view("resolutionOf", MARKET).stage != NONE:
            resolve(bench, account)


def balance(bench, account):
    return bench.protocol.view("accountOf", account).balance


def owed(bench):
    view = bench.protocol.view
    owners = [*bench.chain.accounts[:8], bench.core.address]
    m = view("marketOf", MARKET)
    balances = sum(view("accountOf", account_id(owner)).balance for owner in owners)
    return balances + m.cash + m.fundingClearing + view("insurance").assets + view("escrowOf", MARKET).reserve


def test_each_position_ends_at_the_average(bench):
    """Balance' = balance - funding + floor(size * price) - notional, to the wei."""
    index = shut(bench, PRICE * 103 // 100)
    view = bench.protocol.view
    expected = {}
    for account in people(bench):
        held, health = view("positionOf", account, MARKET), view("healthOf", account)
        assert (
            abs(health.equity - balance(bench, account) - held.size * index // WAD + held.notional)
            < 100 * WAD
        )
        expected[account] = health.equity
    finish(bench, people(bench))
    for account, equity in expected.items():
        assert balance(bench, account) == equity
        assert view("positionOf", account, MARKET).size == 0
        assert view("accountOf", account).markets == 0
    m = view("marketOf", MARKET)
    assert (m.longInterest, m.shortInterest, m.openNotional) == (0, 0, 0)
    assert owed(bench) == view("booked") * view("TOKEN_SCALE")


@pytest.mark.parametrize("price", [PRICE, PRICE * 107 // 100, PRICE * 94 // 100])
def test_the_order_of_settlement_changes_nothing(bench, price):
    shut(bench, price)
    ends = set()
    for order in permutations(people(bench)):
        with rolled_back(bench.chain):
            finish(bench, order)
            m = bench.protocol.view("marketOf", MARKET)
            ends.add((*(balance(bench, a) for a in people(bench)), m.cash, m.fundingClearing))
    assert len(ends) == 1


def test_everybody_leaves_with_everything(bench):
    """All margin, all pool shares and all insurance shares out: what stays is the protocol's own and dust."""
    index = shut(bench, PRICE * 98 // 100)
    assert index == bench.protocol.view("marketOf", MARKET).price.twap
    finish(bench, people(bench))
    scale = bench.protocol.view("TOKEN_SCALE")
    for owner in (bench.trader, bench.rival, bench.newcomer):
        bench.protocol.withdraw(account_id(owner), balance(bench, account_id(owner)) // scale, owner, owner)
    shares = bench.chain.call(bench.vault, "balanceOf", bench.provider)
    bench.protocol.pool_request(MARKET, shares, bench.provider)
    stake = bench.chain.call(bench.insurance, "balanceOf", bench.provider)
    bench.protocol.insurance_request(stake, bench.provider)
    bench.later(bench.chain.call(bench.insurance, "COOLDOWN") + 1)
    bench.protocol.pool_redeem(MARKET, shares, bench.provider)
    bench.protocol.insurance_redeem(stake, bench.provider)
    assert bench.protocol.view("marketOf", MARKET).cash == 0
    left = bench.protocol.view("booked")
    assert left * scale == owed(bench)
    assert left < 100 * bench.one


def test_profits_beyond_the_pool_are_shared_in_proportion(bench):
    """A pool that cannot pay: winners get cash / profits of what they won, and the pool ends at nothing."""
    chain = bench.chain
    whale = chain.accounts[7]
    bench.protocol.fund(whale, 10**6 * bench.one)
    bench.protocol.deposit(account_id(whale), 10**6 * bench.one, whale)
    bench.trade(whale, 19 * WAD)
    index = shut(bench, PRICE * 3)
    winners, losers = [account_id(bench.trader), account_id(whale)], people(bench)[1:]
    view = bench.protocol.view
    resolve(bench, *losers, *winners)
    r = view("resolutionOf", MARKET)
    cash = view("marketOf", MARKET).cash
    assert r.stage == APPLYING
    assert 0 < cash < r.profits
    assert r.cut == r.profits - cash
    gains = {}
    for account in winners:
        held = view("positionOf", account, MARKET)
        gains[account] = held.size * index // WAD - held.notional
    before = {account: balance(bench, account) for account in winners}
    resolve(bench, *winners)
    for account in winners:
        got = balance(bench, account) - before[account]
        assert got == gains[account] - -(-gains[account] * r.cut // r.profits)
    assert 0 <= view("marketOf", MARKET).cash <= len(winners)
    assert owed(bench) == view("booked") * view("TOKEN_SCALE")


def test_a_shut_market_moves_no_more(bench):
    shut(bench)
    bench.later()
    bench.publish(2 * PRICE)
    market = bench.protocol.view("marketOf", MARKET)
    refused("MarketShut", lambda: bench.protocol.update_price(MARKET, bench.stranger))
    refused("MarketShut", lambda: bench.trade(bench.trader, -WAD // 2))
    refused("MarketReduceOnly", lambda: bench.trade(bench.trader, WAD // 2))
    refused("MarketShut", lambda: bench.protocol.pool_deposit(MARKET, bench.one, bench.provider))
    refused("MarketShut", lambda: bench.govern(bench.core, "reopenMarket", MARKET))
    refused("MarketShut", lambda: bench.send("restrictMarket", MARKET, 2, sender=bench.provider))
    bench.protocol.accrue(MARKET, bench.stranger)
    after = bench.protocol.view("marketOf", MARKET)
    assert (after.longsPaid, after.shortsPaid, after.price) == (
        market.longsPaid,
        market.shortsPaid,
        market.price,
    )


def test_only_a_restricted_market_is_shut_and_only_by_the_governor(bench):
    refused("MarketNotRestricted", lambda: bench.govern(bench.core, "shutMarket", MARKET))
    bench.send("restrictMarket", MARKET, 2, sender=bench.provider)
    refused("AccessManagedUnauthorized", lambda: bench.send("shutMarket", MARKET, sender=bench.stranger))


def test_a_loser_beyond_his_margin_is_paid_for_by_the_waterfall(bench):
    shut(bench, PRICE * 65 // 100)
    trader = account_id(bench.trader)
    receipt = resolve(bench, trader)
    assert balance(bench, trader) >= 0
    finish(bench, people(bench)[1:])
    assert bench.protocol.view("resolutionOf", MARKET).stage == NONE
    events = [log.event for log in receipt.logs]
    assert "PositionShut" in events
    assert owed(bench) == bench.protocol.view("booked") * bench.protocol.view("TOKEN_SCALE")


def test_no_side_outgrows_what_could_close_alone():
    """A thin curve: two accounts grow in turns until either side could just end alone; so a shut market ends.

    With a side beyond the depth the losers' end would leave a net position that the curve has no price for,
    and every touch of the market would revert for ever.
    """
    bench = make_bench(local_with(depth_per_share="0.00005"))
    depth = bench.protocol.market(MARKET).depth
    rich = {1: bench.newcomer, -1: bench.operator}
    for owner in rich.values():
        bench.protocol.deposit(account_id(owner), 900_000 * bench.one, owner)
    size, side = 4 * WAD, 1
    while size > WAD // 100:
        refusal = refusal_of(lambda s=side, z=size: bench.trade(rich[s], s * z))
        assert refusal in ("", "BandExceeded")
        if refusal:
            size //= 2
        side = -side
    m = bench.protocol.view("marketOf", MARKET)
    assert depth * 74 // 100 < m.longInterest <= depth * 3 // 4
    assert depth * 74 // 100 < m.shortInterest <= depth * 3 // 4
    shut(bench, PRICE * 95 // 100)
    everybody = [*people(bench), account_id(bench.operator)]
    finish(bench, [one for one in everybody if bench.protocol.view("positionOf", one, MARKET).size < 0])
    bench.protocol.view("healthOf", account_id(bench.newcomer))
    finish(bench, everybody)
    m = bench.protocol.view("marketOf", MARKET)
    assert (m.longInterest, m.shortInterest) == (0, 0)
