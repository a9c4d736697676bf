"""Actions of the governor and the guardian, and of those who would like to be."""

from collections.abc import Callable, Mapping
from dataclasses import astuple, replace
from types import MappingProxyType
from typing import Any

from keel.evm.chain import NOBODY, Contract, Receipt
from keel.model.oracle import OracleFeed
from keel.model.records import MarketConfig, MarketLinks, SizeTiers
from keel.sim.fuzz.action import Done
from keel.sim.fuzz.moment import Rules
from keel.sim.fuzz.world import OPERATOR, World

# What `set_market` changes, by number: parameters of the config, then of the links, then of the brackets.
CONFIG_FIELDS = (
    "taker_fee_ppm",
    "deviation_fee_ppm",
    "insurance_fee_share_ppm",
    "max_exposure_ppm",
    "max_skew_ppm",
    "base_sigma_bps",
    "fresh_seconds",
    "stale_seconds",
    "heartbeat_seconds",
    "min_notional",
    "depth_per_share",
    "max_side_ppm",
    "hedge_percent",
    "target_bps",
)
LINK_FIELDS = ("keeper_share_bps", "window_ppm", "loss_cap_ppm")
BRACKET_FIELDS = (
    *("limit1", "limit2", "limit3"),
    *(f"{kind}{bracket}" for kind in ("maintenance", "initial") for bracket in (1, 2, 3, 4)),
    *("penalty_min_bps", "penalty_max_bps"),
)
# Number of what a pool pays for debts in a day.
LOSS_CAP = len(CONFIG_FIELDS) + LINK_FIELDS.index("loss_cap_ppm")
FIELDS = len(CONFIG_FIELDS) + len(LINK_FIELDS) + len(BRACKET_FIELDS)
# What `set_feed` changes, by number.
FEED_FIELDS = ("max_deviation_bps", "max_confidence_bps", "max_volatile_bps", "clamp_bps")

Parameters = tuple[MarketConfig, MarketLinks]

_NO_PREDECESSOR = bytes(32)
NO_SEQUENCER = NOBODY


def restrict(world: World, sender: int, market: int, level: int) -> Done:
    """Tighten a market's status for a while: the guardian, at once."""
    receipt = world.send_core(sender, "restrictMarket", market, level)
    world.refresh_rules(market)
    return Done(receipt)


def lift(world: World, sender: int, market: int) -> Done:
    """End a guardian's restriction whose time is over: anyone."""
    receipt = world.send_core(sender, "liftMarket", market)
    world.refresh_rules(market)
    return Done(receipt)


def hold(world: World, sender: int, market: int, level: int) -> Done:
    """Restrict a market for good: the governor, through the timelock."""
    receipt = through_timelock(world, sender, world.core, "holdMarket", market, level)
    world.ghost.held.discard(market)
    world.refresh_rules(market)
    return Done(receipt)


def reopen(world: World, sender: int, market: int) -> Done:
    """Open a market again: the governor, through the timelock."""
    receipt = through_timelock(world, sender, world.core, "reopenMarket", market)
    world.ghost.held.discard(market)
    world.refresh_rules(market)
    return Done(receipt)


def shut(world: World, sender: int, market: int) -> Done:
    """End a restricted market at the average of its price: the governor, through the timelock."""
    receipt = through_timelock(world, sender, world.core, "shutMarket", market)
    world.ghost.shut(market)
    world.refresh_rules(market)
    return Done(receipt)


def set_market(world: World, sender: int, market: int, field: int, value: int) -> Done:
    """Change one parameter of a market."""
    return _set(world, sender, market, with_parameter(world, world.rules[market], field, value))


def set_model(world: World, sender: int, market: int, model: int) -> Done:
    """Switch a market to a funding model by its number; beyond the last one stands what is no model."""
    return _set(world, sender, market, with_model(world, world.rules[market], model))


def set_hub(world: World, sender: int, market: int, other: int) -> Done:
    """Link a market to the hub of another one, or to its own again."""
    return _set(world, sender, market, with_hub(world, world.rules[market], other))


def set_tiers(
    world: World, sender: int, market: int, limit1: int, limit2: int, weight2: int, weight3: int
) -> Done:
    """Change the size tiers of a market: limits base WAD, weights 1e-6."""
    changed = with_tiers(world, world.rules[market], limit1, limit2, weight2, weight3)
    return _set(world, sender, market, changed)


def with_parameter(_world: World, rules: Rules, field: int, value: int) -> Parameters:
    """What `set_market` asks for."""
    name = (*CONFIG_FIELDS, *LINK_FIELDS, *BRACKET_FIELDS)[field]
    change: dict[str, Any] = {name: value}
    if name in LINK_FIELDS:
        return rules.config, replace(rules.links, **change)
    if name in BRACKET_FIELDS:
        change = {"brackets": replace(rules.config.brackets, **change)}
    return replace(rules.config, **change), rules.links


def parameter_now(rules: Rules, field: int) -> int:
    """The value of what `set_market` changes, by number."""
    name = (*CONFIG_FIELDS, *LINK_FIELDS, *BRACKET_FIELDS)[field]
    found = (part for part in (rules.config, rules.links, rules.config.brackets) if hasattr(part, name))
    return int(getattr(next(found), name))


def with_model(world: World, rules: Rules, model: int) -> Parameters:
    """What `set_model` asks for."""
    address = world.models[model].address if model < len(world.models) else world.token.address
    return replace(rules.config, funding_model=address), rules.links


def with_hub(world: World, rules: Rules, other: int) -> Parameters:
    """What `set_hub` asks for."""
    return rules.config, replace(rules.links, oracle=world.rules[other].links.oracle)


def with_tiers(
    _world: World, rules: Rules, limit1: int, limit2: int, weight2: int, weight3: int
) -> Parameters:
    """What `set_tiers` asks for."""
    return replace(rules.config, tiers=SizeTiers(limit1, limit2, weight2, weight3)), rules.links


def set_feed(world: World, sender: int, market: int, count: int, field: int, value: int) -> Done:
    """Give a market a new hub, over so many of its sources, one limit changed; a field below 0: none.

    Its history starts anew, and so does the twin's.
    """
    rules, limits = world.rules[market], world.ghost.oracles[market].limits
    if field >= 0:
        change: dict[str, Any] = {FEED_FIELDS[field]: value}
        limits = replace(limits, **change)
    sources = [source.address for source in world.sources[market][:count]]
    hub = world.deploy("OracleHub", world.core, market, (sources, astuple(limits)), NO_SEQUENCER)
    done = _set(world, sender, market, (rules.config, replace(rules.links, oracle=hub.address)))
    world.ghost.counts[market], world.ghost.oracles[market] = count, OracleFeed(limits)
    return done


def intrude(world: World, sender: int, way: int, market: int) -> Done:
    """Call, without any right to it, something that only a role or another contract may call."""
    target, function, arguments = INTRUSIONS[way % len(INTRUSIONS)](world, market)
    return Done(world.send(sender, target, function, *arguments))


def _set(world: World, sender: int, market: int, parameters: Parameters) -> Done:
    config, links = parameters
    arguments = (market, astuple(config), astuple(links))
    receipt = through_timelock(world, sender, world.core, "setMarket", *arguments)
    world.refresh_rules(market)
    return Done(receipt)


def through_timelock(world: World, sender: int, target: Contract, function: str, *arguments: Any) -> Receipt:
    """An operation of the governor, scheduled and executed at once."""
    calldata = target.abi.function(function).encode(arguments)
    world.ghost.salt += 1
    salt = world.ghost.salt.to_bytes(32, "big")
    operation = (target.address, 0, calldata, _NO_PREDECESSOR, salt)
    timelock = world.protocol.contracts.timelock
    world.send(sender, timelock, "schedule", *operation, 0)
    return world.send(OPERATOR, timelock, "execute", *operation)


# What each change of parameters asks for: of the world, the rules before, and the action's values.
CHANGES: Mapping[str, Callable[..., Parameters]] = MappingProxyType(
    {"set_market": with_parameter, "set_model": with_model, "set_hub": with_hub, "set_tiers": with_tiers}
)

_Intrusion = Callable[[World, int], tuple[Contract, str, tuple[Any, ...]]]


def _market_call(function: str) -> _Intrusion:
    def call(world: World, market: int) -> tuple[Contract, str, tuple[Any, ...]]:
        rules = world.rules[market]
        whole = (astuple(rules.config), astuple(rules.links))
        return world.core, function, whole if function == "listMarket" else (market, *whole)

    return call


def _core_call(function: str, *arguments: Any) -> _Intrusion:
    return lambda world, market: (world.core, function, tuple(_filled(world, market, arguments)))


def _filled(world: World, market: int, arguments: tuple[Any, ...]) -> list[Any]:
    known: Mapping[str, Any] = {"market": market, "me": world.senders[1], "account": world.ids[1]}
    return [known.get(argument, argument) for argument in arguments]


def _refresh(world: World, market: int) -> tuple[Contract, str, tuple[Any, ...]]:
    """A price of one's own choice for the hub to go on from."""
    return world.chain.at("OracleHub", world.rules[market].links.oracle), "refresh", (0,)


def _start(world: World, _market: int) -> tuple[Contract, str, tuple[Any, ...]]:
    """A second beginning, with an access manager of one's own."""
    return world.chain.at("KeelExtension", world.core.address), "start", (world.senders[1],)


# Ways in, by number.
INTRUSIONS: tuple[_Intrusion, ...] = (
    _market_call("listMarket"),
    _market_call("setMarket"),
    _core_call("reopenMarket", "market"),
    _core_call("restrictMarket", "market", 3),
    _core_call("holdMarket", "market", 3),
    _core_call("shutMarket", "market"),
    _core_call("setInsuranceVault", "me"),
    _core_call("poolDeposit", "market", 1, 0),
    _core_call("poolRedeem", "market", 1, "me"),
    _core_call("insuranceDeposit", 1, 0),
    _core_call("insuranceRedeem", 1, "me"),
    _core_call("settle", "account", "market", 0),
    _core_call("setCollateral", "me"),
    _core_call("noteCollateral", "account", 1),
    lambda world, _: (world.protocol.collateral, "setTerms", (1, astuple(world.ghost.shelves[1].terms))),
    lambda world, _: (
        world.protocol.collateral,
        "listKind",
        (world.core.address, astuple(world.ghost.shelves[1].terms)),
    ),
    _refresh,
    _start,
)
