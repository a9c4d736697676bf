"""Who pays what an account cannot: insurance, then the pool; each of it is told."""

from decimal import Decimal

import pytest
from support.bench import MARKET, rolled_back
from support.escrow_bench import make_escrow_bench
from support.funding_bench import steady
from support.liquidation_bench import make_liquidation_bench
from support.listing import with_pool

from keel.sdk.protocol import account_id
from keel.units import WAD

LOW = 45_000


@pytest.fixture(scope="module")
def used():
    """The insurance has 10,000 and some fees; the window takes everything."""
    return make_liquidation_bench(window=Decimal(1))


@pytest.fixture
def bench(used):
    with rolled_back(used.chain):
        yield used


def bankrupt(bench, debts, low=LOW):
    """Longs of 1 base with these debts at a price, and that price."""
    accounts = [bench.thin(number, 1, -debt, low) for number, debt in enumerate(debts, start=1)]
    bench.fall_to(low)
    return accounts


def close(bench, account):
    """Gives the receipt's BadDebtCovered events, and the liquidation's own."""
    receipt = bench.protocol.liquidate(account, bench.keeper)
    (told,) = (log for log in receipt.logs if log.event in ("Liquidated", "Absorbed"))
    return [log.args for log in receipt.events("BadDebtCovered")], told


def test_the_insurance_pays_first_and_the_pool_the_rest(bench):
    """Longs of 1 base that have 3,900 less than nothing at 45,000: the insurance runs out at the third."""
    accounts = bankrupt(bench, [3_900] * 5)
    parts = []
    for account in accounts:
        insured, cash, balance = bench.insured(), bench.market().cash, bench.balance(account)
        covered, told = close(bench, account)
        (one,) = covered
        fill, settled = told.args["fill"], told.args["settled"]
        debt = -(balance + fill.realized - settled.paid + settled.received)
        assert (one["account"], one["market"]) == (account, MARKET)
        assert one["fromInsurance"] + one["fromPool"] == debt > 0
        assert one["fromInsurance"] == min(debt, insured)
        assert bench.insured() == insured - one["fromInsurance"]
        assert (told.args["penalty"], told.args["reward"]) == (0, 0)
        if told.event == "Liquidated":
            assert bench.market().cash == cash - fill.realized - one["fromPool"]
        assert bench.protocol.view("accountOf", account) == (0, 0, 0)
        parts.append((one["fromInsurance"] > 0, one["fromPool"] > 0))
        assert bench.books() == 0
    assert parts[0] == (True, False)
    assert parts[-1] == (False, True)
    assert (True, True) in parts
    assert sorted(parts, key=lambda part: (-part[0], part[1])) == parts
    assert bench.insured() == 0


def test_equity_is_not_a_shortfall(bench):
    (account,) = bankrupt(bench, [-100])
    covered, told = close(bench, account)
    assert (covered, told.event) == ([], "Liquidated")
    assert bench.balance(account) >= 0


def test_a_cross_account_owes_nothing_before_its_last_position(bench):
    """Two positions: the first is closed below zero and nobody pays; the second one's end shows the debt."""
    other = with_pool(bench)
    account, owner = account_id(bench.newcomer, 7), bench.newcomer
    bench.protocol.deposit(account, 12_000 * bench.one, owner)
    bench.protocol.trade(account, MARKET, 2 * WAD, owner)
    bench.protocol.trade(account, other, WAD, owner)
    for price in (46_500, 44_000):
        for _ in range(2):
            bench.later(301)
            bench.publish(price)
            for market in (MARKET, other):
                bench.protocol.update_price(market, bench.provider)
    assert bench.health(account).equity < 0
    covered, told = close(bench, account)
    assert (covered, told.args["market"], told.args["fill"].sizeAfter) == ([], MARKET, 0)
    assert bench.protocol.view("accountOf", account).markets == other
    insured = bench.insured()
    covered, told = close(bench, account)
    assert told.args["market"] == other
    (one,) = covered
    assert (one["account"], one["market"]) == (account, other)
    assert bench.insured() == insured - one["fromInsurance"]
    assert bench.protocol.view("accountOf", account) == (0, 0, 0)


def test_the_pools_part_lowers_its_equity_by_as_much(bench):
    """Others' positions are not touched; a share is worth the less."""
    shares = bench.chain.call(bench.insurance, "balanceOf", bench.provider)
    bench.protocol.insurance_request(shares, bench.provider)
    bench.later(bench.chain.call(bench.insurance, "COOLDOWN"))
    bench.protocol.insurance_redeem(shares, bench.provider)
    bench.settle_price(50_000)
    (account,) = bankrupt(bench, [3_000], low=44_500)
    others = [bench.position(account_id(owner)) for owner in (bench.trader, bench.rival)]
    insured, equity = bench.insured(), bench.protocol.market(MARKET).equity
    (one,), told = close(bench, account)
    assert told.event == "Liquidated"
    assert one["fromInsurance"] == insured < one["fromPool"]
    # The fill is on the curve: it leaves the pool's equity where it was, to the wei or two of its rounding.
    assert abs(equity - bench.protocol.market(MARKET).equity - one["fromPool"]) <= 3
    assert [bench.position(account_id(owner)) for owner in (bench.trader, bench.rival)] == others


def test_the_claim_of_a_bankrupt_belongs_to_who_paid():
    """Funding that it paid in a doubt comes back later, to the insurance, which covered its debt."""
    bench = make_escrow_bench(steady("0.001")).use()
    account = bench.join(bench.newcomer, 1, 5_000)
    bench.order(account, 100 * WAD)
    bench.settle(1_900)
    bench.doubt(1_900)
    bench.later(3_600)
    bench.doubt(1_900)
    receipt = bench.protocol.liquidate(account, bench.stranger)
    # At a doubted price nothing is taken over.
    assert (len(receipt.events("Liquidated")), len(receipt.events("BadDebtCovered"))) == (1, 1)
    claim = bench.claim_of(account)[0]
    assert claim.forfeited
    # An hour of 0.1 % per 8 h on 100 base at 1,900, ceil.
    assert claim.paid == 100 * 1_900 * WAD // 1_000 // 8
    # A good price far from the doubted ones rejects the period: what was paid goes back.
    bench.price(2_000)
    insured = bench.insured()
    released = bench.send("claimFunding", account, MARKET, sender=bench.stranger).event("EscrowReleased").args
    assert (released["account"], released["forfeited"], released["credit"]) == (account, True, claim.paid)
    assert (bench.balance(account), bench.insured()) == (0, insured + claim.paid)
