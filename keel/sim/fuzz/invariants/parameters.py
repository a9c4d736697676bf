"""A change of parameters: it says what it changes, comes after funding up to now, and takes from nobody."""

from dataclasses import astuple, replace

from keel.sim.fuzz.govern import CHANGES
from keel.sim.fuzz.invariants.base import require
from keel.sim.fuzz.invariants.statuses import STATUS_ACTIONS, asked_status
from keel.sim.fuzz.stage import Step


def inv_13_governed(step: Step) -> int:
    """Parameters change only after funding up to now is accrued, and leave what every position owes."""
    market, positions = step.action.args[1], step.after.books.positions
    accrued = step.after.books.markets[market].accrued_at
    require(accrued == step.after.now, "accrued up to", accrued, "now", step.after.now)
    for place, where in positions:
        if where == market:
            old, new = step.before.due(place, market), step.after.due(place, market)
            require(new == old, "place", place, "market", market, "owed", old, "now owes", new)
    return 1


def inv_13_in_use(step: Step) -> int:
    """Size tiers change, and hedges count less, while nobody has a position, and only then."""
    market = step.action.args[1]
    m, rules = step.before.books.markets[market], step.before.rules[market].config
    config, _ = CHANGES[step.action.name](step.world, step.before.rules[market], *step.action.args[2:])
    stricter = config.tiers != rules.tiers or config.hedge_percent < rules.hedge_percent
    locked = stricter and bool(m.long_interest or m.short_interest)
    refused = step.refusal is not None and step.error.error == "MarketInUse"
    require(refused == locked, "market", market, "refused", refused, "in use and changed", locked)
    return 1


def inv_13_in_use_refused(step: Step) -> int:
    """A market is called in use only while somebody has a position that would suffer."""
    return inv_13_in_use(step) if step.error.error == "MarketInUse" else 0


def inv_56_change(step: Step) -> int:
    """A change of parameters changes what it says, and nothing else."""
    _, market, *values = step.action.args
    old, new = step.before.rules[market], step.after.rules[market]
    if step.action.name in STATUS_ACTIONS:
        wanted = replace(old.config, status=asked_status(step)), old.links
    else:
        wanted = CHANGES[step.action.name](step.world, old, *values)
    require((new.config, new.links) == wanted, "market", market, "found", new.config, "asked for", wanted[0])
    return 1


def inv_56_feed(step: Step) -> int:
    """A new hub has the sources and limits it was given, serves this market, and nothing else changes."""
    _, market, count, *_ = step.action.args
    old, new, world = step.before.rules[market], step.after.rules[market], step.world
    hub = world.chain.at("OracleHub", new.links.oracle)
    wanted = old.config, replace(old.links, oracle=hub.address)
    require((new.config, new.links) == wanted, "market", market, "found", new.links, "asked for", wanted[1])
    serves = world.chain.call(hub, "CORE"), world.chain.call(hub, "MARKET")
    require(serves == (world.core.address, market), "serves", serves)
    sources, limits = world.chain.call(hub, "feed")
    told = [source.address for source in world.sources[market][:count]]
    require(list(sources) == told, "sources", sources, "given", told)
    asked = astuple(world.ghost.oracles[market].limits)
    require(tuple(limits) == asked, "limits", limits, "given", asked)
    return 1


def inv_56_hub(step: Step) -> int:
    """No market is linked to the hub of another."""
    _, market, other = step.action.args
    require(market == other, "market", market, "has the hub of", other)
    return 1


def inv_56_no_hub(step: Step) -> int:
    """A hub is refused as unknown only if it serves another market."""
    if step.error.error != "HubUnknown":
        return 0
    _, market, other = step.action.args
    require(market != other, "market", market, "its own hub", step.error)
    return 1


def inv_56_no_model(step: Step) -> int:
    """What is no funding model is refused as one, and nothing else is."""
    if step.error.error != "FundingModelUnknown":
        return 0
    model = step.action.args[2]
    unknown = step.action.name == "set_model" and model >= len(step.world.models)
    require(unknown, "model", model)
    return 1
