"""A trader's life: deposit, open, funding over time, close, withdraw. Numbers worked out by hand."""

import pytest
from support.bench import COLLATERAL, MARKET, POOL
from support.refusals import assert_refused, refusal

from keel.sdk.protocol import account_id
from keel.units import WAD

SCALE = 10**12
HOUR = 3_600
RAY = 10**27
FEE_PPM = 1_000
PPM = 10**6


def ceil_div(a, b):
    return -(-a // b)


def balance(bench, owner):
    return bench.protocol.view("accountOf", account_id(owner)).balance


def tokens_of(bench, owner):
    return bench.chain.call(bench.protocol.contracts.token, "balanceOf", owner)


@pytest.fixture
def quiet(fresh):
    """Price 51,000, a pool of a million, and two traders with 20,000 each who hold nothing yet."""
    protocol = fresh.protocol
    for owner in (fresh.provider, fresh.trader, fresh.rival):
        protocol.fund(owner, 10 * POOL * fresh.one)
    fresh.settle_price(51_000)
    protocol.pool_deposit(MARKET, POOL * fresh.one, fresh.provider)
    for owner in (fresh.trader, fresh.rival):
        protocol.deposit(account_id(owner), COLLATERAL * fresh.one, owner)
    return fresh


def test_deposit_and_withdrawal_move_tokens(quiet):
    me, before = quiet.trader, tokens_of(quiet, quiet.trader)
    assert balance(quiet, me) == COLLATERAL * WAD
    receipt = quiet.protocol.withdraw(account_id(me), 5_000 * quiet.one, me, me)
    assert receipt.event("Withdrawn").args["tokens"] == 5_000 * quiet.one
    assert balance(quiet, me) == 15_000 * WAD
    assert tokens_of(quiet, me) == before + 5_000 * quiet.one
    assert quiet.protocol.view("booked") == (POOL + 15_000 + COLLATERAL) * quiet.one


def test_opening_pays_the_curve_and_the_fee(quiet):
    """Depth 400, skew 0: 1 base costs 51,000 * 400 / 399; the fee is 0.1 %, a tenth of it insurance's."""
    traded = quiet.trade(quiet.trader, WAD).event("Traded").args
    cost = ceil_div(51_000 * WAD * 400, 399)
    fee = ceil_div(cost * FEE_PPM, PPM)
    assert traded["fill"].cost == traded["fill"].notionalAfter == cost
    assert (traded["fee"], traded["insuranceFee"]) == (fee, fee // 10)
    assert balance(quiet, quiet.trader) == COLLATERAL * WAD - fee
    assert quiet.protocol.view("marketOf", MARKET).cash == POOL * WAD + fee - fee // 10
    market = quiet.protocol.market(MARKET)
    # Mark 51,000 * (400 / 399)^2.
    assert market.mark == 51_000 * WAD * 400**2 // 399**2
    # The pool stands on the other side at the same price: so far it has gained the fee and funding.
    assert market.equity == market.state.cash


def test_one_basis_point_for_eight_hours_at_51000_is_5_10(quiet):
    """A long and a short of one base: premium 0, utilization 0, so the rate is the interest, 1 bp per 8 h."""
    quiet.trade(quiet.trader, WAD)
    quiet.trade(quiet.rival, -WAD)
    start = quiet.protocol.view("marketOf", MARKET)
    opened = quiet.protocol.view("positionOf", account_id(quiet.trader), MARKET)
    for _ in range(8):
        quiet.later(HOUR - 20)
        quiet.price(51_000)
    # Settlement happens with the next trade, a very small one.
    paid = quiet.trade(quiet.trader, -WAD // 2).event("Traded").args["settled"]
    received = quiet.trade(quiet.rival, WAD // 2).event("Traded").args["settled"]
    end = quiet.protocol.view("marketOf", MARKET)
    elapsed = end.accruedAt - start.accruedAt
    fair = 51_000 * WAD * elapsed // 10_000 // (8 * HOUR)
    assert 5 * WAD < fair < 5.15 * WAD
    # The second or so in which only the long was open left a trace of its premium.
    assert abs(paid.paid - fair) < fair // 500
    assert paid.received == received.paid == 0
    # To the wei: what the index says, ceil for who pays, floor for who receives.
    settled = quiet.protocol.view("positionOf", account_id(quiet.trader), MARKET)
    assert paid.paid == ceil_div(WAD * (settled.longsPaid - opened.longsPaid), RAY)
    assert 0 <= paid.paid - received.received <= fair // 1_000


def test_a_profit_is_the_pools_loss(quiet):
    quiet.trade(quiet.trader, WAD)
    # Prices less than 8 seconds apart would share an observation of the average.
    quiet.later(10)
    quiet.settle_price(52_000)
    cash = quiet.protocol.view("marketOf", MARKET).cash
    receipt = quiet.trade(quiet.trader, -WAD)
    traded = receipt.event("Traded").args
    # Bought at 51,000 * 400/399 with skew 0, sold at 52,000 * 400/399 with skew 1: 1,000 * 400/399 better.
    assert abs(traded["fill"].realized - 1_000 * WAD * 400 // 399) <= 3
    market = quiet.protocol.view("marketOf", MARKET)
    # One base was long and none short.
    funded = WAD * traded["settled"].perBase // RAY
    assert market.cash == cash - traded["fill"].realized + traded["fee"] - traded["insuranceFee"] + funded
    assert (market.longInterest, market.openNotional) == (0, 0)


def test_a_whole_life_ends_with_tokens(quiet):
    me, before = quiet.trader, tokens_of(quiet, quiet.trader)
    quiet.trade(me, WAD)
    quiet.trade(me, WAD // 2)
    quiet.trade(me, -2 * WAD)
    quiet.later(1_800)
    quiet.price(51_000)
    quiet.trade(me, WAD // 2)
    assert quiet.protocol.view("accountOf", account_id(me)).markets == 0
    left = balance(quiet, me) // SCALE
    quiet.protocol.withdraw(account_id(me), left, me, me)
    assert tokens_of(quiet, me) == before + left
    # Trades of 4 base in all at one price cost their fees, and funding; the curve gives back what it took.
    assert COLLATERAL * quiet.one - 230 * quiet.one < left < COLLATERAL * quiet.one - 200 * quiet.one
    health = quiet.protocol.account(account_id(me)).health
    assert (health.equity, health.maintenance) == (balance(quiet, me), 0)
    expected = refusal("NoPosition", account=account_id(me), market=0)
    assert_refused(quiet, expected, lambda: quiet.protocol.liquidate(account_id(me), quiet.rival))


def test_sub_accounts_are_apart(quiet):
    me = quiet.trader
    second = account_id(me, 1)
    quiet.protocol.deposit(second, 1_000 * quiet.one, me)
    quiet.protocol.trade(second, MARKET, -WAD // 10, me)
    assert quiet.protocol.view("positionOf", account_id(me), MARKET).size == 0
    assert quiet.protocol.view("positionOf", second, MARKET).size == -WAD // 10
    assert balance(quiet, me) == COLLATERAL * WAD


def test_anyone_may_pay_in(quiet):
    quiet.protocol.deposit(account_id(quiet.trader), 7 * quiet.one, quiet.rival)
    assert balance(quiet, quiet.trader) == (COLLATERAL + 7) * WAD


def test_a_sum_of_all_buckets_is_what_the_core_holds(bench):
    bench.later(600)
    bench.price(50_400)
    bench.trade(bench.trader, -WAD // 3)
    contracts = bench.protocol.contracts
    market = bench.protocol.view("marketOf", MARKET)
    owed = market.cash + market.fundingClearing + bench.protocol.view("insurance").assets
    owed += sum(balance(bench, owner) for owner in bench.chain.accounts)
    assert owed == bench.protocol.view("booked") * SCALE
    assert bench.chain.call(contracts.token, "balanceOf", bench.core) == bench.protocol.view("booked")
