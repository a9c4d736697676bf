"""Sales of collateral: when, how much, at what price, and that the account is never the poorer for it."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.bench import MARKET, rolled_back
from support.collateral_bench import USDE, WETH, make_collateral_bench
from support.refusals import ANY, assert_refused, refusal

from keel.errors import Reverted
from keel.model.validity import Action, Validity
from keel.sdk.protocol import account_id
from keel.units import WAD

SCALE = 10**12
DAY = 86_400


@pytest.fixture(scope="module")
def used():
    return make_collateral_bench()


@pytest.fixture
def bench(used):
    with rolled_back(used.chain):
        yield used


def indebted(bench, low, size=WAD):
    """10 WETH, and what a size (base wei) lost between 50,000 and a price as debt; nothing is open."""
    account = bench.stash(bench.newcomer, WETH, 10, 1)
    bench.protocol.trade(account, MARKET, size, bench.newcomer)
    bench.fall_to(low)
    bench.protocol.trade(account, MARKET, -size, bench.newcomer)
    return account, -bench.balance(account)


def endangered(bench, low, ether=3):
    """So many WETH, long 2 base from 50,000 to a price."""
    account = bench.stash(bench.newcomer, WETH, ether, 1)
    bench.protocol.trade(account, MARKET, 2 * WAD, bench.newcomer)
    bench.fall_to(low)
    return account


def buy(bench, account, kind=WETH, **limits):
    return bench.protocol.collateral_buy(account, kind, bench.keeper, **limits)


def up(numerator, denominator):
    return -(-numerator // denominator)


def test_a_small_debt_waits(bench):
    """A tenth of a base loses 100 and costs 10: 17,000 allow a hundredth, 170."""
    account, debt = indebted(bench, 49_000, size=WAD // 10)
    assert 100 * WAD < debt < 170 * WAD
    waits = refusal("NothingToSell", debt=debt, allowed=170 * WAD)
    assert_refused(bench, waits, lambda: buy(bench, account))
    assert_refused(bench, waits, lambda: bench.protocol.collateral_sale(account, WETH))


def test_the_hundredth_is_exact(bench):
    """A debt of a hundredth of what counts waits; with the collateral a wei less it does not."""
    account, debt = indebted(bench, 49_000, size=WAD // 10)
    least = up(100 * debt, 1_700)
    bench.protocol.collateral_withdraw(account, WETH, 10 * WAD - least, bench.newcomer, bench.newcomer)
    assert_refused(
        bench,
        refusal("NothingToSell", debt=debt, allowed=least * 1_700 // 100),
        lambda: bench.protocol.collateral_sale(account, WETH),
    )
    bench.protocol.collateral_withdraw(account, WETH, 1, bench.newcomer, bench.newcomer)
    assert bench.protocol.collateral_sale(account, WETH) == (debt, 300)


def test_two_accounts_of_one_person_borrow_a_hundredth_or_are_sold(bench):
    """One on 10 WETH loses to the other, a tenth of a base at a time: 17,000 lend 170 at most.

    About 110 after the first thousand: it waits, for ever, and less than that was won. About 220 after the
    second: all of it is sold, at 3 % less than the tokens are worth.
    """
    owner = bench.newcomer
    loser, winner = bench.stash(owner, WETH, 10, 1), account_id(owner, 2)
    bench.protocol.deposit(winner, 5_000 * bench.one, owner)

    def shift(low):
        for sign in (1, -1):
            bench.protocol.trade(loser, MARKET, sign * WAD // 10, owner)
            bench.protocol.trade(winner, MARKET, -sign * WAD // 10, owner)
            bench.fall_to(low)
        return -bench.balance(loser), bench.balance(winner) - 5_000 * WAD

    debt, won = shift(49_000)
    assert 0 < won < debt < 170 * WAD
    bench.protocol.withdraw(winner, won // SCALE, owner, owner)
    bench.later(365 * DAY)
    bench.settle_prices({WETH: 2_000})
    waits = refusal("NothingToSell", debt=debt, allowed=170 * WAD)
    assert_refused(bench, waits, lambda: buy(bench, loser))
    debt, won = shift(48_000)
    assert 170 * WAD < debt < 340 * WAD
    assert bench.protocol.collateral_sale(loser, WETH) == (debt, 300)
    assert buy(bench, loser).event("CollateralSold").args["tokens"] == up(debt, 1_940)
    assert 0 <= bench.balance(loser) < 2 * SCALE


def test_a_large_debt_is_sold_off(bench):
    """About 5,100 of debt at 2,000 less 3 %: 1,940 a token, rounded up to a unit of either token."""
    account, debt = indebted(bench, 45_000)
    assert bench.protocol.collateral_sale(account, WETH) == (debt, 300)
    outside = bench.has(bench.keeper)
    told = buy(bench, account).event("CollateralSold").args
    tokens = up(debt, 1_940)
    cost = up(tokens * 1_940, SCALE)
    assert told == {
        "account": account,
        "kind": WETH,
        "buyer": bench.keeper,
        "tokens": tokens,
        "cost": cost,
        "discountBps": 300,
    }
    assert bench.has(bench.keeper) - outside == tokens
    assert bench.held(account) == 10 * WAD - tokens
    assert 0 <= bench.balance(account) == cost * SCALE - debt < 2 * SCALE
    assert_refused(bench, refusal("NothingToSell", debt=0, allowed=ANY), lambda: buy(bench, account))


def test_a_part_for_somebody_else(bench):
    """One token costs 1,940 exactly."""
    account, debt = indebted(bench, 45_000)
    outside = bench.has(bench.stranger)
    told = buy(bench, account, tokens=WAD, to=bench.stranger).event("CollateralSold").args
    assert (told["tokens"], told["cost"]) == (WAD, 1_940 * bench.one)
    assert bench.has(bench.stranger) - outside == WAD
    assert bench.balance(account) == 1_940 * WAD - debt


def test_limits_of_the_buyer(bench):
    account, debt = indebted(bench, 45_000)
    dear = refusal("CostTooHigh", cost=1_940 * bench.one, maxCost=1_940 * bench.one - 1)
    assert_refused(bench, dear, lambda: buy(bench, account, tokens=WAD, max_cost=1_940 * bench.one - 1))
    assert_refused(bench, refusal("ZeroAmount"), lambda: buy(bench, account, tokens=0))
    assert_refused(bench, refusal("ZeroAmount"), lambda: buy(bench, account, kind=USDE))
    buy(bench, account, tokens=WAD, max_cost=1_940 * bench.one)
    assert debt > 0


def test_a_price_that_is_not_valid_sells_nothing(bench):
    account, _ = indebted(bench, 45_000)
    bench.later()
    bench.protocol.collateral_publish(WETH, 1_700 * 10**8, bench.provider)
    volatile = refusal(
        "PriceNotGoodFor", action=int(Action.OPEN), validity=int(Validity.VOLATILE), ageSeconds=0
    )
    assert_refused(bench, volatile, lambda: buy(bench, account))


def test_it_sells_at_the_better_of_index_and_average(bench):
    """The index 5 % lower within a second: the average of 2,000 is what a buyer pays, less 3 %."""
    account, _ = indebted(bench, 45_000)
    bench.later()
    bench.kind_price(WETH, 1_900)
    told = buy(bench, account, tokens=WAD).event("CollateralSold").args
    assert told["cost"] == 1_940 * bench.one


def test_the_ceiling_is_no_price(bench):
    """USDE at 1.01 counts for 1, and is sold for 1.01 less 1 %."""
    account = bench.stash(bench.newcomer, USDE, 20_000, 1)
    bench.protocol.trade(account, MARKET, WAD, bench.newcomer)
    bench.fall_to(44_000)
    bench.protocol.trade(account, MARKET, -WAD, bench.newcomer)
    bench.drift(USDE, "1.01", step=1)
    assert bench.value(account)[0] == 19_000 * WAD
    told = buy(bench, account, kind=USDE, tokens=1_000 * WAD).event("CollateralSold").args
    assert (told["cost"], told["discountBps"]) == (999_900_000, 100)


def test_the_discount_grows_as_the_ratio_falls(bench):
    """15 % less 15 % of the ratio, floor; never below 3 %, nor above 15 %."""
    account = endangered(bench, 48_360)
    seen = []
    for low in (48_360, 48_200, 48_100, 48_000, 47_000):
        bench.fall_to(low)
        health = bench.health(account)
        ratio = max(0, health.equity * WAD // health.maintenance)
        expected = max(300, 1_500 * max(0, WAD - ratio) // WAD)
        assert bench.protocol.collateral_sale(account, WETH).discountBps == expected
        seen.append(expected)
    assert seen == sorted(seen)
    assert len({*seen}) == len(seen)
    assert (seen[0], seen[-1]) == (300, 1_500)


def test_what_heals_is_sold_and_no_more(bench):
    """The haircut that a sale gives back is what is missing; a debt is paid at least."""
    account = endangered(bench, 48_350)
    health = bench.health(account)
    missing = health.maintenance - health.equity
    assert 0 < missing < 100 * WAD
    amount, discount = bench.protocol.collateral_sale(account, WETH)
    debt = max(0, -bench.balance(account))
    assert amount == max(debt, up(missing * (10_000 - discount), 1_500 - discount)) > debt
    told = buy(bench, account).event("CollateralSold").args
    healed = bench.health(account)
    assert 0 <= healed.equity - healed.maintenance < 10**13
    assert told["tokens"] == up(amount * 10_000, 2_000 * (10_000 - discount)) < 3 * WAD
    assert_refused(bench, refusal("NothingToSell", debt=0, allowed=ANY), lambda: buy(bench, account))
    assert_refused(
        bench,
        refusal("NotLiquidatable", equity=healed.equity, maintenance=healed.maintenance),
        lambda: bench.protocol.liquidate(account, bench.keeper),
    )


def test_where_a_discount_eats_the_haircut_all_may_go(bench):
    """Below zero the discount is the haircut: a sale heals nothing, all of it may go."""
    account = endangered(bench, 47_000)
    health = bench.health(account)
    assert health.equity < 0
    amount, discount = bench.protocol.collateral_sale(account, WETH)
    assert discount == 1_500
    assert amount == health.maintenance - health.equity + 5_100 * WAD
    told = buy(bench, account).event("CollateralSold").args
    assert (told["tokens"], told["cost"]) == (3 * WAD, 5_100 * bench.one)
    after = bench.health(account)
    assert (after.equity, bench.protocol.view("accountOf", account).collateral) == (health.equity, 0)


def test_an_unknown_market_price_sells_nothing(bench):
    """Health is asked for as a liquidation asks: with a market nobody prices there is none."""
    account = endangered(bench, 47_900)
    bench.later(301)
    assert_refused(
        bench,
        refusal("PriceNotGoodFor", action=int(Action.LIQUIDATE), validity=ANY, ageSeconds=ANY),
        lambda: bench.protocol.collateral_sale(account, WETH),
    )


@settings(max_examples=30, deadline=None)
@given(
    st.integers(min_value=46_000, max_value=49_500),
    st.integers(min_value=1, max_value=4 * WAD),
    st.sampled_from([-6, -3, 0, 4]),
    st.sampled_from([500, 1_500, 3_000]),
)
def test_no_sale_makes_the_account_poorer(used, low, tokens, move, haircut):
    """Equity in every sense, at any price, amount, haircut on its way: after at least what was before."""
    with rolled_back(used.chain):
        account = endangered(used, low)
        used.later()
        used.terms(haircutBps=haircut, discountBps=min(300, haircut))
        used.later(DAY)
        used.price(low)
        for step in (0, move):
            used.later()
            used.kind_price(WETH, 2_000 * (100 + step) // 100)
        used.price(low)
        used.later(301)
        used.price(low)
        used.refresh()
        before, held = used.health(account), used.held(account)
        try:
            told = buy(used, account, tokens=tokens).event("CollateralSold").args
        except Reverted as refused:
            assume(refused.error != "NothingToSell")
            raise
        after = used.health(account)
        assert after.equity >= before.equity
        assert after.equityBetter >= before.equityBetter
        assert after.equityWorse >= before.equityWorse
        assert used.held(account) == held - told["tokens"]
        assert used.protocol.collateral_kind(WETH).held == used.held(account)
        assert used.books() == 0


def test_the_owner_may_be_the_buyer(bench):
    """What leaves comes back to him, and his own money pays his debt."""
    account, debt = indebted(bench, 45_000)
    bench.protocol.collateral_buy(account, WETH, bench.newcomer)
    assert 0 <= bench.balance(account) < 2 * SCALE
    assert bench.has(bench.newcomer) + bench.held(account) == 100_000 * WAD
    assert account == account_id(bench.newcomer, 1)
    assert debt > 0
