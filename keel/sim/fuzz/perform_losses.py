"""Actions that end positions of others, and that share out what nobody has paid; see `perform`."""

from keel.sim.fuzz.action import Done
from keel.sim.fuzz.reader import Touched
from keel.sim.fuzz.world import BACKSTOP, World

# As a place: none of the cast.
NOBODY = BACKSTOP + 1
STRANGER = 12_345


def liquidate(world: World, sender: int, place: int) -> Done:
    """Liquidate; the reward goes to the sender's first account, and the core chooses the market."""
    receipt = world.close(sender, "liquidate", world.ids[place])
    market = receipt.result.market
    taken = ((BACKSTOP, market),) if receipt.events("BackstopFilled") else ()
    accounts = tuple(dict.fromkeys((place, sender, *(where for where, _ in taken))))
    touched = Touched(accounts, ((place, market), *taken), (market,), insurance=True)
    return Done(receipt, touched=touched)


def liquidate_batch(world: World, sender: int, *places: int) -> Done:
    """Liquidate whoever of these can be."""
    return Done(world.close(sender, "liquidateBatch", [world.ids[place] for place in places]))


def unwind(world: World, sender: int, market: int) -> Done:
    """Close a piece of the insurance's own position."""
    return Done(world.close(sender, "unwind", market))


def resolve(world: World, sender: int, market: int, *places: int) -> Done:
    """Take accounts through the present pass of a resolution; NOBODY is one that never had anything."""
    ids = [world.ids[place] if place < NOBODY else STRANGER for place in places]
    return Done(world.close(sender, "resolve", market, ids))


def deleverage(world: World, sender: int, market: int) -> Done:
    """Begin to share out what a pool lacks."""
    return Done(world.close(sender, "deleverage", market))


def liquidation(world: World, sender: int, *places: int) -> Touched:
    """What `liquidate` and `liquidate_batch` may change."""
    accounts = tuple(dict.fromkeys((*places, sender, BACKSTOP)))
    positions = tuple(
        (place, market) for place in dict.fromkeys((*places, BACKSTOP)) for market in world.markets
    )
    return Touched(accounts, positions, world.markets, insurance=True)


def unwound(_world: World, _sender: int, market: int) -> Touched:
    """What `unwind` may change."""
    return Touched((BACKSTOP,), ((BACKSTOP, market),), (market,), insurance=True)


def resolved(_world: World, _sender: int, market: int, *places: int) -> Touched:
    """What `resolve` may change: the insurance's own position goes first."""
    members = tuple(dict.fromkeys((BACKSTOP, *(place for place in places if place != NOBODY))))
    return Touched(members, tuple((place, market) for place in members), (market,), insurance=True)
