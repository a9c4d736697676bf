"""Proposals of coming and going in pools and insurance."""

from keel.sim.fuzz.action import Action
from keel.sim.fuzz.draws import Draws
from keel.sim.fuzz.ghost import CLAIM_SECONDS, INSURANCE
from keel.sim.fuzz.stage import Stage
from keel.sim.fuzz.world import PROVIDERS, STAKER

_WHOLE = 10**6
_SHARE = 10**24
_ODD = (0, 1, 2**100, 2**127)
# A trader provides liquidity as well, so that one person can be on both sides.
_POOL_HOLDERS = (*PROVIDERS, 1)
_INSURANCE_HOLDERS = (STAKER, STAKER, 1)


def stake(stage: Stage, draws: Draws) -> list[Action]:
    """Pay into a vault."""
    vault, sender = _who(stage, draws)
    tokens = draws.pick(_ODD) if draws.chance(4) else draws.integer(1, 60_000 * _WHOLE)
    return [Action("stake", (sender, vault, tokens))]


def mint(stage: Stage, draws: Draws) -> list[Action]:
    """Buy so many shares."""
    vault, sender = _who(stage, draws)
    shares = draws.pick(_ODD) if draws.chance(4) else draws.integer(1, 20_000) * _SHARE // 7
    return [Action("mint", (sender, vault, shares))]


def request(stage: Stage, draws: Draws) -> list[Action]:
    """Hand shares in, and where there is no cooldown claim them at once."""
    vault, sender = _who(stage, draws)
    free = stage.world.ghost.stake(vault, sender).free
    shares = draws.pick(_ODD) if draws.chance(3) else free * draws.integer(1, 60) // 100
    actions = [Action("request", (sender, vault, shares))]
    if stage.world.cooldowns[vault] == 0 and draws.chance(50):
        actions.append(Action("redeem", (sender, vault, shares, sender)))
    return actions


def redeem(stage: Stage, draws: Draws) -> list[Action]:
    """Claim a redemption whose cooldown is over, rarely one whose is not or another's."""
    now, stakes = stage.present.now, stage.world.ghost.stakes
    open_ = range(now - CLAIM_SECONDS + 1, now + 1)
    due = [key for key, held in stakes.items() if held.asked and held.claimable_at in open_]
    asked = [key for key, held in stakes.items() if held.asked]
    keys = asked if draws.chance(10) else due
    late = [key for key in asked if stakes[key].claimable_at <= now - CLAIM_SECONDS]
    if late and draws.chance(20):
        # A claim that has lapsed begins anew with the next request.
        vault, controller = draws.pick(late)
        return [Action("request", (controller, vault, stakes[vault, controller].free // 100))]
    if not keys:
        return []
    vault, controller = draws.pick(keys)
    shares = stakes[vault, controller].asked * draws.pick((1, 30, 100, 100, 101)) // 100
    sender = controller if draws.chance(95) else draws.integer(0, 9)
    return [Action("redeem", (sender, vault, shares, controller))]


def transfer(stage: Stage, draws: Draws) -> list[Action]:
    """Hand shares to somebody else."""
    vault, sender = _who(stage, draws)
    free = stage.world.ghost.stake(vault, sender).free
    return [
        Action("transfer_shares", (sender, vault, draws.pick(PROVIDERS), free * draws.integer(0, 50) // 100))
    ]


def _who(stage: Stage, draws: Draws) -> tuple[int, int]:
    vault = draws.pick((INSURANCE, *stage.world.markets, *stage.world.markets))
    return vault, draws.pick(_INSURANCE_HOLDERS if vault == INSURANCE else _POOL_HOLDERS)
