"""Choice, window, backstop and insurance against the deployed core, step by step."""

from dataclasses import replace

import pytest
from ledger_walk import Walk
from ledger_world import BRACKETS, STRICTER

from keel.model import multiplier
from keel.model.ledger import account_id
from keel.model.multiplier import ONE
from keel.model.validity import Action
from keel.units import WAD

USD = 10**6
HOUR = 3_600


def shock(walk: Walk, *thousandths: int) -> None:
    """Move prices to this share of what they are, and let the averages follow."""
    walk.prices = [price * share // 1_000 for price, share in zip(walk.prices, thousandths, strict=True)]
    for seconds in (1, 400):
        walk.world.chain.warp(seconds)
        walk.refresh()


def open_(walk: Walk, user: str, market: int, size: int, sub: int = 0) -> None:
    """A trade that both sides must take."""
    world = walk.world
    done = world.outcomes["trade", None]
    world.trade(user, account_id(user, sub), market, size, walk.limit(size), world.now)
    assert world.outcomes["trade", None] == done + 1, world.outcomes


def insured(walk: Walk, tokens: int) -> str:
    """A staker with this much in the insurance."""
    staker = walk.world.users[-1]
    walk.world.insurance_deposit(staker, tokens)
    return staker


def broken(walk: Walk, fall: int = 946) -> int:
    """An account that was long 40 base at 2,000 with 5,000, after a fall to this many thousandths."""
    user = walk.world.users[1]
    open_(walk, user, 1, 40 * WAD)
    walk.world.chain.warp(12)
    shock(walk, fall, 1_000, 1_000)
    return account_id(user)


@pytest.mark.parametrize("seed", [0, 1, 5, 6, 7])
def test_cross_accounts_are_liquidated_alike(seed: int) -> None:
    """Everybody in all markets with any sign; prices part; who is weak is liquidated again and again."""
    walk = Walk(seed)
    world = walk.world
    insured(walk, walk.random.choice([1, 2_000, 100_000]) * USD)
    for user in world.users[1:]:
        for market in world.markets:
            base = 5_000 * WAD * 10**8 // walk.prices[market - 1]
            size = base * walk.random.choice([-10, -6, -3, 3, 6, 10])
            world.trade(user, account_id(user), market, size, walk.limit(size), world.now)
    for _ in range(4):
        shock(walk, *(walk.random.randint(870, 1_130) for _ in world.markets))
        for _ in range(3):
            walk.liquidate()
            world.chain.warp(walk.random.choice([1, 60, 300]))
            walk.refresh()
        walk.unwind()
        world.check_views()
    assert world.seen["chosen of several"] > 0


def test_a_full_window_sends_the_next_to_the_insurance() -> None:
    """0.04 % of 5,000 base: a quarter of the first 8 base fills it, the next quarter is taken over.

    Brackets of 2 % and small penalties, so that the accounts can bear a trim.
    """
    walk = Walk(0)
    world = walk.world
    insured(walk, 20_000 * USD)
    mild = replace(BRACKETS, maintenance1=200, initial1=350, penalty_max_bps=120)
    world.set_market(1, window_ppm=400, brackets=mild)
    for _ in range(9):
        world.chain.warp(HOUR)
        world.accrue(1)
    walk.refresh()
    world.chain.warp(400)
    walk.refresh()
    keeper = world.users[3]
    # The curve has moved against the second when it opens.
    for user, margin in zip(world.users[1:3], (985, 1_040), strict=True):
        world.withdraw(user, account_id(user), (5_000 - margin) * USD, user)
        open_(walk, user, 1, 8 * WAD)
    world.chain.warp(12)
    shock(walk, 958, 1_000, 1_000)
    full = (3_832 * WAD, 3_832 * WAD)
    for user in world.users[1:3]:
        world.liquidate(keeper, account_id(user))
        assert world.twin.positions[account_id(user), 1].size == 6 * WAD
        assert world.twin.window_of(world.now, 1) == full
    assert world.twin.positions[world.backstop, 1].size == 2 * WAD
    assert world.seen["absorbed"] == 1
    # A sixteenth of the window is free after 18.75 seconds.
    world.chain.warp(18)
    walk.refresh()
    assert world.twin.window_of(world.now, 1)[0] == full[0] - full[0] * 18 // 300
    world.unwind(keeper, 1)
    assert world.outcomes["unwind", "WindowFull"] == 1
    world.chain.warp(1)
    walk.refresh()
    world.unwind(keeper, 1)
    assert world.twin.positions[world.backstop, 1].size == 1_875 * WAD // 1_000


@pytest.mark.parametrize("fall", [946, 900])
def test_without_means_the_curve_takes_it_beyond_its_window(fall: int) -> None:
    """40 base are four windows; the insurance has a fifth of one fee, which is not what the debt needs."""
    walk = Walk(0)
    world = walk.world
    account = broken(walk, fall)
    world.liquidate(world.users[3], account)
    assert world.twin.window_of(world.now, 1) == (80 * fall * WAD, 20 * fall * WAD)
    assert world.seen["absorbed"] == 0
    assert world.seen["bad debt"] == (fall == 900)
    # What is left is dust of the funding.
    assert (world.twin.insurance_assets < 10) == (fall == 900)


def test_the_insurance_is_priced_with_its_positions_and_keeps_their_margin() -> None:
    """It takes 40 base over at 1,892; another fall of 10 % is its own, and what the margin needs stays."""
    walk = Walk(0)
    world = walk.world
    staker = insured(walk, 10_000 * USD)
    account = broken(walk)
    world.liquidate(world.users[3], account)
    assert world.twin.positions[world.backstop, 1].size == 40 * WAD
    before = world.twin.insurance_equity(world.now)
    assert before == (world.twin.insurance_assets, world.twin.insurance_assets)
    shock(walk, 900, 1_000, 1_000)
    assets = world.twin.insurance_assets
    lower, higher = world.twin.insurance_equity(world.now)
    # 189.20 on 40 base, and funding for seven minutes.
    assert 7_568 * WAD < assets - lower < 7_573 * WAD
    assert lower == higher
    world.check_views()
    shares = world.chain.call(world.insurance, "balanceOf", staker)
    world.insurance_deposit(world.users[2], 100 * USD)
    world.insurance_redeem(staker, shares)
    assert world.outcomes["insurance_redeem", "InsuranceTied"] == 1
    world.insurance_redeem(staker, shares // 3)
    assert world.outcomes["insurance_redeem", None] == 1
    walk.doubts[1] = "disagreement"
    world.chain.warp(12)
    walk.refresh()
    world.insurance_deposit(world.users[2], 100 * USD)
    assert world.outcomes["insurance_deposit", "PriceNotGoodFor"] == 1


def test_the_insurance_works_its_position_off() -> None:
    """A sixteenth of the window at a time, the last piece with the dust; its account is empty afterwards."""
    walk = Walk(0)
    world = walk.world
    insured(walk, 10_000 * USD)
    account = broken(walk)
    world.liquidate(world.users[3], account)
    pieces = 0
    while (world.backstop, 1) in world.twin.positions and pieces < 99:
        world.unwind(world.users[3], 1)
        world.chain.warp(40)
        walk.refresh()
        pieces += 1
    # 18,920 / 16 = 1,182.50 of 75,680: 64.
    assert pieces == 64
    world.unwind(world.users[3], 1)
    assert world.outcomes["unwind", "NoPosition"] == 1
    mine = world.twin.accounts[world.backstop]
    assert (mine.balance, mine.markets) == (0, 0)


def test_an_account_of_the_insurance_with_eight_markets_takes_no_ninth() -> None:
    """Nine markets; who is broken in each is taken over, but the last goes through the curve."""
    walk = Walk(0, markets=9)
    world = walk.world
    insured(walk, 200_000 * USD)
    users = world.users[1:]
    for market in world.markets:
        user, size = users[market % 5], 60_000 * WAD * 10**8 // walk.prices[market - 1]
        world.deposit(user, account_id(user, market), 5_000 * USD)
        open_(walk, user, market, size, sub=market)
    world.chain.warp(12)
    shock(walk, *[920] * 9)
    for market in world.markets:
        world.liquidate(users[0], account_id(users[market % 5], market))
    assert world.seen["absorbed"] == 8
    assert world.outcomes["liquidate", None] == 9
    assert (world.backstop, 9) not in world.twin.positions


def test_one_side_is_limited_where_the_net_is_not() -> None:
    """Longs and shorts in turns: 15 % of 2,000,000 are 150 base, of the net and of either side."""
    walk = Walk(0)
    world = walk.world
    for user in world.users[1:]:
        world.deposit(user, account_id(user), 50_000 * USD)
    for turn in range(16):
        user, size = world.users[1 + turn % 2], 20 * WAD * (-1) ** turn
        world.trade(user, account_id(user), 1, size, walk.limit(size), world.now)
    market, config = world.twin.markets[1], world.twin.configs[1]
    assert market.long_interest == market.short_interest == 140 * WAD
    assert multiplier.crowding(market, config) == pytest.approx(2 * ONE * 14 // 15, abs=1_000)
    user = world.users[3]
    world.trade(user, account_id(user), 1, 160 * WAD, walk.limit(1), world.now)
    refused = {error for (name, error) in world.outcomes if name == "trade" and error}
    assert refused == {"SideExceeded", "UtilizationExceeded"}
    assert world.outcomes["trade", "SideExceeded"] == 2


def test_stricter_brackets_come_over_hours() -> None:
    """1.5 % where 1 % was asked for: at once a ramp of two thirds, after a touch each hour a tenth more."""
    walk = Walk(0)
    world = walk.world
    user = world.users[1]
    open_(walk, user, 1, 10 * WAD)
    world.set_market(1, hedge_percent=20)
    assert world.outcomes["set_market", "MarketInUse"] == 1
    asked = world.twin.health_of(world.now, account_id(user)).maintenance
    ramp = world.twin.markets[1].ramp
    world.set_market(1, brackets=STRICTER)
    assert world.twin.markets[1].ramp == ramp * 2 // 3
    assert world.twin.health_of(world.now, account_id(user)).maintenance <= asked
    for _ in range(3):
        world.chain.warp(HOUR)
        world.accrue(1)
        world.check_views()
    found = world.twin.markets[1].ramp
    assert found == pytest.approx(min(ramp * 2 // 3 * 1.095310**3, ONE), abs=3)
    world.set_market(1, brackets=BRACKETS)
    assert world.twin.markets[1].ramp == found


def test_stricter_brackets_after_a_crowd_come_over_hours() -> None:
    """The ramp has followed a crowd to 1.87, the crowd has left, brackets rise from 1 % to 1.5 %."""
    walk = Walk(0)
    world = walk.world
    for user in world.users[1:]:
        world.deposit(user, account_id(user), 50_000 * USD)
    crowd, victim = world.users[1:3], world.users[3]
    for size in (*[20 * WAD] * 7, 0, *[-20 * WAD] * 7):
        for user, sign in zip(crowd if size else (), (1, -1), strict=False):
            open_(walk, user, 1, size * sign)
        for _ in range(0 if size else 9):
            world.chain.warp(HOUR)
            world.accrue(1)
        if not size:
            shock(walk, 1_000, 1_000, 1_000)
    open_(walk, victim, 1, 10 * WAD)
    asked = world.twin.health_of(world.now, account_id(victim)).maintenance
    world.set_market(1, brackets=STRICTER)
    assert world.twin.health_of(world.now, account_id(victim)).maintenance <= asked


def test_what_is_the_core_s_own_is_nobody_else_s() -> None:
    """Settling; its account, which cannot be liquidated; a gift to it, which is the insurance's next time."""
    walk = Walk(0)
    world = walk.world
    insured(walk, 10_000 * USD)
    account = broken(walk)
    world.settle(world.users[1], account, 1, Action.ADD_MARGIN)
    world.liquidate(world.users[3], account)
    world.liquidate(world.users[3], world.backstop)
    world.liquidate(world.users[3], account)
    world.liquidate_batch(world.users[3], [world.backstop, account])
    assert world.outcomes["settle", "NotAuthorized"] == 1
    assert world.outcomes["liquidate", "NotLiquidatable"] == 1
    assert world.outcomes["liquidate", "NoPosition"] == 1
    world.gifts = True
    world.deposit(world.users[2], world.backstop, 500 * USD)
    insured_before = world.twin.insurance_assets
    lower, _ = world.twin.insurance_equity(world.now)
    assert lower == insured_before + 500 * WAD
    world.unwind(world.users[3], 1)
    assert world.twin.accounts[world.backstop].balance == 0
    assert world.twin.insurance_assets > insured_before + 450 * WAD


def test_who_liquidates_himself_has_both() -> None:
    """The reward goes to the balance of the account that was stored a moment before."""
    walk = Walk(0)
    world = walk.world
    open_(walk, world.users[1], 1, 40 * WAD)
    world.chain.warp(12)
    shock(walk, 958, 1_000, 1_000)
    world.liquidate(world.users[1], account_id(world.users[1]))
    assert world.outcomes["liquidate", None] == 1
