"""Calls of collateral as the twin makes them; see `keel.sim.fuzz.invariants.twin`."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from keel.model.ledger import Ledger
from keel.model.validity import Price
from keel.sdk.protocol import NO_LIMIT
from keel.sim.fuzz.invariants.base import require
from keel.sim.fuzz.perform_collateral import ANY_COST, with_term
from keel.sim.fuzz.stage import Step


def add_collateral(ledger: Ledger, step: Step) -> None:
    """Put kinds and holdings before a call into the ledger."""
    world, books = step.world, step.before.books
    ledger.collateral = int(world.protocol.collateral.address, 16)
    ledger.collateral_kinds = {kind: record.listed for kind, record in books.kinds.items()}
    ledger.collateral_prices = {kind: record.price for kind, record in books.kinds.items()}
    ledger.collateral_held = {
        (world.ids[place], kind): held for (place, kind), held in books.holdings.items()
    }
    if step.action.name in ("cover", "collateral_buy"):
        # Neither changes where the debt showed.
        place = step.action.args[1]
        ledger.debt_markets = {world.ids[place]: world.debt_market(place)}


def compare_kinds(ledger: Ledger, step: Step) -> None:
    """Compare kinds and holdings after a call; complains like `require`."""
    books, ids = step.after.books, step.world.ids
    for kind in step.touched.kinds:
        record, said = books.kinds[kind], (ledger.collateral_kinds[kind], ledger.collateral_prices[kind])
        require((record.listed, record.price) == said, "kind", kind, "found", record, "predicted", said)
    kept = {
        (place, kind): held
        for place in step.touched.accounts
        for kind in books.kinds
        if (held := ledger.held_of(ids[place], kind))
    }
    has = {key: held for key, held in books.holdings.items() if key[0] in step.touched.accounts}
    require(has == kept, "holdings", has, "predicted", kept)


def _deposit(ledger: Ledger, step: Step) -> None:
    sender, place, kind, tokens = step.action.args
    ids, senders, now = step.world.ids, step.world.senders, step.before.now
    ledger.collateral_deposit(now, senders[sender], ids[place], kind, tokens, _taken(step, kind))


def _withdraw(ledger: Ledger, step: Step) -> None:
    sender, place, kind, tokens, to = step.action.args
    ids, senders, now = step.world.ids, step.world.senders, step.before.now
    ledger.collateral_withdraw(now, senders[sender], ids[place], kind, tokens, senders[to])


def _buy(ledger: Ledger, step: Step) -> None:
    _, place, kind, tokens, most, _ = step.action.args
    limit = NO_LIMIT if most == ANY_COST else most
    told = ledger.collateral_buy(
        step.before.now, step.world.ids[place], kind, tokens, limit, _taken(step, kind)
    )
    if step.refusal is None:
        require(told == tuple(step.receipt.result), "result", step.receipt.result, "predicted", told)


def _cover(ledger: Ledger, step: Step) -> None:
    ledger.cover(step.before.now, step.world.ids[step.action.args[1]])


def _update(ledger: Ledger, step: Step) -> None:
    kind = step.touched.kinds[0]
    ledger.store_kind_price(step.before.now, kind, _taken(step, kind))


def _set_terms(ledger: Ledger, step: Step) -> None:
    _, kind, *change = step.action.args
    terms = step.before.books.kinds[kind].listed.terms
    # The address of a new hub nobody foretells.
    wanted = with_term(terms, *change) if change else step.world.ghost.shelves[kind].terms
    ledger.set_terms(step.before.now, kind, wanted)


def _taken(step: Step, kind: int) -> Price:
    """What the hub answered; a call that was refused left no trace of it."""
    shelf = step.world.ghost.shelves.get(kind)
    if shelf is None:
        return Price()
    return shelf.price if step.refusal is None else shelf.copy().next_price(step.before.now)


COLLATERAL_CALLS: Mapping[str, Callable[[Ledger, Step], None]] = MappingProxyType(
    {
        "collateral_deposit": _deposit,
        "collateral_withdraw": _withdraw,
        "collateral_buy": _buy,
        "cover": _cover,
        "update_kind": _update,
        "tick_kind": _update,
        "set_terms": _set_terms,
        "set_kind_feed": _set_terms,
    }
)
