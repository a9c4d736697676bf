"""What each status of a market blocks and what it never does, beyond the action matrix; INV-59, F-30."""

import pytest
from support.bench import COLLATERAL, MARKET, PRICE, TWAP_SECONDS, rolled_back
from support.guard import TERM, make_guarded
from support.listing import config_of, hub_of, links_of
from support.refusals import ANY, assert_refused, refusal

from keel.sdk.governance import Status
from keel.sdk.protocol import NO_LIMIT, account_id
from keel.units import WAD

OPEN, REDUCE_ONLY, CLOSED = Status
CLOSED_NOW = refusal("MarketClosed", market=MARKET)
REDUCING = refusal("MarketReduceOnly", market=MARKET)


@pytest.fixture(scope="module")
def used():
    bench = make_guarded(insurance_cooldown_seconds=0)
    shares = bench.chain.call(bench.vault, "balanceOf", bench.provider)
    bench.protocol.pool_request(MARKET, shares // 10, bench.provider)
    bench.protocol.insurance_request(10**24, bench.provider)
    bench.later(86_400)
    bench.settle_price(PRICE)
    return bench


@pytest.fixture
def bench(used):
    with rolled_back(used.chain):
        yield used


def second_market(bench):
    """The same market again, with a pool; both have a good price."""
    vault = bench.chain.deploy("ShareVault", bench.core, 2, 0, "Second", "k2", sender=bench.provider)
    bench.govern(
        bench.core,
        "listMarket",
        config_of(bench),
        links_of(bench, vault=vault.address, oracle=hub_of(bench, 2).address),
    )
    bench.chain.send(bench.protocol.contracts.token, "approve", vault, NO_LIMIT, sender=bench.provider)
    bench.settle_price(PRICE, market=2)
    bench.chain.send(vault, "deposit", 10**6 * bench.one, bench.provider, sender=bench.provider)
    bench.price(PRICE)
    bench.protocol.update_price(2, bench.provider)


def withdraw(bench, owner, tokens=None):
    return bench.protocol.withdraw(account_id(owner), tokens or bench.one, owner, owner)


# Whatever the status: of the core by function, and of the vaults.
FREE = {
    "deposit": lambda b: b.protocol.deposit(account_id(b.trader), b.one, b.trader),
    "reduce": lambda b: b.trade(b.trader, -WAD // 2),
    "reduce a short": lambda b: b.trade(b.rival, WAD // 10),
    "close": lambda b: b.trade(b.trader, -WAD),
    "update and reduce": lambda b: b.send(
        "updateAndTrade", account_id(b.trader), MARKET, -WAD, 0, NO_LIMIT, sender=b.trader
    ),
    "update the price": lambda b: (b.later(), b.price(PRICE + 1)),
    "accrue": lambda b: (b.later(), b.protocol.accrue(MARKET, b.stranger)),
    "set an operator": lambda b: b.send(
        "setOperator", account_id(b.provider), b.stranger, True, sender=b.provider
    ),
    "withdraw without a position": lambda b: withdraw(b, b.newcomer),
    "request a redemption": lambda b: b.protocol.pool_request(MARKET, 10**24, b.provider),
    "stake in the insurance": lambda b: b.protocol.insurance_deposit(b.one, b.provider),
    "unstake": lambda b: b.protocol.insurance_redeem(10**24, b.provider),
}


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("name", FREE)
def test_what_no_status_blocks(bench, name, status):
    if status != OPEN:
        bench.restrict(status)
    before = bench.digest()
    FREE[name](bench)
    assert bench.digest() != before


@pytest.mark.parametrize("status", Status)
def test_liquidations_go_on(bench, status):
    """A long of 1 at 50,000 over 5,000: at 45,500 it has 500 left less fees, and needs 455 at least."""
    withdraw(bench, bench.trader, 15_000 * bench.one)
    if status != OPEN:
        bench.restrict(status)
    bench.settle_price(45_500)
    health = bench.protocol.view("healthOf", account_id(bench.trader))
    assert 0 < health.equity < health.maintenance
    assert health.maintenance >= 455 * WAD
    bench.protocol.liquidate(account_id(bench.trader), bench.keeper).event("Liquidated")


def test_a_claim_in_a_closed_market_is_refused_for_what_it_is_only(bench):
    bench.restrict(CLOSED)
    account = account_id(bench.trader)
    expected = refusal("NoClaim", account=account, market=MARKET)
    assert_refused(bench, expected, lambda: bench.send("claimFunding", account, MARKET, sender=bench.keeper))


def test_a_position_does_not_turn_in_a_restricted_market(bench):
    """Past zero is new risk, of the other side."""
    for status in (REDUCE_ONLY, CLOSED):
        bench.restrict(status)
        assert_refused(bench, REDUCING, lambda: bench.trade(bench.trader, -WAD - 1))


def test_who_has_a_position_does_not_withdraw_from_a_closed_market(bench):
    bench.restrict(REDUCE_ONLY)
    withdraw(bench, bench.trader)
    bench.restrict(CLOSED)
    assert_refused(bench, CLOSED_NOW, lambda: withdraw(bench, bench.trader))
    operator = bench.operator
    bench.send("setOperator", account_id(bench.trader), operator, True, sender=bench.trader)
    paid_to = bench.trader
    out = lambda: bench.protocol.withdraw(account_id(bench.trader), bench.one, paid_to, operator)  # noqa: E731
    assert_refused(bench, CLOSED_NOW, out)
    # Another account of the same owner is not concerned; this one once it is flat.
    bench.protocol.deposit(account_id(bench.trader, 1), bench.one, bench.trader)
    bench.protocol.withdraw(account_id(bench.trader, 1), bench.one, bench.trader, bench.trader)
    bench.trade(bench.trader, -WAD)
    withdraw(bench, bench.trader)


def test_a_stranger_is_told_so_first(bench):
    bench.restrict(CLOSED)
    expected = refusal("NotAuthorized", caller=bench.stranger, account=account_id(bench.trader))
    out = lambda: bench.protocol.withdraw(account_id(bench.trader), bench.one, bench.trader, bench.stranger)  # noqa: E731
    assert_refused(bench, expected, out)


def test_other_markets_go_on(bench):
    """Closed is one market; whoever has positions in both waits with his withdrawal, all else goes on."""
    second_market(bench)
    for owner in (bench.trader, bench.newcomer):
        bench.trade(owner, WAD // 10, market=2)
    bench.restrict(CLOSED)
    bench.trade(bench.trader, WAD // 10, market=2)
    bench.chain.send(
        bench.chain.at("ShareVault", bench.protocol.view("configOf", 2).links.vault),
        "deposit",
        bench.one,
        bench.provider,
        sender=bench.provider,
    )
    withdraw(bench, bench.newcomer)
    assert_refused(bench, CLOSED_NOW, lambda: withdraw(bench, bench.trader))
    bench.trade(bench.trader, -WAD)
    withdraw(bench, bench.trader)


def test_the_pool_of_a_closed_market_waits(bench):
    """A claim ends 2 days after its cooldown, closed or not: who asks anew meanwhile leaves at the end."""
    bench.restrict(CLOSED)
    assert_refused(bench, CLOSED_NOW, lambda: bench.protocol.pool_deposit(MARKET, bench.one, bench.provider))
    claimable = bench.chain.call(bench.vault, "claimableRedeemRequest", 0, bench.provider)
    redeem = lambda: bench.protocol.pool_redeem(MARKET, claimable, bench.provider)  # noqa: E731
    assert claimable > 0
    assert_refused(bench, CLOSED_NOW, redeem)
    cooldown, window = (bench.chain.call(bench.vault, name) for name in ("COOLDOWN", "CLAIM_WINDOW"))
    assert cooldown + window < TERM
    bench.later(TERM - cooldown)
    with rolled_back(bench.chain):
        bench.later(cooldown)
        bench.settle_price(PRICE)
        bench.lift()
        over = refusal("NotClaimable", shares=claimable, claimable=0, claimableAt=ANY)
        assert_refused(bench, over, redeem)
    bench.protocol.pool_request(MARKET, claimable, bench.provider)
    bench.later(cooldown)
    bench.settle_price(PRICE)
    assert_refused(bench, CLOSED_NOW, redeem)
    bench.lift()
    redeem()


@pytest.mark.parametrize("status", [REDUCE_ONLY, CLOSED])
def test_nobody_is_trapped_and_nobody_is_surprised_afterwards(bench, status):
    """F-30: a pause, a fall of a tenth, the end of the pause.

    Whoever could be liquidated could help himself all along, and the end of the pause changes no health.
    """
    trader, account = bench.trader, account_id(bench.trader)
    withdraw(bench, trader, 15_000 * bench.one)
    bench.restrict(status)
    bench.later(TERM - TWAP_SECONDS)
    bench.settle_price(PRICE * 9 // 10)
    health = bench.protocol.view("healthOf", account)
    assert health.equity < health.maintenance
    with rolled_back(bench.chain):
        bench.protocol.liquidate(account, bench.keeper)
    with rolled_back(bench.chain):
        bench.protocol.deposit(account, COLLATERAL * bench.one, trader)
        bench.trade(trader, -WAD // 2)
        helped = bench.protocol.view("healthOf", account)
        assert helped.equity > 2 * helped.maintenance
        bench.lift()
        assert bench.protocol.view("healthOf", account) == helped
        expected = refusal("NotLiquidatable", equity=ANY, maintenance=helped.maintenance)
        assert_refused(bench, expected, lambda: bench.protocol.liquidate(account, bench.keeper))
    bench.lift()
    assert bench.protocol.view("healthOf", account) == health
