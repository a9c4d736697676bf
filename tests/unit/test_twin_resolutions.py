"""Caps, deleverage and shutdown against the deployed core; every book is compared after each step."""

from functools import cache

import pytest
from ledger_resolutions import ResolutionWalk, ResolutionWorld
from ledger_world import PRICES

from keel.model.cold_records import Stage
from keel.model.ledger import account_id
from keel.model.ledger.books import STATUS_OPEN, STATUS_REDUCE_ONLY, STATUS_RESOLVING, STATUS_SHUT
from keel.units import WAD

USD = 10**6
DAY = 86_400
STEPS = 300
SEEDS = (1, 2, 3)
# What resolutions and ends of markets do to the calls of a walk; each is met.
OUTCOMES = {
    *(("resolve", error) for error in (None, "NothingToResolve")),
    *(("deleverage", error) for error in ("PoolSolvent", "MarketShut", "PriceNotGoodFor")),
    *((name, "Unresolved") for name in ("trade", "liquidate")),
    *((name, "MarketShut") for name in ("trade", "liquidate", "update_price", "update_and_trade")),
    *((name, "MarketShut") for name in ("pool_deposit", "set_market", "reopen", "hold")),
    *(("shut", None), ("withdraw", None)),
}
SEEN = {"DeficitLeft", "ResolutionBegun", "ResolutionEnded", "PositionCounted", "ProfitCut", "PositionShut"}


@cache
def walked(seed: int) -> ResolutionWorld:
    walk = ResolutionWalk(seed)
    walk.live(STEPS)
    return walk.world


@pytest.mark.parametrize("seed", SEEDS)
def test_random_walk(seed: int) -> None:
    """At the end every market is shut, nobody has a position, and the books add up."""
    twin = walked(seed).twin
    assert {config.status for config in twin.configs.values()} == {STATUS_SHUT}
    assert not twin.positions
    assert all(account.balance >= 0 and account.markets == 0 for account in twin.accounts.values())
    assert all(m.open_notional == m.long_interest == m.short_interest == 0 for m in twin.markets.values())


def test_the_walks_come_through_everything() -> None:
    worlds = [walked(seed) for seed in SEEDS]
    outcomes = {outcome for world in worlds for outcome in world.outcomes}
    assert outcomes >= OUTCOMES, OUTCOMES - outcomes
    seen = {name for world in worlds for name, count in world.seen.items() if count}
    assert seen >= SEEN, SEEN - seen


def shock(walk: ResolutionWalk, market: int, thousandths: int) -> None:
    """Move a price to this share of what it is, and let the average follow."""
    walk.prices[market - 1] = walk.prices[market - 1] * thousandths // 1_000
    for seconds in (1, 400):
        walk.world.chain.warp(seconds)
        walk.refresh()


def open_(walk: ResolutionWalk, user: str, size: int, market: int = 1) -> int:
    """A trade that both sides must take; gives the account."""
    world, account = walk.world, account_id(user)
    done = world.outcomes["trade", None]
    world.trade(user, account, market, size, walk.limit(size), world.now)
    assert world.outcomes["trade", None] == done + 1, world.outcomes
    return account


def close(walk: ResolutionWalk, account: int, error: str | None, market: int = 1) -> None:
    """A close that both sides must answer with this."""
    world = walk.world
    size, user = -world.twin.positions[account, market].size, f"0x{account >> 96:040x}"
    done = world.outcomes["trade", error]
    world.trade(user, account, market, size, walk.limit(size), world.now)
    assert world.outcomes["trade", error] == done + 1, world.outcomes


def profit(walk: ResolutionWalk, account: int) -> int:
    position, price = walk.world.twin.positions[account, 1], walk.world.twin.resolution_of(1).price
    return position.size * price // WAD - position.notional


def crowd(walk: ResolutionWalk, margin: int = 50_000) -> tuple[int, list[int], int]:
    """One long of 40 base with 5,000, two shorts, and a long of 5 base with `margin`; their accounts."""
    users = walk.world.users
    for user in users[2:5]:
        walk.world.deposit(user, account_id(user), 50_000 * USD)
    last = users[4]
    walk.world.withdraw(last, account_id(last), (55_000 - margin) * USD, last)
    broken = open_(walk, users[1], 40 * WAD)
    winners = [open_(walk, user, -size * WAD) for user, size in zip(users[2:4], (10, 30), strict=True)]
    return broken, winners, open_(walk, last, 5 * WAD)


def resolving(margin: int = 50_000) -> tuple[ResolutionWalk, int, list[int], int]:
    """The crowd after a fall of a fifth, and its bankrupt liquidated."""
    walk = ResolutionWalk(0)
    broken, winners, loser = crowd(walk, margin)
    walk.world.chain.warp(12)
    shock(walk, 1, 800)
    walk.world.liquidate(walk.world.users[5], broken)
    return walk, broken, winners, loser


def test_insurance_pool_winners() -> None:
    """The pool pays a thousandth of its equity of 2,000,000; the rest is a deficit of the market."""
    walk, _, _, _ = resolving()
    twin = walk.world.twin
    assert twin.insurance_assets == 0
    lost, cap = twin.losses_of(walk.world.now, 1)
    assert lost == pytest.approx(cap, rel=0.01)
    assert 1_990 * WAD < cap < 2_020 * WAD
    r = twin.resolution_of(1)
    assert (r.number, r.stage, r.price) == (1, Stage.COUNTING, 1_600 * WAD)
    assert r.deficit > 5_000 * WAD
    assert (r.long_left, r.short_left) == (5 * WAD, 40 * WAD)
    assert twin.configs[1].status == STATUS_RESOLVING
    walk.world.chain.warp(DAY // 4)
    forgotten, cap = twin.losses_of(walk.world.now, 1)
    assert forgotten == lost - cap // 4
    walk.world.check()


def test_winners_give_in_proportion_to_their_profit() -> None:
    """Worked from the profits: ceil(deficit * profit / profits); nobody is closed for it."""
    walk, _, winners, loser = resolving()
    world, twin = walk.world, walk.world.twin
    for account in (*winners, loser):
        close(walk, account, "Unresolved")
    gains, deficit = [profit(walk, account) for account in winners], twin.resolution_of(1).deficit
    world.resolve(world.users[1], 1, [loser, loser, account_id(world.users[5])])
    assert twin.resolution_mark_of(loser, 1).done
    close(walk, loser, None)
    world.resolve(world.users[1], 1, winners)
    before = [twin.health_of(world.now, account).equity for account in winners]
    sizes = [twin.positions[account, 1].size for account in winners]
    for account in winners:
        close(walk, account, "Unresolved")
        world.resolve(world.users[1], 1, [account, account])
    given = [b - twin.health_of(world.now, a).equity for a, b in zip(winners, before, strict=True)]
    assert given == [-(-deficit * gain // sum(gains)) for gain in gains]
    assert [twin.positions[account, 1].size for account in winners] == sizes
    assert (twin.resolution_of(1).stage, twin.configs[1].status) == (Stage.NONE, STATUS_REDUCE_ONLY)
    world.resolve(world.users[1], 1, winners)
    assert world.outcomes["resolve", "NothingToResolve"] == 1
    for account in winners:
        close(walk, account, None)


def test_a_debt_that_comes_while_the_cut_is_taken_waits() -> None:
    """5 base with 2,700 bear a fall of 400, not one of 320 more: a resolution follows the first."""
    walk, _, winners, loser = resolving(2_700)
    world, twin = walk.world, walk.world.twin
    world.resolve(world.users[1], 1, [*winners, loser])
    assert twin.resolution_of(1).stage == Stage.APPLYING
    # Once to fall, once for the volatility to go.
    for share in (800, 1_000):
        shock(walk, 1, share)
    world.liquidate(world.users[5], loser)
    waiting = twin.resolution_of(1).waiting
    # 918 are missing at the index, and what the curve takes from 6,400 is.
    assert 918 * WAD < waiting < 1_050 * WAD
    world.resolve(world.users[1], 1, winners)
    r = twin.resolution_of(1)
    assert (r.number, r.stage, r.deficit, r.waiting) == (2, Stage.COUNTING, waiting, 0)
    assert twin.configs[1].status == STATUS_RESOLVING


def rich() -> tuple[ResolutionWalk, int]:
    """A long of 800 base against a pool of 2,000,000, after its price has doubled in steps."""
    walk = ResolutionWalk(0)
    world = walk.world
    world.set_market(1, max_exposure_ppm=1_600_000, max_side_ppm=20_000_000)
    user = world.users[1]
    world.deposit(user, account_id(user), 5_000_000 * USD)
    account = open_(walk, user, 800 * WAD)
    world.chain.warp(12)
    world.deleverage(world.users[2], 1)
    assert world.outcomes["deleverage", "PoolSolvent"] == 1
    while world.twin.configs[1].status == STATUS_OPEN:
        shock(walk, 1, 1_090)
        world.deleverage(world.users[2], 1)
        assert walk.prices[0] < 4 * PRICES[0]
    return walk, account


def test_a_pool_below_zero_is_filled_up_by_the_winners() -> None:
    """What it lacks at the index is cut from the one profit, and governance may reopen."""
    walk, account = rich()
    world, twin = walk.world, walk.world.twin
    r = twin.resolution_of(1)
    assert r.deficit > 0
    assert (r.long_left, r.short_left, r.price) == (800 * WAD, 0, walk.prices[0] * 10**10)
    world.deleverage(world.users[2], 1)
    assert world.outcomes["deleverage", "MarketShut"] == 1
    world.pool_deposit(world.users[2], 1, 1_000 * USD)
    assert world.outcomes["pool_deposit", "MarketShut"] == 1
    world.settle_all(1)
    assert twin.resolution_of(1).cut == r.deficit
    assert twin.positions[account, 1].notional > 0
    assert twin.pool_equity(world.now, 1)[1] >= 0
    world.reopen(1)
    assert twin.configs[1].status == STATUS_OPEN


def test_a_shut_market_pays_profits_with_what_its_pool_has() -> None:
    """The pool has less than the one profit: the profit is cut to it, and nothing is left for shares."""
    walk, account = rich()
    world, twin = walk.world, walk.world.twin
    world.shut(1)
    assert world.outcomes["shut", "MarketNotRestricted"] == 1
    world.settle_all(1)
    for _ in range(5):
        shock(walk, 1, 1_090)
    world.shut(1)
    assert world.outcomes["shut", None] == 1
    price, at = twin.markets[1].price.index, twin.markets[1].price.at
    close(walk, account, "MarketShut")
    world.chain.warp(40 * DAY)
    assert twin.health_of(world.now, account).worst == 0
    world.settle_all(1)
    world.check_views()
    r = twin.resolution_of(1)
    assert 0 < r.cut < r.profits
    assert twin.markets[1].cash == 0
    assert twin.markets[1].price.index == price
    assert twin.markets[1].price.at == at
    assert (account, 1) not in twin.positions
    tokens = twin.accounts[account].balance // 10**12
    world.withdraw(world.users[1], account, tokens, world.users[1])
    assert world.outcomes["withdraw", None] == 1


def test_a_shut_market_ends_its_escrow_and_lets_its_pool_go() -> None:
    """Shut at a doubted price: what waits goes back; after forty days the shares are redeemed."""
    walk = ResolutionWalk(0)
    world, twin = walk.world, walk.world.twin
    broken, winners, loser = crowd(walk)
    world.chain.warp(12)
    shock(walk, 1, 900)
    walk.doubts[1] = "disagreement"
    world.chain.warp(12)
    walk.refresh()
    world.chain.warp(1_800)
    world.hold(1, 2)
    walk.refresh()
    close(walk, loser, None)
    claim, _ = twin.escrow_claim_of(loser, 1)
    assert claim.paid > 0
    world.shut(1)
    world.claim_funding(world.users[4], loser, 1)
    assert world.outcomes["claim_funding", None] == 1
    world.liquidate(world.users[5], broken)
    assert world.outcomes["liquidate", "MarketShut"] == 1
    shares = world.chain.call(world.vaults[0], "totalSupply")
    holder = next(u for u in world.users if world.chain.call(world.vaults[0], "balanceOf", u) == shares)
    world.pool_redeem(holder, 1, shares)
    assert world.outcomes["pool_redeem", "MarketShut"] == 1
    for order in ([winners[0], broken], [winners[1]], winners):
        world.resolve(world.users[5], 1, order)
    assert not any(market == 1 for _, market in twin.positions)
    world.chain.warp(40 * DAY)
    world.pool_redeem(holder, 1, shares)
    assert world.outcomes["pool_redeem", None] == 1
    for act in (world.reopen, world.lift):
        act(1)
    world.set_market(1, taker_fee_ppm=400)
    assert world.outcomes["reopen", "MarketShut"] == world.outcomes["set_market", "MarketShut"] == 1


def test_a_restriction_that_lapses_after_a_resolution_leaves_reduce_only() -> None:
    """Anyone lifts what the guardian restricted; but governance alone reopens what shared out a loss."""
    walk = ResolutionWalk(0)
    world, twin = walk.world, walk.world.twin
    broken, _, _ = crowd(walk)
    world.restrict(1, 2)
    world.chain.warp(12)
    shock(walk, 1, 800)
    world.liquidate(world.users[5], broken)
    assert twin.configs[1].status == STATUS_RESOLVING
    world.settle_all(1)
    world.chain.warp(8 * DAY)
    world.lift(1)
    assert world.outcomes["lift", None] == 1
    assert twin.configs[1].status == twin.restriction_of(1).standing == STATUS_REDUCE_ONLY


def test_the_insurance_s_own_position_is_counted_and_ends_like_any_other() -> None:
    """Taken over at 1,892, the market is shut at 2,081.20: the profit of 40 base is the insurance's."""
    walk = ResolutionWalk(0)
    world, twin = walk.world, walk.world.twin
    world.insurance_deposit(world.users[5], 10_000 * USD)
    account = open_(walk, world.users[1], 40 * WAD)
    world.chain.warp(12)
    shock(walk, 1, 946)
    world.liquidate(world.users[3], account)
    assert twin.positions[world.backstop, 1].size == 40 * WAD
    shock(walk, 1, 1_100)
    world.hold(1, 3)
    world.shut(1)
    world.unwind(world.users[3], 1)
    assert world.outcomes["unwind", "MarketShut"] == 1
    insured = twin.insurance_assets
    world.settle_all(1)
    assert (world.backstop, 1) not in twin.positions
    assert 7_560 * WAD < twin.insurance_assets - insured < 7_568 * WAD
    assert twin.accounts[world.backstop].balance == 0
