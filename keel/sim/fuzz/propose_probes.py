"""Proposals of probes, cheap ones often, dear ones seldom."""

from keel.sim.fuzz.action import Action
from keel.sim.fuzz.draws import Draws
from keel.sim.fuzz.perform import PRICE_UNIT
from keel.sim.fuzz.stage import Stage
from keel.sim.fuzz.world import ACCOUNTS, SOURCES
from keel.units import BPS

_VIEWS = (
    "probe_totals",
    "probe_equities",
    "probe_healths",
    "probe_accruals",
    "probe_pools",
    "probe_supplies",
    "probe_claims",
    "probe_utilizations",
)


def look(_stage: Stage, draws: Draws) -> list[Action]:
    """Compare everything that can be seen."""
    return [Action("probe_books", ()), Action(draws.pick(_VIEWS), ())]


def poke(stage: Stage, draws: Draws) -> list[Action]:
    """Poke often or once."""
    market, seconds = draws.pick(stage.world.markets), draws.integer(60, 7_200)
    return [Action("probe_poke", (market, seconds, draws.integer(2, 6)))]


def path(stage: Stage, draws: Draws) -> list[Action]:
    """Trade in one piece or in two, by one account or by two."""
    place, other = draws.integer(1, len(ACCOUNTS) - 1), draws.integer(1, len(ACCOUNTS) - 1)
    market = draws.pick(stage.world.markets)
    reach = max(stage.present.depth(market) // 100, 1)
    first, second = draws.integer(1, reach), draws.integer(1, reach)
    if draws.chance(50):
        first, second = -first, -second
    if draws.chance(20):
        moved = _moved(stage, draws, market)
        said = [Action("publish", (market, source, moved)) for source in range(SOURCES)]
        together = Action("probe_together", (place, market, first))
        return [Action("warp", (draws.integer(1, 60),)), *said[: draws.integer(1, SOURCES)], together]
    if draws.chance(50):
        return [Action("probe_split", (place, other, market, first, second))]
    return [Action("probe_path", (place, market, first, second if draws.chance(70) else -second))]


def _moved(stage: Stage, draws: Draws, market: int) -> int:
    index = stage.present.books.markets[market].price.index
    return int(index * draws.integer(9_950, 10_050) // (BPS * PRICE_UNIT))


def order(stage: Stage, draws: Draws) -> list[Action]:
    """Settle two accounts in both orders, preferably such as have a position or a claim."""
    market = draws.pick(stage.world.markets)
    books = stage.present.books
    keys = [(place, market) for place in range(len(ACCOUNTS))]
    held = [key[0] for key in keys if books.positions[key].size or books.claims[key].period]
    if len(held) < 2:
        return []
    return [Action("probe_order", (draws.pick(held), draws.pick(held), market))]


def wait(stage: Stage, draws: Draws) -> list[Action]:
    """Wait with an open position, with or without a doubt about the price."""
    held = [key for key, position in stage.present.books.positions.items() if position.size]
    if not held:
        return []
    return [Action("probe_wait", (*draws.pick(held), draws.integer(1, 3_000), draws.integer(0, 1)))]


def leave(_stage: Stage, draws: Draws) -> list[Action]:
    """Close everything and take the money."""
    return [Action("probe_leave", (draws.integer(1, len(ACCOUNTS) - 1),))]


def no_gain(_stage: Stage, draws: Draws) -> list[Action]:
    """Let a closed set play."""
    return [Action("probe_no_gain", (draws.integer(0, 10**9),))]
