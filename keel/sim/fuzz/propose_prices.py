"""Proposals of time and prices: honest ones, jumps, and feeds that fail."""

from keel.sim.fuzz.action import Action
from keel.sim.fuzz.draws import Draws
from keel.sim.fuzz.stage import Stage
from keel.units import BPS, WAD

_ANSWER = 10**8
_DAY = 86_400
# Larger moves make a price volatile, which shuts most of the protocol for a while.
_MODEST_BPS = 800
# Answers no feed should give, in its decimals.
_NONSENSE = (0, -1, -(2**190), 1, 10**8, 10**18, 2**127, 2**191)


def go_on(stage: Stage, draws: Draws) -> list[Action]:
    """Let time pass and prices move, as honest keepers would report it."""
    actions = [Action("warp", (_pause(draws),))]
    for market, feeds in stage.world.ghost.feeds.items():
        for source, feed in enumerate(feeds):
            if feed.broken:
                actions.append(Action("break_feed", (market, source, 0)))
            if feed.decimals != feed.expected_decimals:
                actions.append(Action("feed_decimals", (market, source, feed.expected_decimals)))
        if not draws.chance(4):
            actions.append(Action("tick", (market, _answer(stage, draws, market))))
    return actions


def fault(stage: Stage, draws: Draws) -> list[Action]:
    """A feed that fails in one of the ways in which feeds fail, then an update."""
    market = draws.pick(stage.world.markets)
    source = draws.integer(0, len(stage.world.aggregators[market]) - 1)
    answer = _answer(stage, draws, market)
    faults = (
        Action("publish", (market, source, draws.pick(_NONSENSE), 0)),
        Action("publish", (market, source, draws.pick(_NONSENSE), 0)),
        Action("publish", (market, source, answer * draws.integer(5, 200) // 100, 0)),
        Action("publish", (market, source, answer, draws.integer(3_000, 9_000))),
        Action("publish", (market, source, answer, -draws.integer(1, 600))),
        Action("break_feed", (market, source, 1)),
        Action("feed_decimals", (market, source, draws.integer(0, 18))),
    )
    update = Action("update_price", (draws.integer(0, 9), market))
    return [Action("warp", (draws.integer(1, 400),)), draws.pick(faults), update]


def again(stage: Stage, draws: Draws) -> list[Action]:
    """Another price in the same block, which the core must not take."""
    market = draws.pick(stage.world.markets)
    return [Action("tick", (market, _answer(stage, draws, market)))]


def accrue(stage: Stage, draws: Draws) -> list[Action]:
    """Poke a market, perhaps after a while."""
    market = draws.pick((*stage.world.markets, 9) if draws.chance(5) else stage.world.markets)
    poke = Action("accrue", (draws.integer(0, 9), market))
    return [Action("warp", (draws.integer(1, 1_800),)), poke] if draws.chance(25) else [poke]


def squeeze(stage: Stage, draws: Draws) -> list[Action]:
    """A price at which somebody's equity is between a third and all of maintenance."""
    present = stage.present
    held = [key for key, position in present.books.positions.items() if position.size]
    if not held:
        return []
    place, market = draws.pick(held)
    health, size = present.health(place), present.position(place, market).size
    missing = health.equity - health.maintenance * draws.integer(30, 100) // 100
    index = present.books.markets[market].price.index - missing * WAD // size
    far = abs(index * BPS // present.books.markets[market].price.index - BPS) > _MODEST_BPS
    if index <= 0 or (far and draws.chance(85)):
        return []
    answer = index * _ANSWER // WAD
    return [Action("warp", (draws.integer(1, 60),)), Action("tick", (market, answer))]


def _pause(draws: Draws) -> int:
    kind = draws.integer(0, 99)
    if kind < 70:
        return draws.integer(1, 60)
    if kind < 90:
        return draws.integer(60, 900)
    return draws.integer(900, 8_000 if kind < 97 else 2 * _DAY)


def _answer(stage: Stage, draws: Draws, market: int) -> int:
    """The stored index moved by a walk of 30 bps, sometimes more, or by a jump; in the feed's decimals."""
    index = stage.present.books.markets[market].price.index * _ANSWER // WAD
    kind = draws.integer(0, 99)
    reach = 30 if kind < 70 else 120 if kind < 88 else 400 if kind < 98 else 1_800
    return int(index * (BPS + draws.integer(-reach, reach)) // BPS)
