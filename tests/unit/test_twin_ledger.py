"""The ledger against the deployed core: random walks through every entry, all books compared at each step."""

from functools import cache

import pytest
from ledger_walk import Walk
from ledger_world import DEPTHS, PRICES, World

from keel.model.ledger import account_id
from keel.model.records import SizeTiers
from keel.units import WAD

STEPS = 600
# Walks that together come through everything below.
SEEDS = (3, 9, 13)
DONE = {
    *(
        "trade",
        "update_and_trade",
        "deposit",
        "withdraw",
        "accrue",
        "set_market",
        "pool_deposit",
        "pool_redeem",
    ),
    *("liquidate", "liquidate_batch", "unwind", "insurance_deposit", "insurance_redeem", "claim_funding"),
}
REFUSED = {
    *(("claim_funding", "NoClaim"), ("trade", "BandExceeded"), ("pool_redeem", "UtilizationExceeded")),
    *(("unwind", "UnwindTooDear"), ("unwind", "PriceNotGoodFor")),
    ("insurance_redeem", "PriceNotGoodFor"),
    *(("liquidate", "PriceNotGoodFor"), ("insurance_deposit", "PriceNotGoodFor")),
}
# Everything that the escrow does, also to a position that was closed before its claim was paid out; and where
# a liquidation can end.
SEEN = {
    *("held", "confirmed", "rejected", "released confirmed", "released rejected", "released surplus"),
    *("released without a position", "liquidated in a period", "chosen of several", "bad debt"),
    *("absorbed", "absorbed into the same", "absorbed against", "ramp on its way"),
}


@cache
def walked(seed: int) -> World:
    walk = Walk(seed)
    for _ in range(STEPS):
        walk.step()
    walk.world.check_views()
    return walk.world


@pytest.mark.parametrize("seed", SEEDS)
def test_random_walk(seed: int) -> None:
    world = walked(seed)
    assert world.surplus > 0
    assert world.stresses >= {0, 32}


def test_the_walks_come_through_everything() -> None:
    worlds = [walked(seed) for seed in SEEDS]
    outcomes = {outcome for world in worlds for outcome in world.outcomes}
    assert {name for name, error in outcomes if error is None} == DONE
    assert outcomes >= REFUSED
    assert {name for world in worlds for name, count in world.seen.items() if count} == SEEN


def test_parameters_change_alike() -> None:
    """Tiers only while no position is open, the model at any time; the markets agree before and after."""
    walk = Walk(0)
    world, user, market = walk.world, walk.user(), 1
    world.trade(user, account_id(user), market, 7 * WAD, walk.limit(1), world.now)
    world.chain.warp(40)
    tiers = SizeTiers(WAD, 2 * WAD, 1_100_000, 9_000_000)
    for change in ({"tiers": tiers}, {"tiers": SizeTiers()}, {"depth_per_share": 2 * DEPTHS[0]}):
        world.set_market(market, **change)
    for model in (world.second_model, world.model):
        world.set_market(market, funding_model=model.address)
        world.chain.warp(50)
        world.check_views()
        world.accrue(market)
    world.trade(user, account_id(user), market, -7 * WAD, 0, world.now)
    world.set_market(market, tiers=tiers)
    world.trade(user, account_id(user), market, 7 * WAD, walk.limit(1), world.now)
    world.chain.warp(30)
    world.trade(user, account_id(user), market, -WAD, 0, world.now)
    refusals = {error: count for (name, error), count in world.outcomes.items() if name == "set_market"}
    assert refusals == {"MarketInUse": 2, "ParameterOutOfBounds": 1, None: 3}


@pytest.mark.parametrize("back", [890, 1_000])
def test_a_bankrupt_forfeits_its_claim_alike(back: int) -> None:
    """Liquidated below zero at a doubted price; the claim goes to the insurance, confirmed or rejected."""
    walk = Walk(0)
    world, user, market = walk.world, walk.user(), 1
    account = account_id(user)
    world.trade(user, account, market, 38 * WAD, walk.limit(1), world.now)
    walk.prices[0] = PRICES[0] * 890 // 1_000
    for seconds in (1, 400):
        world.chain.warp(seconds)
        walk.refresh()
    walk.doubts[market] = "disagreement"
    for seconds in (12, 1_800):
        world.chain.warp(seconds)
        walk.refresh()
    world.liquidate(walk.user(), account)
    claim, _ = world.twin.escrow_claim_of(account, market)
    assert claim.forfeited
    assert claim.paid > 0
    walk.doubts.clear()
    walk.prices[0] = PRICES[0] * back // 1_000
    world.chain.warp(12)
    walk.refresh()
    insured, balance = world.twin.insurance_assets, world.twin.accounts[account].balance
    world.claim_funding(walk.user(), account, market)
    assert world.twin.insurance_assets - insured == (claim.paid if back == 1_000 else claim.surplus)
    assert world.twin.accounts[account].balance == balance == 0
