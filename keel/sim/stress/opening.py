"""Everybody opens: real deposits and real trades, under the margin rules of the moment."""

from collections.abc import Sequence
from typing import Any

from keel.errors import ConfigError, Reverted
from keel.sim.stress.people import Person
from keel.sim.stress.record import Opening
from keel.sim.stress.sizing import Holding
from keel.sim.stress.world import World
from keel.units import WAD

_UNIT = 10**6
# One quote on top, so that floors of token units and prices never keep anybody out.
_CRUMB = WAD
_TRIES = 3


def open_all(world: World, people: Sequence[Person]) -> tuple[Opening, ...]:
    """Open every account; gives each market, by place.

    Who asks for more leverage than the initial margin allows pays in what is missing.

    Raises:
        ConfigError: The market refused somebody: sizes or fill are beyond its limits.
    """
    limited = {person.account for person in people if _open(world, person)}
    return tuple(_opening(world, market, people, limited) for market in world.markets)


def holding(view: Any, index: int) -> Holding | None:
    """A position of an account of one position, from the lens's AccountView; None if it has none."""
    if not view.positions:
        return None
    size = view.positions[0].position.size
    value = abs(size) * index // WAD
    maintenance = view.health.maintenance / value
    return Holding(1 if size > 0 else -1, value / WAD, view.health.equity / WAD, maintenance)


def _open(world: World, person: Person) -> bool:
    """Whether the initial margin allowed less leverage than was asked for."""
    protocol, market = world.protocol, person.market
    index = protocol.view("marketOf", market).price.index
    size = person.notional * WAD // index
    quoted = protocol.chain.call(protocol.contracts.lens, "quoteTrade", market, size)
    slippage = max(quoted.cost - person.notional, 0)
    margin = abs(person.notional) * _UNIT // person.leverage + quoted.fee + slippage + _CRUMB
    protocol.deposit(person.account, world.tokens(margin), person.owner)
    for attempt in range(_TRIES):
        try:
            protocol.trade(person.account, market, size, person.owner)
        except Reverted as refusal:
            if refusal.error != "MarginTooLow":
                raise ConfigError(
                    f"an account of {abs(person.notional) // WAD:,} could not open ({refusal})",
                    "use a lower fill or more accounts",
                ) from None
            missing = refusal.named["required"] - refusal.named["equity"] + _CRUMB
            protocol.deposit(person.account, world.tokens(missing), person.owner)
        else:
            return attempt > 0
    raise ConfigError("an account never met the initial margin", "use a lower leverage")


def _opening(world: World, market: int, people: Sequence[Person], limited: set[int]) -> Opening:
    ids = [person.account for person in people if person.market == market]
    view = world.protocol.market(market)
    index = view.state.price.index
    held = [one for one in (holding(seen, index) for seen in world.accounts(ids)) if one]
    return Opening(
        time=world.time,
        index=index,
        values=tuple(one.value for one in held),
        long_value=view.state.longInterest * index // WAD,
        short_value=view.state.shortInterest * index // WAD,
        margin=int(sum(one.equity for one in held) * _UNIT) * WAD // _UNIT,
        limited=len(limited.intersection(ids)),
        most_leverage=int(max(one.value / one.equity for one in held) * _UNIT) * WAD // _UNIT,
        utilization=view.utilization,
        premium=view.premium,
        pool=view.equity,
    )
