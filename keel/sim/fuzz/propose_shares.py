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
    if draws.chance(15):
        # What he thinks he gets; above it, he would rather have nothing.
        return [Action("stake", (sender, vault, tokens, _shares_for(stage, vault, tokens, draws)))]
    return [Action("stake", (sender, vault, tokens))]


def _shares_for(stage: Stage, vault: int, tokens: int, draws: Draws) -> int:
    known, books = stage.world.ghost.stakes, stage.present.books
    issued = sum(stake.free + stake.asked for (where, _), stake in known.items() if where == vault)
    m = books.markets.get(vault)
    worth = books.totals.insurance if m is None else stage.present.equity(vault, m.price.index)
    whole = max(worth // stage.world.token_scale, 1)
    return max(issued, _SHARE) * tokens * draws.integer(80, 101) // (100 * whole)


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
    elif draws.chance(10):
        actions.append(Action("cancel", (sender, vault)))
    return actions


def cancel(stage: Stage, draws: Draws) -> list[Action]:
    """Take back what was handed in, rarely where nothing was."""
    asked = [(vault, holder) for (vault, holder), held in stage.world.ghost.stakes.items() if held.asked]
    if not asked or draws.chance(10):
        vault, sender = _who(stage, draws)
    else:
        vault, sender = draws.pick(asked)
    return [Action("cancel", (sender, vault))]


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
    if draws.chance(15):
        least = draws.integer(0, 10 ** draws.integer(1, 13))
        return [Action("redeem", (sender, vault, shares, controller, least))]
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
