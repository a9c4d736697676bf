"""What one side may hold: two accounts that grow in turns, and what is left when one of them closes."""

import pytest
from support.bench import MARKET, POOL, PRICE, make_bench, rolled_back
from support.refusals import ANY, assert_refused, refusal

from keel.errors import Reverted
from keel.sdk.protocol import account_id
from keel.units import WAD

# max_side of the local preset: what one side may hold over the pool's equity; max_exposure is 1.
MAX_SIDE = 3


@pytest.fixture(scope="module")
def used():
    bench = make_bench()
    for owner in (bench.trader, bench.rival, bench.newcomer):
        bench.protocol.deposit(account_id(owner), 9 * POOL * bench.one, owner)
    return bench


@pytest.fixture
def bench(used):
    with rolled_back(used.chain):
        yield used


def state(bench):
    return bench.protocol.market(MARKET)


def equity(bench):
    return state(bench).equity


def value(base):
    return base * PRICE


def grow(bench, step, sides=(1, -1)):
    """Both sides in turns, until one of them is refused; gives the error."""
    for _ in range(10**4):
        for side in sides:
            try:
                bench.trade(bench.trader if side > 0 else bench.rival, side * step)
            except Reverted as refused:
                return refused
    return None


@pytest.mark.parametrize("step", [5 * WAD, WAD])
def test_both_sides_grow_in_turns_and_end_at_the_limit(bench, step):
    refused = grow(bench, step)
    assert refused.error == "SideExceeded"
    market = state(bench).state
    assert refused.named["limit"] == WAD < refused.named["share"]
    side = max(market.longInterest, market.shortInterest)
    assert value(side) <= MAX_SIDE * equity(bench) < value(side + step)


def test_one_side_closes_and_what_is_left_is_bounded(bench):
    """What is left is worth maxSide * E at most, with E as it stood when that side grew.

    Without the limit nothing but margin and the curve ended it: an attacker reached 35.1 pools where depth
    is worth 48, and a move of 1 % brought him 853 k of a pool of 1 M; with it, 3 pools and 20.5 k.
    """
    grow(bench, WAD)
    before = equity(bench)
    allowed = MAX_SIDE * before
    side = state(bench).state.longInterest
    bench.trade(bench.rival, state(bench).state.shortInterest)
    market = state(bench)
    assert market.skew == side > 59 * WAD
    assert value(market.skew) <= allowed < 4 * POOL * WAD
    # Three times what a single position could have opened, and no new risk on that side.
    assert 28 * WAD // 10 < market.utilization <= 3 * WAD
    error = refusal("UtilizationExceeded", utilization=ANY, limit=WAD)
    assert_refused(bench, error, lambda: bench.trade(bench.newcomer, WAD // 100))
    bench.trade(bench.newcomer, -WAD)


def test_the_share_by_hand(bench):
    """The pool's equity E at 50,000: the long side of L base uses ceil(L * P / (3 * E)) of 1."""
    grow(bench, 5 * WAD)
    market = state(bench).state
    size = 6 * WAD
    with rolled_back(bench.chain):
        bench.trade(bench.newcomer, WAD // 10)
    with pytest.raises(Exception, match="SideExceeded") as refused:
        bench.trade(bench.newcomer, size)
    share = refused.value.named["share"]
    # The fee of the trade that was refused is in the equity, nine tenths of it: and nothing else moved it.
    fee = size * PRICE // WAD // 1_000
    pool = value(market.longInterest + size) * WAD // (MAX_SIDE * share)
    assert equity(bench) < pool < equity(bench) + 2 * fee * WAD


def test_a_reduction_of_the_full_side_is_never_refused(bench):
    grow(bench, 5 * WAD)
    for owner, size in ((bench.trader, -WAD), (bench.rival, WAD)):
        bench.trade(owner, size)
    assert_refused(
        bench, refusal("SideExceeded", share=ANY, limit=WAD), lambda: bench.trade(bench.newcomer, 9 * WAD)
    )


def test_a_reversal_is_new_risk_on_the_other_side(bench):
    """Longs at the limit: a short that turns long needs room there, one that only closes does not."""
    bench.trade(bench.newcomer, -9 * WAD)
    grow(bench, WAD)
    grow(bench, WAD, sides=(1,))
    room = MAX_SIDE * equity(bench) // PRICE - state(bench).state.longInterest
    assert room < WAD
    too_much = refusal("SideExceeded", share=ANY, limit=WAD)
    assert_refused(bench, too_much, lambda: bench.trade(bench.newcomer, 10 * WAD))
    bench.trade(bench.newcomer, 9 * WAD)


def test_a_pool_does_not_shrink_under_its_sides(bench):
    """Longs and shorts net to nearly nothing, but a redemption may not leave either above the limit."""
    grow(bench, 5 * WAD)
    shares = bench.chain.call(bench.vault, "balanceOf", bench.provider)
    bench.protocol.pool_request(MARKET, shares // 2, bench.provider)
    bench.later(bench.chain.call(bench.vault, "COOLDOWN"))
    bench.settle_price(PRICE)
    assert state(bench).utilization < WAD // 2
    too_much = refusal("SideExceeded", share=ANY, limit=WAD)
    assert_refused(bench, too_much, lambda: bench.protocol.pool_redeem(MARKET, shares // 2, bench.provider))
    # Of 3 * E two and a half are used when both have closed a part.
    bench.trade(bench.trader, -15 * WAD)
    bench.trade(bench.rival, 15 * WAD)
    bench.protocol.pool_redeem(MARKET, shares // 10, bench.provider)


def test_a_price_that_rises_carries_a_side_past_the_limit_and_ends_new_risk(bench):
    """The bound is at the opening: 10 % more on the longs' value, and the pool has paid their profit."""
    grow(bench, 5 * WAD)
    bench.later(10)
    bench.settle_price(PRICE * 11 // 10)
    market = state(bench)
    used = market.state.longInterest * (PRICE * 11 // 10) * WAD // (MAX_SIDE * market.equity)
    assert used > WAD
    for size in (WAD, -WAD):
        with pytest.raises(Exception, match="SideExceeded"):
            bench.trade(bench.newcomer, size)
    bench.trade(bench.trader, -WAD)
