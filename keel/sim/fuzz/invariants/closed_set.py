"""The probe of the theorem: a closed set of people at a constant index cannot gain, whatever it does.

It is sharp where nothing hides a gain: no fee, no cooldown, and an average that has met the index.
"""

from keel.model.validity import Validity
from keel.sim.fuzz.action import Action
from keel.sim.fuzz.draws import Draws, RandomDraws
from keel.sim.fuzz.ghost import PRICE_UNIT
from keel.sim.fuzz.invariants.base import require
from keel.sim.fuzz.invariants.margin import healthy
from keel.sim.fuzz.perform import ANY_PRICE
from keel.sim.fuzz.stage import Stage
from keel.sim.fuzz.world import ACCOUNTS, SOURCES

MARKET = 1
# Trader 1 provides liquidity, too; 7 does nothing else.
_TRADERS, _HOLDERS = (1, 2), (1, 7)
_PLACES = tuple(place for place, (sender, _) in enumerate(ACCOUNTS) if sender in _TRADERS)
_MEMBERS = (1, 2, 7)
_WHOLE = 10**6
# Leaving rounds each of two redemptions down to a token unit, and so may the comparison.
_DUST_TOKENS = 4


def no_gain(stage: Stage, seed: int) -> int:
    """At a constant index, a closed set of traders and liquidity providers ends with no more than it had."""
    with stage.aside():
        if not _calm(stage):
            return 0
        before = _wealth_on_leaving(stage)
        if before is None:
            return 0
        with stage.aside():
            draws, played = RandomDraws(seed), []
            for _ in range(draws.integer(3, 10)):
                played += [action for action in _move(stage, draws) if stage.apply(action).refusal is None]
            after = _wealth_on_leaving(stage)
    if after is None:
        return 0
    gain = after - before
    limit = _DUST_TOKENS * stage.world.token_scale
    require(gain <= limit, "gain", gain, "by", "; ".join(map(str, played)))
    return 1


def _calm(stage: Stage) -> bool:
    """Let the average meet the index; whether fees, cooldown, price and margins then allow a sharp test.

    A spread is like a fee: what a member pays of it, members who provide liquidity get back in part.
    """
    rules = stage.present.rules[MARKET].config
    if rules.taker_fee_ppm or rules.deviation_fee_ppm or stage.world.cooldowns[MARKET]:
        return False
    for source in range(SOURCES):
        stage.apply(Action("widen", (MARKET, source, 0)))
    for _ in range(2):
        stage.apply(Action("warp", (301,)))
        for market in stage.world.markets:
            index = stage.present.books.markets[market].price.index
            stage.apply(Action("tick", (market, index // PRICE_UNIT)))
    price = stage.present.books.markets[MARKET].price
    sound = all(healthy(stage.present.health(place)) for place in _PLACES)
    valid = stage.present.validity(MARKET) == Validity.VALID
    sharp = price.index == price.twap and price.spread_bps == 0
    return sound and valid and sharp and stage.present.equity(MARKET, price.index) > 0


def _wealth_on_leaving(stage: Stage) -> int | None:
    """Quote WAD that the set has once its members are out; None if one of them cannot leave now."""
    with stage.aside():
        for _ in range(3):
            for place in _PLACES:
                size = stage.present.position(place, MARKET).size
                if size:
                    stage.apply(Action("trade", (ACCOUNTS[place][0], place, MARKET, -size, ANY_PRICE, 0)))
        if any(stage.present.position(place, MARKET).size for place in _PLACES):
            return None
        for holder in _HOLDERS:
            if not _redeem_all(stage, holder):
                return None
        balances = sum(stage.present.books.accounts[place].balance for place in _PLACES)
        world = stage.world
        tokens = [world.chain.call(world.token, "balanceOf", world.senders[member]) for member in _MEMBERS]
        return int(balances + sum(tokens) * world.token_scale)


def _redeem_all(stage: Stage, holder: int) -> bool:
    held = stage.world.ghost.stake(MARKET, holder)
    if held.free and stage.apply(Action("request", (holder, MARKET, held.free))).refusal:
        return False
    asked = stage.world.ghost.stake(MARKET, holder).asked
    return not asked or stage.apply(Action("redeem", (holder, MARKET, asked, holder))).refusal is None


def _move(stage: Stage, draws: Draws) -> list[Action]:
    """One thing that a member may do."""
    kind, holder, place = draws.integer(0, 9), draws.pick(_HOLDERS), draws.pick(_PLACES)
    owner = ACCOUNTS[place][0]
    if kind < 5:
        reach = stage.present.depth(MARKET) // 20
        size = draws.integer(-reach, reach) or 1
        held = stage.present.position(place, MARKET).size
        size = -held if held and draws.chance(25) else size
        return [Action("trade", (owner, place, MARKET, size, ANY_PRICE, 0))]
    if kind < 7:
        tokens = draws.integer(1, 2_000_000) * _WHOLE
        return [Action("stake", (holder, MARKET, tokens))]
    if kind < 9:
        shares = stage.world.ghost.stake(MARKET, holder).free * draws.integer(1, 100) // 100
        return [
            Action("request", (holder, MARKET, shares)),
            Action("redeem", (holder, MARKET, shares, holder)),
        ]
    return [Action("deposit", (owner, place, draws.integer(1, 50_000) * _WHOLE))]
