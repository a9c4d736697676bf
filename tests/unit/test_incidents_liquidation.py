"""Incidents of liquidations, each by its number: never a better exit, never the wrong amount."""

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from support.adversary import (
    add_markets,
    close,
    fund,
    largest,
    liquidate,
    liquidated,
    owned,
    ratio_of,
    refused_because,
    refuses,
    settle_all,
    shortfall,
    take,
    to_ratio,
)
from support.bench import MARKET, PRICE, rolled_back

from keel.sdk.protocol import account_id
from keel.units import BPS, WAD

QUICK = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
# Penalty on closed value: 50 to 250 bps, 40 % of it for the keeper; fee of a trade 10 bps.
PENALTY_MIN, PENALTY_MAX, FEE_BPS = 50, 250, 10
TRIM, DELEVERAGE, CLOSE = 1, 2, 3
sides = st.sampled_from([1, -1])
# Tenths of base, up to 15: 750,000 at the index, over three margin brackets.
sizes = st.integers(1, 150).map(lambda tenths: tenths * WAD // 10)


def margin_for(size):
    """Whole tokens: an eighth of the value, which is slippage and initial margin at any size here."""
    return abs(size) * PRICE // WAD // 8 + 20


def weak(bench, size, percent):
    """The newcomer's account 1 with one position, at a price that left so many percent of maintenance."""
    owner = bench.newcomer
    mine = account_id(owner, 1)
    fund(bench, owner, margin_for(size), 1)
    take(bench, mine, size)
    to_ratio(bench, mine, percent)
    return mine


@settings(QUICK, max_examples=25)
@given(
    size=sizes,
    side=sides,
    percent=st.integers(1, 99),
    taken=st.integers(0, 100),
    mine=st.booleans(),
    against=st.sampled_from([0, 0, 8, 18]),
)
def test_liquidation_never_better_than_close(used, size, side, percent, taken, mine, against):
    """I-06, F-22: after any withdrawal that is allowed, being liquidated is no better than closing.

    Whoever the keeper is: with `mine` both are one person. Whoever takes the position, the curve or the
    insurance, and on either side of the market: others may hold much `against` it.
    """
    with rolled_back(used.chain):
        bench, owner = used, used.newcomer
        bench.later()
        bench.price(PRICE)
        one = account_id(owner, 1)
        if against:
            take(bench, fund(bench, bench.rival, 400_000, 1), -side * against * WAD)
        fund(bench, owner, margin_for(size), 1)
        take(bench, one, side * size)
        health = bench.protocol.view("healthOf", one)
        free = (health.withdrawable - health.initial) // 10**12 * taken // 100
        if free:
            bench.protocol.withdraw(one, free, owner, owner)
            left = bench.protocol.view("healthOf", one)
            assert left.equity >= left.initial > left.maintenance + size * PRICE * PENALTY_MIN // BPS
        to_ratio(bench, one, percent)
        assume(ratio_of(bench, one) < WAD)
        keeper = owner if mine else bench.keeper
        with rolled_back(bench.chain):
            liquidate(bench, one, keeper)
            refuses(lambda: close(bench, one))
            caught = owned(bench, owner, subs=2)
        # Who owes more than he has cannot close, and loses all of it either way.
        if not refuses(lambda: close(bench, one)):
            assert caught <= owned(bench, owner, subs=2)


@QUICK
@given(size=sizes, side=sides, percent=st.integers(1, 99))
def test_polynomial_cliffs_and_dust(used, size, side, percent):
    """F-38, F-39, F-37: one liquidation leaves the account at its target or with nothing, never with dust.

    The position keeps its side and shrinks; a second call at the same price finds a healthy account, but
    where the first was a trim of at most a quarter. What is left is healthier than before.
    """
    with rolled_back(used.chain):
        bench = used
        bench.later()
        bench.price(PRICE)
        mine = weak(bench, side * size, percent)
        before = ratio_of(bench, mine)
        done = liquidated(liquidate(bench, mine))
        after = bench.protocol.view("positionOf", mine, MARKET).size
        assert done["tier"] == (
            TRIM if before >= 8 * WAD // 10 else CLOSE if before < WAD // 2 else DELEVERAGE
        )
        assert 0 <= side * after < size
        if after == 0:
            assert bench.protocol.view("accountOf", mine).balance >= 0
            refused_because("NoPosition", lambda: liquidate(bench, mine))
            return
        index = bench.protocol.view("marketOf", MARKET).price.index
        assert abs(after) * index // WAD >= 10 * WAD
        assert ratio_of(bench, mine) > before
        healed = ratio_of(bench, mine) >= 12_500 * WAD // BPS
        assert healed or (done["tier"] == TRIM and 4 * abs(after) <= 3 * size + 4)
        if ratio_of(bench, mine) >= WAD:
            refused_because("NotLiquidatable", lambda: liquidate(bench, mine))


@pytest.mark.parametrize("percent", [95, 85])
@pytest.mark.parametrize("side", [1, -1])
def test_polynomial_trims_end(bench, side, percent):
    """F-38: trims of a quarter at one price heal the account or end it, and each makes it healthier."""
    mine = weak(bench, side * 8 * WAD, percent)
    ratios = [ratio_of(bench, mine)]
    for _ in range(12):
        if ratios[-1] >= WAD:
            break
        liquidate(bench, mine)
        ratios.append(ratio_of(bench, mine))
    assert ratios == sorted(ratios)
    assert ratios[-1] >= WAD
    assert len(ratios) > 1


@pytest.mark.parametrize("side", [1, -1])
def test_perennial_not_in_the_block_of_the_opening(bench, side):
    """F-22, F-20: opened with not a token more than is needed, it cannot be liquidated in the same block.

    Nor is it by its own exit: what closing costs lies between initial margin and maintenance.
    """
    owner, size = bench.newcomer, side * 4 * WAD
    mine = account_id(owner, 1)

    def open_with(units):
        bench.protocol.deposit(mine, units, owner)
        take(bench, mine, size)

    needed = 20_000 * bench.one - largest(
        bench, lambda less: open_with(20_000 * bench.one - less), 20_000 * bench.one
    )
    open_with(needed)
    health = bench.protocol.view("healthOf", mine)
    assert health.initial <= health.equityWorse < health.initial + 10 * WAD
    refused_because("NotLiquidatable", lambda: liquidate(bench, mine, owner))
    # What a keeper's penalty and the fee would cost of the whole is still there above maintenance.
    assert (
        health.equity - health.maintenance >= abs(size) * PRICE // WAD * (PENALTY_MIN + FEE_BPS) // BPS * WAD
    )
    close(bench, mine)
    assert bench.protocol.view("accountOf", mine).balance > 0


@QUICK
@given(size=st.integers(1, 200), side=sides, percent=st.integers(1, 49))
def test_perennial_riskless_position_with_tiny_collateral(used, size, side, percent):
    """F-23: a keeper is paid out of what the account had, at any size from dust up; they never gain."""
    with rolled_back(used.chain):
        bench, owner = used, used.newcomer
        bench.later()
        bench.price(PRICE)
        # 10 to 2,000 quote of value: around the smallest position that is allowed.
        mine = account_id(owner, 1)
        before = owned(bench, owner, subs=2)
        value = 10 * size + 1
        bench.protocol.deposit(mine, value * bench.one // 20, owner)
        take(bench, mine, side * value * WAD // PRICE)
        to_ratio(bench, mine, percent)
        receipt = liquidate(bench, mine, owner)
        done = liquidated(receipt)
        assert 0 <= done["reward"] <= done["penalty"]
        left = bench.protocol.view("accountOf", mine)
        assert left.markets == 0 <= left.balance
        # Who leaves a debt has paid nobody.
        assert shortfall([receipt]) == (0, 0) or done["penalty"] == 0
        assert owned(bench, owner, subs=2) < before


@pytest.mark.parametrize("side", [1, -1])
def test_hubble_sandwich_of_a_liquidation(bench, side):
    """F-40: right after a fall, who moves the mark, liquidates and moves it back has his reward at most.

    His own fills are at the worse of index and average. The victim's health does not follow the mark; its
    proceeds are those of the curve, bounded by its slope.
    """
    victim, keeper = weak(bench, side * 2 * WAD, 30), bench.keeper
    mine = fund(bench, keeper, 200_000, 1)
    start = owned(bench, keeper, subs=2)
    health = bench.protocol.view("healthOf", victim)
    # Against the victim: he trades first in the direction of the closing fill.
    take(bench, mine, -side * 6 * WAD)
    assert bench.protocol.view("healthOf", victim) == health
    done = liquidated(liquidate(bench, victim, keeper))
    take(bench, mine, side * 6 * WAD)
    assert owned(bench, keeper, subs=2) - start <= done["reward"]
    index, depth = bench.protocol.view("marketOf", MARKET).price.index, bench.protocol.market(MARKET).depth
    value = 2 * index
    # Skew of 8.6 at most: the average price lies inside twice that part of the depth.
    assert abs(abs(done["fill"].cost) - value) <= value * 18 * WAD // depth


@pytest.mark.parametrize("push", [6, 15])
def test_hubble_sandwich_at_rest(bench, push):
    """F-40: nor more than the penalty when the average has followed, and no debt that was not there."""
    victim, keeper = weak(bench, 2 * WAD, 60), bench.keeper
    for _ in range(4):
        bench.settle_price(bench.protocol.view("marketOf", MARKET).price.index // WAD)
    mine = fund(bench, keeper, 500_000, 1)
    with rolled_back(bench.chain):
        penalty = liquidated(liquidate(bench, victim, keeper))["penalty"]
    start = owned(bench, keeper, subs=2)
    take(bench, mine, -push * WAD)
    receipt = liquidate(bench, victim, keeper)
    take(bench, mine, push * WAD)
    assert owned(bench, keeper, subs=2) - start <= penalty
    assert shortfall([receipt]) == (0, 0)


@pytest.mark.parametrize("percent", [-100, 40])
def test_predy_no_part_is_left_out(bench, percent):
    """F-37: below zero everything is closed in the call that finds it, and the debt is written off there.

    The keeper names no amount, so no wei can be left behind to keep a debt from being seen.
    """
    mine = weak(bench, 4 * WAD, 50)
    # The insurance takes over what it has debt and initial margin for.
    bench.protocol.insurance_deposit(20_000 * bench.one, bench.provider)
    if percent < 0:
        index = bench.protocol.view("marketOf", MARKET).price.index // WAD
        bench.settle_price(index * 96 // 100)
    else:
        to_ratio(bench, mine, percent)
    equity = bench.protocol.view("healthOf", mine).equity
    receipt = liquidate(bench, mine)
    account = bench.protocol.view("accountOf", mine)
    assert account.markets == 0
    covered = sum(shortfall([receipt]))
    assert (covered > 0) == (percent < 0) == (equity < 0)
    if covered:
        assert account.balance == 0
        assert liquidated(receipt)["reward"] == 0
        # Taken over at the index, the debt is what it was there; the slope of the curve has no part in it.
        assert receipt.events("Absorbed")
        assert 0 <= covered + equity <= 2


def test_symmetrical_no_choice_of_the_bad_part(bench):
    """F-37: of a cross account the keeper names neither position nor amount; its debt is written off.

    The part that restores most is closed first; nobody is rewarded, and in the end nothing is left of it.
    """
    markets = add_markets(bench, 1)
    mine = fund(bench, bench.newcomer, 30_000, 1)
    take(bench, mine, WAD // 2, market=markets[-1])
    take(bench, mine, 4 * WAD)
    settle_all(bench, PRICE * 86 // 100)
    equity = bench.protocol.view("healthOf", mine).equity
    assert equity < -1_000 * WAD
    first, last = liquidate(bench, mine), liquidate(bench, mine)
    assert first.result.market == MARKET
    assert (shortfall([first]), liquidated(first)["reward"]) == ((0, 0), 0)
    assert liquidated(last)["reward"] == 0
    assert abs(sum(shortfall([last])) + equity) <= 4 * PRICE * 2 * WAD // 100
    assert bench.protocol.view("accountOf", mine) == (0, 0, 0)


def test_flatmoney_solvent_accounts_keep_their_margin(bench):
    """F-32: bad debt takes the account's own margin, then insurance, then pool; no other balance."""
    mine = weak(bench, 12 * WAD, 60)
    index = bench.protocol.view("marketOf", MARKET).price.index // WAD
    for percent in (96, 92):
        bench.settle_price(index * percent // 100)
    others = [account_id(owner) for owner in (bench.trader, bench.rival, bench.newcomer)]
    before = [(bench.protocol.view("accountOf", one), bench.protocol.view("healthOf", one)) for one in others]
    insured, cash = bench.protocol.view("insurance").assets, bench.protocol.view("marketOf", MARKET).cash
    fallen = bench.protocol.view("accountOf", mine).balance
    receipt = liquidate(bench, mine)
    from_insurance, from_pool = shortfall([receipt])
    # With a debt beyond its means the insurance takes nothing over.
    assert receipt.events("Absorbed") == []
    assert from_insurance == insured
    assert from_pool > 0
    assert bench.protocol.view("insurance").assets == 0
    after = [(bench.protocol.view("accountOf", one), bench.protocol.view("healthOf", one)) for one in others]
    assert after == before
    # The pool books what the trader lost, less what nobody can collect.
    realized = liquidated(receipt)["fill"].realized
    settled = liquidated(receipt)["settled"]
    assert fallen + realized - settled.paid + settled.received == -(from_insurance + from_pool)
    assert bench.protocol.view("marketOf", MARKET).cash == cash - realized - from_pool
