"""Actions of collateral: in, out, sold, its prices and its terms; see `keel.sim.fuzz.perform`.

Amounts are token units of the kind; prices that sources are told have 8 decimals.
"""

from dataclasses import astuple, replace

from keel.evm.chain import Receipt
from keel.model.cold_records import CollateralTerms
from keel.model.oracle import OracleFeed
from keel.sdk.protocol import NO_LIMIT
from keel.sim.fuzz.action import Done
from keel.sim.fuzz.ghost import PRICE_UNIT
from keel.sim.fuzz.govern import NO_SEQUENCER, through_timelock
from keel.sim.fuzz.reader import Touched
from keel.sim.fuzz.world import World

# As the most that a buyer pays: anything.
ANY_COST = -1
# What `set_terms` changes, by number.
TERM_FIELDS = ("cap", "haircut_bps", "discount_bps", "fresh_seconds", "floor", "ceiling")


def deposit(world: World, sender: int, place: int, kind: int, tokens: int) -> Done:
    """Add collateral to an account."""
    receipt = world.send_collateral(sender, "deposit", world.ids[place], kind, tokens)
    world.expect_kind_price(kind)
    return Done(receipt)


def withdraw(world: World, sender: int, place: int, kind: int, tokens: int, to: int) -> Done:
    """Take collateral out."""
    target = world.senders[to]
    return Done(world.send_collateral(sender, "withdraw", world.ids[place], kind, tokens, target))


def buy(world: World, sender: int, place: int, kind: int, tokens: int, most: int, to: int) -> Done:
    """Buy collateral of an account; `most` ANY_COST is no limit."""
    limit, target = NO_LIMIT if most == ANY_COST else most, world.senders[to]
    receipt = world.send_collateral(sender, "buy", world.ids[place], kind, tokens, limit, target)
    world.expect_kind_price(kind)
    touched = _covered(world, receipt, place, (kind,))
    return Done(world.closed(receipt), paid_in=receipt.result.cost, touched=touched)


def cover(world: World, sender: int, place: int) -> Done:
    """Let insurance and pool pay a debt that no collateral is left for."""
    receipt = world.close(sender, "cover", world.ids[place])
    return Done(receipt, touched=_covered(world, receipt, place, ()))


def _covered(world: World, receipt: Receipt, place: int, kinds: tuple[int, ...]) -> Touched:
    """What a sale may have changed, which covers a debt that it leaves: in the market where it showed."""
    left = world.protocol.view("accountOf", world.ids[place])
    ended = left.collateral == 0 and left.markets == 0
    if not ended or not (left.balance < 0 or receipt.events("BadDebtCovered")):
        return Touched((place,), tokens=True, kinds=kinds)
    market = world.debt_market(place)
    return Touched((place,), ((place, market),), (market,), tokens=True, kinds=kinds)


def update_kind(world: World, sender: int, kind: int) -> Done:
    """Let the contract take a kind's price, and the twin of its hub as well."""
    receipt = world.send_collateral(sender, "updatePrice", kind)
    world.expect_kind_price(kind)
    return Done(receipt)


def tick_kind(world: World, kind: int, price: int) -> Done:
    """Let the source of a kind say a price, then update it."""
    publish_kind(world, kind, price)
    return update_kind(world, 0, kind)


def publish_kind(world: World, kind: int, price: int) -> Done:
    """Let the source of a kind say a price."""
    said, receipt = world.ghost.shelves[kind].source, None
    if said.price != price * PRICE_UNIT:
        said.price = price * PRICE_UNIT
        receipt = world.send(0, world.kind_sources[kind], "set", said.price)
    return Done(receipt)


def widen_kind(world: World, kind: int, spread: int) -> Done:
    """Let the source of a kind say a confidence."""
    world.ghost.shelves[kind].source.spread = spread * PRICE_UNIT
    return Done(world.send(0, world.kind_sources[kind], "setSpread", spread * PRICE_UNIT))


def fail_kind(world: World, kind: int, way: int) -> Done:
    """Make the source of a kind fail in one of its ways, or answer again: way 0."""
    receipt = world.send(0, world.kind_sources[kind], "fail", way)
    world.ghost.shelves[kind].source.fault = way
    return Done(receipt)


def set_terms(world: World, sender: int, kind: int, field: int, value: int) -> Done:
    """Change one term of a kind: the governor, through the timelock."""
    return _set(world, sender, kind, with_term(world.ghost.shelves[kind].terms, field, value))


def with_term(terms: CollateralTerms, field: int, value: int) -> CollateralTerms:
    """What `set_terms` asks for."""
    return replace(terms, **{TERM_FIELDS[field]: value})  # type: ignore[arg-type]


def set_kind_feed(world: World, sender: int, kind: int) -> Done:
    """Give a kind a new hub: its history starts anew, and so does the twin's."""
    shelf, keeper = world.ghost.shelves[kind], world.protocol.collateral
    feed = [world.kind_sources[kind].address], astuple(shelf.oracle.limits)
    hub = world.deploy("OracleHub", keeper, kind, feed, NO_SEQUENCER)
    done = _set(world, sender, kind, replace(shelf.terms, oracle=hub.address))
    shelf.oracle = OracleFeed(shelf.oracle.limits)
    return done


def _set(world: World, sender: int, kind: int, terms: CollateralTerms) -> Done:
    keeper = world.protocol.collateral
    receipt = through_timelock(world, sender, keeper, "setTerms", kind, astuple(terms))
    world.ghost.shelves[kind].terms = terms
    return Done(receipt)


def holding(_world: World, _sender: int, place: int, kind: int, *_rest: int) -> Touched:
    """What deposits, withdrawals and sales may change."""
    return Touched((place,), kinds=(kind,))


def account(_world: World, _sender: int, place: int, *_rest: int) -> Touched:
    """What covering a debt may change at least."""
    return Touched((place,), tokens=True)


def governed(_world: World, _sender: int, kind: int, *_rest: int) -> Touched:
    """What new terms may change, and an update."""
    return Touched(kinds=(kind,))


def ticked(_world: World, kind: int, _price: int) -> Touched:
    """What a tick may change."""
    return Touched(kinds=(kind,))
