"""Proposals of what happens seldom: operators, governance, gifts, intrusions."""

from dataclasses import astuple

from keel.model.fixed import PPM
from keel.model.ledger.restrictions import TERM
from keel.sim.fuzz.action import Action
from keel.sim.fuzz.draws import Draws
from keel.sim.fuzz.govern import CONFIG_FIELDS, FEED_FIELDS, FIELDS, INTRUSIONS, parameter_now
from keel.sim.fuzz.stage import Stage
from keel.sim.fuzz.world import ACCOUNTS, OPERATOR, SOURCES, TRADERS

_WHOLE = 10**6


def operator(_stage: Stage, draws: Draws) -> list[Action]:
    """Authorise somebody, or dismiss him."""
    place = draws.integer(0, len(ACCOUNTS) - 1)
    sender = ACCOUNTS[place][0] if draws.chance(90) else draws.integer(0, 9)
    return [Action("set_operator", (sender, place, draws.integer(0, 9), draws.integer(0, 1)))]


def stake_operator(stage: Stage, draws: Draws) -> list[Action]:
    """Let somebody claim one's redemptions."""
    vault = draws.integer(0, len(stage.world.markets))
    return [Action("stake_operator", (draws.integer(0, 9), vault, draws.integer(0, 9), draws.integer(0, 1)))]


def donate(_stage: Stage, draws: Draws) -> list[Action]:
    """A gift to the core."""
    return [Action("donate", (draws.integer(0, 9), draws.integer(1, 1_000 * _WHOLE)))]


def permit(_stage: Stage, draws: Draws) -> list[Action]:
    """A worthless permit."""
    return [Action("permit", (draws.integer(0, 9), draws.integer(0, 10**12)))]


def restrict(stage: Stage, draws: Draws) -> list[Action]:
    """The guardian, or somebody who would like to be, restricts a market; rarely to what is no level.

    Sometimes nobody does anything until it is over.
    """
    market = draws.pick(stage.world.markets)
    level = draws.integer(2, 3) if draws.chance(95) else draws.integer(0, 4)
    actions = [Action("restrict", (_governor(draws), market, level))]
    if draws.chance(30):
        # Tighter still, within the same term.
        actions += [Action("warp", (draws.integer(1, 3_600),)), Action("restrict", (OPERATOR, market, 3))]
    over = [Action("warp", (TERM,)), Action("lift", (draws.integer(0, 9), market))]
    return [*actions, *(over if draws.chance(40) else [])]


def lift(stage: Stage, draws: Draws) -> list[Action]:
    """Somebody would like to trade again, mostly long before the guardian's time is over."""
    rules = stage.world.rules
    restricted = [market for market in rules if rules[market].until]
    if not restricted and draws.chance(90):
        return []
    market = draws.pick(restricted or list(rules))
    wait = max(rules[market].until - stage.present.now, 0)
    waits = [Action("warp", (wait,))] if wait and draws.chance(50) else []
    return [*waits, Action("lift", (draws.integer(0, 9), market))]


def hold(stage: Stage, draws: Draws) -> list[Action]:
    """The governor restricts a market until further notice."""
    return [Action("hold", (_governor(draws), draws.pick(stage.world.markets), draws.integer(1, 3)))]


def reopen(stage: Stage, draws: Draws) -> list[Action]:
    """The governor opens a restricted market again."""
    shut = [market for market, rules in stage.world.rules.items() if rules.config.status != 1]
    return [Action("reopen", (_governor(draws), draws.pick(shut)))] if shut else []


def parameter(stage: Stage, draws: Draws) -> list[Action]:
    """The governor changes a parameter: by up to a fifth, rarely out of its bounds."""
    market = draws.pick(stage.world.markets)
    field = draws.integer(0, FIELDS - 1)
    value = parameter_now(stage.world.rules[market], field)
    changed = value * draws.integer(80, 120) // 100 if draws.chance(85) else draws.integer(0, 60_000)
    return [Action("set_market", (_governor(draws), market, field, min(changed, _widest(field, value))))]


def _widest(field: int, value: int) -> int:
    """Largest value that the contract's member takes, as far as it is small."""
    if field == CONFIG_FIELDS.index("hedge_percent"):
        return 2**8 - 1
    return 2**16 - 1 if value < 2**16 else 2**32 - 1 if value < 2**32 else 2**88 - 1


def model(stage: Stage, draws: Draws) -> list[Action]:
    """The governor switches a market's funding model, rarely to what is none, and sees it at work."""
    market, models = draws.pick(stage.world.markets), len(stage.world.models)
    number = models if draws.chance(4) else draws.integer(0, models - 1)
    switch = Action("set_model", (_governor(draws), market, number))
    if draws.chance(50):
        return [switch]
    work = [Action("warp", (draws.integer(1, 3_600),)), Action("accrue", (draws.integer(0, 9), market))]
    return [switch, *work, Action("probe_poke", (market, draws.integer(60, 7_200), draws.integer(2, 6)))]


def tiers(stage: Stage, draws: Draws) -> list[Action]:
    """The governor changes size tiers, or would like to while somebody has a position."""
    market = draws.pick(stage.world.markets)
    old = stage.world.rules[market].config.tiers
    if draws.chance(15):
        wanted = astuple(old)
    elif draws.chance(15):
        wanted = (0, 0, 0, 0)
    else:
        limit1 = stage.present.depth(market) * draws.integer(1, 60) // 1_000
        weight2 = draws.integer(PPM if draws.chance(90) else 0, 3 * PPM)
        wanted = (limit1, limit1 * draws.integer(1, 4), weight2, weight2 * draws.integer(1, 3))
    return [Action("set_tiers", (_governor(draws), market, *wanted))]


def feed(stage: Stage, draws: Draws) -> list[Action]:
    """The governor gives a market another hub: other sources or limits, rarely more than there may be."""
    market, field = draws.pick(stage.world.markets), draws.integer(-2, len(FEED_FIELDS) - 1)
    count = draws.integer(0, SOURCES) if draws.chance(10) else draws.integer(1, SOURCES)
    return [Action("set_feed", (_governor(draws), market, count, field, draws.integer(50, 1_100)))]


def hub(stage: Stage, draws: Draws) -> list[Action]:
    """The governor mistakes one market's hub for another's."""
    markets = stage.world.markets
    return [Action("set_hub", (_governor(draws), draws.pick(markets), draws.pick(markets)))]


def intrude(stage: Stage, draws: Draws) -> list[Action]:
    """Somebody calls what is not his to call."""
    way, market = draws.integer(0, len(INTRUSIONS) - 1), draws.pick(stage.world.markets)
    return [Action("intrude", (draws.pick(TRADERS), way, market))]


def _governor(draws: Draws) -> int:
    return OPERATOR if draws.chance(80) else draws.integer(0, 9)
