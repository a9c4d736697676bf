"""The ledger against the deployed core where markets are restricted, held, lifted and reopened in between."""

import pytest
from ledger_statuses import StatusWalk, StatusWorld

from keel.model.cold_records import Restriction

STEPS = 400
SEEDS = (2, 3)
# What statuses do to the calls of a walk, and to themselves; each is met.
OUTCOMES = {
    *(("restrict", error) for error in (None, "GuardianRests", "ParameterOutOfBounds", "MarketUnknown")),
    *(("lift", error) for error in (None, "NothingToLift")),
    *(("hold", error) for error in (None, "ParameterOutOfBounds", "MarketUnknown")),
    *(("reopen", error) for error in (None, "MarketUnknown")),
    *((name, "MarketReduceOnly") for name in ("trade", "update_and_trade")),
    *((name, "MarketClosed") for name in ("withdraw", "pool_deposit", "pool_redeem")),
}


@pytest.fixture(scope="module")
def walks():
    done = []
    for seed in SEEDS:
        walk = StatusWalk(seed)
        for _ in range(STEPS):
            walk.step()
        walk.world.check_views()
        done.append(walk.world)
    return done


def test_every_status_and_its_refusals_are_met(walks):
    met = {outcome for world in walks for outcome in world.outcomes}
    assert met >= OUTCOMES


def test_a_market_never_restricted_has_nothing_to_lift():
    assert StatusWorld().twin.restriction_of(1) == Restriction()
