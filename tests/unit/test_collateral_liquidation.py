"""Accounts that collateral backs, liquidated: penalty, debt that waits, who pays what it cannot, and when."""

import pytest
from support.adversary import refusal_of
from support.bench import MARKET, local_with, rolled_back
from support.collateral_bench import ANSWER, ETHER, USDE, WETH, CollateralBench, make_collateral_bench
from support.listing import with_pool
from support.refusals import ANY, assert_refused, refusal

from keel.evm.revm import RevmChain
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol, account_id
from keel.units import BPS, WAD

ETHER_VALUE = 1_700


@pytest.fixture(scope="module")
def used():
    """The insurance has 60,000."""
    bench = make_collateral_bench()
    bench.stake(50_000)
    return bench


@pytest.fixture
def bench(used):
    with rolled_back(used.chain):
        yield used


def long(bench, ether, size, sub=1):
    """An account with nothing but WETH, long so many base from 50,000."""
    account = bench.stash(bench.newcomer, WETH, ether, sub)
    bench.protocol.trade(account, MARKET, size * WAD, bench.newcomer)
    return account


def covered(receipt):
    return [log.args for log in receipt.events("BadDebtCovered")]


def ended(bench, low=46_700):
    """5 WETH (8,500) long 3 base, liquidated at a price: at 46,700 about 11,700 of debt."""
    account = long(bench, 5, 3)
    bench.fall_to(low)
    return account, bench.protocol.liquidate(account, bench.keeper)


def test_penalty_and_reward_are_paid_and_the_debt_waits(bench):
    """Equity left: the penalty goes onto the debt, the keeper has his part at once, no WETH moves."""
    account = long(bench, 3, 2)
    bench.fall_to(48_100)
    before, insured = bench.balance(account), bench.insured()
    receipt = bench.protocol.liquidate(account, bench.keeper)
    (told,) = (log.args for log in receipt.logs if log.event in ("Liquidated", "Absorbed"))
    assert told["penalty"] > told["reward"] > 0
    assert bench.balance(account_id(bench.keeper)) == told["reward"]
    paid = told["settled"].paid - told["settled"].received
    assert bench.balance(account) == before + told["fill"].realized - told["penalty"] - paid < 0
    assert bench.insured() >= insured + told["penalty"] - told["reward"]
    assert (bench.held(account), covered(receipt)) == (3 * WAD, [])
    assert bench.books() == 0
    # He takes his reward out: it is his, whoever owes it.
    bench.protocol.withdraw(account_id(bench.keeper), told["reward"] // 10**12, bench.keeper, bench.keeper)


def test_liquidated_until_nothing_is_left_the_debt_is_sold_off(bench):
    """Equity was left: nobody covers anything, a sale ends the debt."""
    account = long(bench, 3, 2)
    bench.fall_to(48_100)
    while bench.protocol.view("accountOf", account).markets:
        bench.later()
        bench.fall_to(47_950)
        assert not covered(bench.protocol.liquidate(account, bench.keeper))
    debt = -bench.balance(account)
    assert ETHER_VALUE * 3 * WAD // 4 < debt <= ETHER_VALUE * 3 * WAD
    sold = bench.protocol.collateral_buy(account, WETH, bench.keeper)
    assert 0 <= bench.balance(account) < 10**13
    assert (covered(sold), bench.held(account) > 0) == ([], True)


def test_what_a_sale_cannot_bring_is_covered_at_once(bench):
    """3 base lost 9,900 and the costs of either way; a sale of 5 WETH brings at most 9,700, 2,000 less 3 %.

    That much stays a debt, to the wei; the insurance pays what is beyond, and nothing of what it pays for
    stays with the owner.
    """
    insured = bench.insured()
    account, receipt = ended(bench)
    (told,) = covered(receipt)
    assert bench.protocol.view("accountOf", account) == (-9_700 * WAD, 1, 0)
    assert (told["account"], told["market"], told["fromPool"]) == (account, MARKET, 0)
    assert 1_800 * WAD < told["fromInsurance"] < 2_300 * WAD
    # What funding left over comes on top.
    assert 0 <= bench.insured() - (insured - told["fromInsurance"]) < 20 * WAD
    assert bench.held(account) == 5 * WAD
    assert bench.health(account).equity == -1_200 * WAD
    taken = lambda: bench.protocol.collateral_withdraw(account, WETH, 1, bench.newcomer, bench.newcomer)  # noqa: E731
    assert_refused(bench, refusal("MarginTooLow", equity=ANY, required=0), taken)
    assert bench.protocol.collateral_sale(account, WETH) == (9_700 * WAD, 300)
    sold = bench.protocol.collateral_buy(account, WETH, bench.keeper)
    assert sold.event("CollateralSold").args["cost"] == 9_700 * bench.one
    assert covered(sold) == []
    assert bench.protocol.view("accountOf", account) == (0, 0, 0)
    assert bench.books() == 0


def test_a_discount_beyond_a_haircut_on_its_way_lets_nobody_pay_what_a_sale_brings(bench):
    """Terms go from 15 % and 3 % to 40 % both: a week long a sale is at the haircut, first 15 %, not at 40 %.

    So 5 WETH still carry about 8,500 of debt, not 6,000: the insurance pays the rest and no more.
    """
    bench.terms(haircutBps=4_000, discountBps=4_000)
    account, receipt = ended(bench)
    amount, discount = bench.protocol.collateral_sale(account, WETH)
    assert 1_500 <= discount < 1_510
    assert amount == -bench.balance(account) == 5 * ETHER * WAD * (BPS - discount) // BPS
    (told,) = covered(receipt)
    assert 2_900 * WAD < told["fromInsurance"] < 3_600 * WAD
    bench.protocol.collateral_buy(account, WETH, bench.keeper)
    assert bench.protocol.view("accountOf", account) == (0, 0, 0)


def test_a_crumb_of_collateral_hides_no_debt(bench):
    """One wei of a token is worth nothing in a sale: all of the debt is paid and told at once."""
    account = bench.stash(bench.newcomer, WETH, 5, 1)
    bench.protocol.collateral_deposit(account, USDE, 1, bench.newcomer)
    bench.protocol.trade(account, MARKET, 3 * WAD, bench.newcomer)
    bench.protocol.deposit(account, 9_000 * bench.one, bench.newcomer)
    bench.protocol.collateral_withdraw(account, WETH, 5 * WAD, bench.newcomer, bench.newcomer)
    bench.fall_to(46_700)
    (told,) = covered(bench.protocol.liquidate(account, bench.keeper))
    assert told["fromInsurance"] > 500 * WAD
    assert bench.protocol.view("accountOf", account) == (0, 2, 0)
    assert bench.books() == 0


def emptied(bench):
    """Whose insurance is redeemed; gives what fees have brought since."""
    shares = bench.chain.call(bench.insurance, "balanceOf", bench.provider)
    bench.protocol.insurance_request(shares, bench.provider)
    bench.later(bench.chain.call(bench.insurance, "COOLDOWN"))
    bench.protocol.insurance_redeem(shares, bench.provider)
    bench.settle_prices({WETH: 2_000, USDE: 1})
    return bench.insured()


def test_the_pool_pays_after_the_insurance(bench):
    """Nobody absorbs: the curve gives back what opening cost, and the debt is smaller."""
    emptied(bench)
    account, receipt = ended(bench)
    (told,) = covered(receipt)
    assert 0 <= told["fromInsurance"] < 150 * WAD
    assert 300 * WAD < told["fromInsurance"] + told["fromPool"] < 800 * WAD
    assert told["fromPool"] > 150 * WAD
    assert (bench.insured(), bench.balance(account)) == (0, -9_700 * WAD)
    assert bench.books() == 0


def test_what_the_pool_may_not_pay_is_a_deficit_of_the_market():
    """Insurance gone, a cap of a thousandth of about a million, and WETH at 1,700 when it is sold.

    A sale brings 8,245 of the 9,700 that stayed a debt. The pool pays what its day has left of the cap; the
    rival, short 0.4 from 50,000, has won about 1,300 and gives the rest of the 1,455, to the wei.
    """
    chain = RevmChain()
    bench = CollateralBench(Protocol(chain, deploy(chain, local_with(loss_cap="0.001")))).use()
    emptied(bench)
    account, _ = ended(bench)
    assert bench.balance(account) == -9_700 * WAD
    bench.drift(WETH, 1_700)
    insured, (lost, cap) = bench.insured(), bench.protocol.view("lossesOf", MARKET)
    assert 0 < lost < cap < 1_050 * WAD
    receipt = bench.protocol.collateral_buy(account, WETH, bench.keeper)
    (told,), left = covered(receipt), receipt.event("DeficitLeft").args
    assert told["fromInsurance"] == insured
    assert cap - lost <= told["fromPool"] <= (cap - lost) * 101 // 100
    missing = 1_455 * WAD - told["fromInsurance"] - told["fromPool"]
    assert left == {"account": account, "market": MARKET, "amount": missing}
    assert 500 * WAD < missing < 1_300 * WAD
    assert bench.protocol.view("accountOf", account) == (0, 0, 0)
    assert bench.protocol.view("resolutionOf", MARKET).deficit == missing
    winner = account_id(bench.rival)
    for _ in range(2):
        given = bench.protocol.resolve(MARKET, [account_id(bench.trader), winner], bench.keeper)
    cut = given.event("ProfitCut").args
    assert (cut["account"], cut["amount"]) == (winner, missing)
    assert bench.books() == 0


def test_the_last_sale_lets_insurance_and_pool_pay_the_rest(bench):
    """After the end WETH falls to 1,500: 7,275 at the least discount, who has no position is in no hurry."""
    account, _ = ended(bench)
    insured = bench.insured()
    bench.drift(WETH, 1_500)
    assert bench.protocol.collateral_sale(account, WETH) == (9_700 * WAD, 300)
    receipt = bench.protocol.collateral_buy(account, WETH, bench.keeper)
    sold, (told,) = receipt.event("CollateralSold").args, covered(receipt)
    assert (sold["tokens"], sold["cost"]) == (5 * WAD, 7_275 * bench.one)
    missing = 2_425 * WAD
    assert told == {"account": account, "market": MARKET, "fromInsurance": missing, "fromPool": 0}
    assert bench.protocol.view("accountOf", account) == (0, 0, 0)
    assert bench.insured() == insured - missing
    assert bench.books() == 0


def test_while_any_collateral_is_left_nobody_covers(bench):
    """A token short of all: the debt that is left waits for it; `cover` is refused before and after."""
    account, _ = ended(bench)
    nothing = refusal("NothingToCover", account=account)
    assert_refused(bench, nothing, lambda: bench.protocol.cover(account, bench.stranger))
    bench.drift(WETH, 1_500)
    partly = bench.protocol.collateral_buy(account, WETH, bench.keeper, tokens=5 * WAD - 1)
    assert covered(partly) == []
    assert_refused(bench, nothing, lambda: bench.protocol.cover(account, bench.stranger))
    rest = bench.protocol.collateral_buy(account, WETH, bench.keeper)
    assert len(covered(rest)) == 1
    assert_refused(bench, nothing, lambda: bench.protocol.cover(account, bench.stranger))


@pytest.mark.parametrize("who", ["trader", "stranger"])
def test_nothing_to_cover_of_others(bench, who):
    account = account_id(getattr(bench, who))
    nothing = refusal("NothingToCover", account=account)
    assert_refused(bench, nothing, lambda: bench.protocol.cover(account, bench.stranger))


def test_two_kinds_are_sold_one_after_the_other(bench):
    """The first, whole, leaves a debt that the second still carries: nobody covers before both are gone."""
    account = bench.stash(bench.newcomer, USDE, 2_000, 1)
    bench.stash(bench.newcomer, WETH, 4, 1)
    bench.protocol.trade(account, MARKET, 3 * WAD, bench.newcomer)
    bench.fall_to(46_700)
    bench.protocol.liquidate(account, bench.keeper)
    # 2,000 less 1 % and 4 at 2,000 less 3 %: what a sale of both can bring.
    assert bench.balance(account) == -9_740 * WAD
    bench.drift(WETH, 1_500)
    first = bench.protocol.collateral_buy(account, USDE, bench.keeper)
    assert (covered(first), bench.held(account, USDE)) == ([], 0)
    assert bench.protocol.view("accountOf", account).collateral == 1
    last = bench.protocol.collateral_buy(account, WETH, bench.keeper)
    (told,) = covered(last)
    # 1,980, and 4 at 1,500 less 3 % 5,820: 7,800.
    assert told["fromInsurance"] == 1_940 * WAD
    assert bench.protocol.view("accountOf", account) == (0, 0, 0)


def test_the_pool_of_the_market_where_the_debt_last_showed(bench):
    """Positions in two markets: the second ends last, and its pool stands behind the rest of the debt."""
    other = with_pool(bench)
    bench.refresh()
    account = bench.stash(bench.newcomer, WETH, 6, 1)
    bench.protocol.trade(account, MARKET, 2 * WAD, bench.newcomer)
    bench.protocol.trade(account, other, WAD, bench.newcomer)
    for price in (47_500, 46_000):
        for _ in range(2):
            bench.later(301)
            bench.publish(price)
            for market in (MARKET, other):
                bench.protocol.update_price(market, bench.provider)
            bench.refresh()
    ends = [bench.liquidate(account).args["market"] for _ in range(2)]
    assert ends == [MARKET, other]
    # 2 base lost 8,000 and one 4,000, and the costs of both; 6 at 2,000 less 3 % can bring 11,640.
    assert bench.protocol.view("accountOf", account) == (-11_640 * WAD, 1, 0)
    bench.drift(WETH, 1_500)
    (told,) = covered(bench.protocol.collateral_buy(account, WETH, bench.keeper))
    # 6 at 1,500 less 3 % bring 8,730.
    assert (told["market"], told["fromInsurance"]) == (other, 2_910 * WAD)


def test_a_lost_peg_alone_liquidates_nobody_and_opens_nothing(bench):
    """0.96: no new risk, the position stays, and it may be reduced."""
    account = bench.stash(bench.newcomer, USDE, 4_000, 1)
    bench.protocol.trade(account, MARKET, WAD, bench.newcomer)
    bench.drift(USDE, "0.96", step=1)
    bench.settle_prices({USDE: "0.96"})
    health = bench.health(account)
    assert health.equityWorse < 0 < health.maintenance < health.equity
    for act in (
        lambda: bench.protocol.trade(account, MARKET, WAD // 10, bench.newcomer),
        lambda: bench.protocol.collateral_withdraw(account, USDE, 1, bench.newcomer, bench.newcomer),
    ):
        with rolled_back(bench.chain):
            assert refusal_of(act) == "MarginTooLow"
    assert refusal_of(lambda: bench.protocol.liquidate(account, bench.keeper)) == "NotLiquidatable"
    bench.protocol.trade(account, MARKET, -WAD // 2, bench.newcomer)


def test_an_old_price_of_collateral_liquidates_as_it_stands(bench):
    """Ten days without a price: unhealthy by the market's fall, at 2,000 as last stored."""
    account = long(bench, 3, 2)
    for _ in range(3):
        bench.later(301)
        bench.price(50_000)
    assert refusal_of(lambda: bench.protocol.liquidate(account, bench.keeper)) == "NotLiquidatable"
    for price in (48_100, 48_100):
        bench.later(301)
        bench.price(price)
    assert bench.liquidate(account).args["penalty"] > 0


def test_a_volatile_price_of_collateral_liquidates_at_the_average(bench):
    """Four tenths less within a second: the average still carries the account."""
    account = long(bench, 3, 3)
    bench.later()
    bench.protocol.collateral_publish(WETH, 1_240 * ANSWER, bench.provider)
    bench.protocol.collateral_update(WETH, bench.provider)
    health = bench.health(account)
    assert health.equity < health.maintenance < health.equityBetter
    assert refusal_of(lambda: bench.protocol.liquidate(account, bench.keeper)) == "NotLiquidatable"
    while bench.protocol.collateral_price(WETH).flags:
        bench.settle_prices({WETH: 1_240})
    assert bench.liquidate(account).args["fill"].size < 0


def test_settlement_tokens_first_pay_the_debt(bench):
    """What the owner pays in goes against it; only where the whole debt is paid the collateral is his."""
    account, _ = ended(bench)
    taken = lambda: bench.protocol.collateral_withdraw(account, WETH, 5 * WAD, bench.newcomer, bench.newcomer)  # noqa: E731
    owed = -(bench.balance(account) // 10**12)
    bench.protocol.deposit(account, owed - 1, bench.trader)
    assert_refused(bench, refusal("MarginTooLow", equity=ANY, required=0), taken)
    bench.protocol.deposit(account, 1, bench.trader)
    taken()
    found = bench.protocol.view("accountOf", account)
    assert (found.collateral, found.markets) == (0, 0)
    assert 0 <= found.balance < 10**12


def test_a_shut_market_ends_the_position_and_the_debt_waits(bench):
    """At the end of a market a loser with collateral keeps debt and collateral; a sale settles it."""
    account = long(bench, 5, 1)
    bench.fall_to(46_700)
    bench.govern(bench.core, "holdMarket", MARKET, 2)
    bench.govern(bench.core, "shutMarket", MARKET)
    everybody = [account_id(owner) for owner in (bench.trader, bench.rival)] + [account]
    for _ in range(2):
        bench.protocol.resolve(MARKET, everybody, bench.keeper)
    found = bench.protocol.view("accountOf", account)
    assert (found.markets, found.collateral) == (0, 1)
    assert -3_700 * WAD < found.balance < -3_500 * WAD
    bench.refresh()
    bench.protocol.collateral_buy(account, WETH, bench.keeper)
    assert 0 <= bench.balance(account) < 10**13
