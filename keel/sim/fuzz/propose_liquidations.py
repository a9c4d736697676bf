"""Proposals of liquidations of any kind, and of what makes them interesting: hedges, pieces worked off."""

from keel.sim.fuzz.action import Action
from keel.sim.fuzz.draws import Draws
from keel.sim.fuzz.invariants.liquidation import trigger
from keel.sim.fuzz.moment import Moment
from keel.sim.fuzz.perform import ANY_PRICE
from keel.sim.fuzz.propose_trades import affordable
from keel.sim.fuzz.stage import Stage
from keel.sim.fuzz.world import ACCOUNTS, BACKSTOP, KEEPERS, open_positions


def sick(present: Moment, place: int) -> bool:
    """Whether an account can be liquidated, as far as its equity goes."""
    equity, limit = trigger(present.health(place))
    return equity < limit


def of_sick(draws: Draws, place: int, others: list[int]) -> list[Action]:
    """A liquidation of an account that needs one: by somebody, by its owner, or with others in one call."""
    kind = draws.integer(0, 99)
    if kind < 12:
        return [Action("probe_self_liquidation", (place,))]
    if kind < 24:
        return [Action("liquidate_batch", (draws.pick(KEEPERS), *_several(draws, [place, *others])))]
    if kind < 32:
        return [Action("probe_batch", tuple(_several(draws, [place, *others])))]
    return [Action("liquidate", (draws.pick(KEEPERS), place))]


def blind(_stage: Stage, draws: Draws) -> list[Action]:
    """A liquidation of anybody, healthy or not, the insurance's own account included."""
    place = draws.integer(0, BACKSTOP)
    if draws.chance(30):
        return [Action("liquidate_batch", (draws.pick(KEEPERS), *_several(draws, [place])))]
    return [Action("liquidate", (draws.pick(KEEPERS), place))]


def unwind(stage: Stage, draws: Draws) -> list[Action]:
    """A piece of the insurance's own position, or of none."""
    held = stage.present.held(BACKSTOP)
    if not held and draws.chance(90):
        return []
    market = draws.pick(held) if held and draws.chance(90) else draws.pick((*stage.world.markets, 9))
    piece = Action("unwind", (draws.integer(0, 9), market))
    if draws.chance(40):
        return [piece]
    return [piece, Action("warp", (draws.integer(1, 40),)), piece]


def hedge(stage: Stage, draws: Draws) -> list[Action]:
    """Somebody with a position opens one on the other side of another market."""
    held = open_positions(stage.present)
    if not held:
        return []
    place, market = draws.pick(held)
    others = [other for other in stage.world.markets if not stage.present.position(place, other).size]
    if not others:
        return []
    other, long = draws.pick(others), stage.present.position(place, market).size < 0
    size = affordable(stage, place, other, long) * draws.integer(20, 110) // 100
    if size == 0:
        return []
    return [Action("trade", (ACCOUNTS[place][0], place, other, size if long else -size, ANY_PRICE, 0))]


def gift(_stage: Stage, draws: Draws) -> list[Action]:
    """Margin for the insurance's own account, which is a gift to the insurance."""
    return [Action("deposit", (draws.integer(0, 9), BACKSTOP, draws.integer(1, 10**9)))]


def _several(draws: Draws, places: list[int]) -> list[int]:
    """These and some others, in any order, perhaps one of them twice."""
    chosen = [*places, *(draws.integer(0, BACKSTOP) for _ in range(draws.integer(0, 3)))]
    if draws.chance(50):
        chosen.reverse()
    return chosen
