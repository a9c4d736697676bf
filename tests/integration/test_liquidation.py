"""A falling market: trim, deleverage, close, and who pays when nothing is left."""

import pytest
from support.bench import MARKET, STAKE
from support.refusals import ANY, assert_refused, refusal

from keel.sdk.protocol import account_id
from keel.units import WAD

TRIM, DELEVERAGE, CLOSE = 1, 2, 3


@pytest.fixture
def thin(bench):
    """The newcomer: 4 base long on 20,000 quote, ten times levered; the window takes them at once."""
    bench.trade(bench.newcomer, 4 * WAD)
    return bench


def ratio(bench):
    return bench.protocol.account(account_id(bench.newcomer)).marginRatio


def fall_to(bench, price):
    """A price that index and average share, in steps that the average follows."""
    index = bench.protocol.view("marketOf", MARKET).price.index // WAD
    while index != price:
        index = max(price, index * 93 // 100)
        bench.later()
        bench.settle_price(index)


def liquidate(bench, event="Liquidated"):
    receipt = bench.protocol.liquidate(account_id(bench.newcomer), bench.keeper)
    return receipt, receipt.event(event).args


def test_a_healthy_account_is_left_alone(thin):
    assert ratio(thin) > WAD
    # 1 % of 4 base at 50,000; the equity falls by funding from second to second.
    expected = refusal("NotLiquidatable", equity=ANY, maintenance=2_000 * WAD)
    assert_refused(thin, expected, lambda: liquidate(thin))


def test_a_trim_takes_a_quarter_and_heals(thin):
    # Entry costs 2,631 of premium and 203 of fee: 17,166 of 20,000 are left. At 46,125
    # the index has taken another 15,500; 1,666 stand against 1 % of 184,500, a little more in a fall.
    fall_to(thin, 46_125)
    before = ratio(thin)
    assert 8 * WAD // 10 < before < WAD
    receipt, done = liquidate(thin)
    assert done["tier"] == TRIM
    assert -WAD - 1 <= done["fill"].size < 0
    assert done["fill"].sizeAfter == 4 * WAD + done["fill"].size
    assert ratio(thin) > before
    # 40 % of the penalty goes to the keeper's account 0, the rest to insurance.
    assert done["reward"] == done["penalty"] * 4_000 // 10_000
    assert thin.protocol.view("accountOf", account_id(thin.keeper)).balance == done["reward"]
    assert not receipt.events("BadDebtCovered")


def test_the_keeper_takes_the_reward_home(thin):
    fall_to(thin, 46_125)
    _, done = liquidate(thin)
    tokens = done["reward"] // 10**12
    assert tokens > 0
    keeper = thin.keeper
    held = thin.chain.call(thin.protocol.contracts.token, "balanceOf", keeper)
    thin.protocol.withdraw(account_id(keeper), tokens, keeper, keeper)
    assert thin.chain.call(thin.protocol.contracts.token, "balanceOf", keeper) == held + tokens


def test_a_deep_fall_closes_everything(thin):
    fall_to(thin, 45_850)
    assert 0 < ratio(thin) < WAD // 2
    insured = thin.protocol.view("insurance").assets
    receipt, done = liquidate(thin)
    assert (done["tier"], done["fill"].size, done["fill"].sizeAfter) == (CLOSE, -4 * WAD, 0)
    account = thin.protocol.view("accountOf", account_id(thin.newcomer))
    assert account.markets == 0
    assert account.balance >= 0
    assert not receipt.events("BadDebtCovered")
    assert thin.protocol.view("insurance").assets == insured + done["penalty"] - done["reward"]
    expected = refusal("NoPosition", account=account_id(thin.newcomer), market=0)
    assert_refused(thin, expected, lambda: liquidate(thin))


def test_bad_debt_is_insurances_first(thin):
    fall_to(thin, 45_400)
    balance = thin.protocol.view("accountOf", account_id(thin.newcomer)).balance
    insured = thin.protocol.view("insurance").assets
    receipt, done = liquidate(thin, "Absorbed")
    covered = receipt.event("BadDebtCovered").args
    assert (done["penalty"], done["reward"]) == (0, 0)
    left = balance - done["settled"].paid + done["settled"].received + done["fill"].realized
    assert (covered["fromInsurance"], covered["fromPool"]) == (-left, 0)
    assert left < -1_000 * WAD
    assert thin.protocol.view("insurance").assets == insured - covered["fromInsurance"]
    assert thin.protocol.view("accountOf", account_id(thin.newcomer)).balance == 0
    # The insurance holds the position now, at the index.
    taken = thin.protocol.view("positionOf", account_id(thin.core.address), MARKET)
    assert (taken.size, taken.notional) == (4 * WAD, 4 * 45_400 * WAD)


def test_bad_debt_beyond_the_insurance_is_the_pools(thin):
    fall_to(thin, 42_000)
    insured = thin.protocol.view("insurance").assets
    assert STAKE * WAD <= insured < (STAKE + 100) * WAD
    receipt, done = liquidate(thin)
    covered = receipt.event("BadDebtCovered").args
    assert covered["fromInsurance"] == insured
    assert covered["fromPool"] > 0
    assert thin.protocol.view("insurance").assets == 0
    # The account lost all it had; the pool's gain is what it lost, less what the pool had to cover.
    assert thin.protocol.view("accountOf", account_id(thin.newcomer)).balance == 0
    assert done["fill"].sizeAfter == 0


def test_the_other_side_is_not_touched(thin):
    short = thin.protocol.view("positionOf", account_id(thin.rival), MARKET)
    fall_to(thin, 45_400)
    liquidate(thin, "Absorbed")
    after = thin.protocol.view("positionOf", account_id(thin.rival), MARKET)
    assert (after.size, after.notional) == (short.size, short.notional)
    thin.trade(thin.rival, 4 * WAD // 10)
    assert thin.protocol.view("accountOf", account_id(thin.rival)).balance > 21_000 * WAD
