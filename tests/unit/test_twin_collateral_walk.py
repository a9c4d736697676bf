"""Collateral against the deployed contracts: random walks, every book and every error compared at each step.

`KEEL_WALK_SEEDS` and `KEEL_WALK_STEPS` make more and longer walks.
"""

import os
from functools import cache

import pytest
from ledger_collateral import CollateralWalk, CollateralWorld

from keel.model.ledger.books import STATUS_SHUT

STEPS = int(os.environ.get("KEEL_WALK_STEPS", "150"))
SEEDS = range(1, 1 + int(os.environ.get("KEEL_WALK_SEEDS", "3")))
# What collateral adds to the ends of calls; each is met.
OUTCOMES = {
    *(("collateral_deposit", error) for error in (None, "PegLost", "CapExceeded", "PriceNotGoodFor")),
    *(("collateral_deposit", error) for error in ("KindUnknown", "NotAuthorized", "ZeroAmount")),
    *(("collateral_withdraw", error) for error in (None, "MarginTooLow", "TokensMissing", "ZeroAmount")),
    *(("buy", error) for error in (None, "NothingToSell", "PriceNotGoodFor", "KindUnknown", "CostTooHigh")),
    *(("set_terms", error) for error in (None, "TermOutOfBounds", "KindUnknown")),
    *(("cover", "NothingToCover"), ("withdraw", "MarginTooLow"), ("shut", None), ("liquidate", None)),
}
SEEN = {
    *("sold at the least", "sold at the whole haircut", "sold all of a kind", "sold without a position"),
    *("Liquidated with collateral", "PositionShut with collateral", "debt backed by collateral"),
    *("covered at the last sale", "haircut on its way", "bad debt", "DeficitLeft"),
}


@cache
def walked(seed: int) -> CollateralWorld:
    walk = CollateralWalk(seed)
    walk.live(STEPS)
    return walk.world


@pytest.mark.parametrize("seed", SEEDS)
def test_random_walk(seed: int) -> None:
    """At the end every market is shut, nobody has a position, and who has a debt has collateral for it."""
    twin = walked(seed).twin
    assert {config.status for config in twin.configs.values()} == {STATUS_SHUT}
    assert not twin.positions
    assert all(account.balance >= 0 or account.collateral for account in twin.accounts.values())
    assert all(account.markets == 0 for account in twin.accounts.values())


def test_the_walks_come_through_everything() -> None:
    worlds = [walked(seed) for seed in SEEDS]
    outcomes = {outcome for world in worlds for outcome in world.outcomes}
    assert outcomes >= OUTCOMES, OUTCOMES - outcomes
    seen = {name for world in worlds for name, count in world.seen.items() if count}
    assert seen >= SEEN, SEEN - seen
