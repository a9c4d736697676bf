"""Proposals of probes, cheap ones often, dear ones seldom."""

from keel.sim.fuzz.action import Action
from keel.sim.fuzz.draws import Draws
from keel.sim.fuzz.ghost import PRICE_UNIT
from keel.sim.fuzz.stage import Stage
from keel.sim.fuzz.world import ACCOUNTS, SOURCES, open_positions
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
    "probe_insurance",
    "probe_losses",
    "probe_worths",
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
    held = open_positions(stage.present)
    if not held:
        return []
    return [Action("probe_wait", (*draws.pick(held), draws.integer(1, 3_000), draws.integer(0, 1)))]


def leave(_stage: Stage, draws: Draws) -> list[Action]:
    """Close everything and take the money."""
    return [Action("probe_leave", (draws.integer(1, len(ACCOUNTS) - 1),))]


def margins(stage: Stage, draws: Draws) -> list[Action]:
    """Compare what an account is asked for with its parts, and what sizes are asked for with each other."""
    held = [place for place, a in enumerate(stage.present.books.accounts) if a.markets]
    several = [place for place in held if len(stage.present.held(place)) > 1]
    if held and draws.chance(60):
        return [Action("probe_margins", (draws.pick(several if several and draws.chance(80) else held),))]
    market = draws.pick(stage.world.markets)
    if draws.chance(30):
        return [Action("probe_scale", (market, draws.integer(1, max(stage.present.depth(market), 1))))]
    reach = stage.present.depth(market) // (1 if draws.chance(50) else 1_000)
    return [Action("probe_tiers", (market, draws.integer(1, max(reach, 1)), draws.integer(1, max(reach, 1))))]


def ways_out(stage: Stage, draws: Draws) -> list[Action]:
    """What others do, or a guardian, must not shut anybody in."""
    held = open_positions(stage.present)
    place, market = (
        draws.pick(held) if held else (draws.integer(0, len(ACCOUNTS) - 1), draws.pick(stage.world.markets))
    )
    if draws.chance(40):
        return [Action("probe_restricted", (place, market))]
    return [Action("probe_grief", (place, market, draws.integer(0, 10**9)))]


def first(_stage: Stage, draws: Draws) -> list[Action]:
    """Attack the first one who buys shares."""
    digits = (draws.integer(0, 11) for _ in range(3))
    return [Action("probe_first", tuple(draws.integer(1, 10**number) for number in digits))]


def no_gain(_stage: Stage, draws: Draws) -> list[Action]:
    """Let a closed set play."""
    return [Action("probe_no_gain", (draws.integer(0, 10**9),))]
