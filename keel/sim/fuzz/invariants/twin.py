"""The strongest check: the model predicts every book that a call leaves, and every error that refuses it.

The whole-protocol twin starts from the books before the call: a difference shows in the step that makes it.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from copy import copy
from types import MappingProxyType

from keel.model.cold_records import LiquidationBook, Window
from keel.model.errors import Refused, Truncated
from keel.model.ledger import Ledger
from keel.model.records import Account, EscrowOutcome, Position
from keel.model.validity import Price
from keel.sdk.protocol import NO_LIMIT
from keel.sim.fuzz.ghost import INSURANCE, Push
from keel.sim.fuzz.govern import CHANGES
from keel.sim.fuzz.invariants.base import Check, require
from keel.sim.fuzz.invariants.twin_collateral import COLLATERAL_CALLS, add_collateral, compare_kinds
from keel.sim.fuzz.perform import ANY_PRICE
from keel.sim.fuzz.perform_losses import NOBODY, STRANGER
from keel.sim.fuzz.stage import Step
from keel.sim.fuzz.world import ACCOUNTS

# Id of this check; the catalogue has no number for it.
TWIN = "TWIN"

# Refusals of vaults, tokens and governance, which the twin of the core does not have.
_OUTSIDE = frozenset(
    {
        *("TransferFromFailed", "ERC20InsufficientBalance", "ZeroShares", "NotClaimable", "NotController"),
        *("AccessManagedUnauthorized", "AccessControlUnauthorizedAccount"),
        *("ParameterOutOfBounds", "FundingModelUnknown", "HubUnknown", "TooFew"),
    }
)


_FOR_OTHERS = frozenset({"trade", "update_trade", "withdraw", "collateral_deposit", "collateral_withdraw"})


def twin(step: Step) -> int:
    """The model predicts what every call does, and which error refuses it."""
    if step.refusal is not None and step.error.error in _OUTSIDE:
        return 0
    ledger, refusal = _ledger_before(step), None
    try:
        _CALLS[step.action.name](ledger, step)
    except Refused as refused:
        refusal = refused.error
    except Truncated as truncated:
        require(False, "the contract goes on with a wrong number", truncated)
    found = step.refusal and step.refusal.error
    require(found == refusal, "refused with", found, "predicted", refusal)
    if refusal is None:
        _compare(ledger, step)
    return 1


def _ledger_before(step: Step) -> Ledger:
    world, books = step.world, step.before.books
    funding = {model.address: model.twin for model in world.models}
    ledger = Ledger(world.token_scale, funding, world.core.address)
    ledger.booked_tokens, ledger.insurance_assets = books.totals.booked, books.totals.insurance
    ledger.insurance_shares = books.totals.insurance_shares
    ledger.insurance_vault = int(world.vault(INSURANCE).address, 16)
    ledger.markets = {market: copy(m) for market, m in books.markets.items()}
    ledger.configs = {market: rules.config for market, rules in step.before.rules.items()}
    ledger.links = {market: rules.links for market, rules in step.before.rules.items()}
    accounts = {world.ids[place]: copy(account) for place, account in enumerate(books.accounts)}
    ledger.accounts = defaultdict(Account, accounts)
    positions = {(world.ids[place], market): copy(p) for (place, market), p in books.positions.items()}
    ledger.positions = defaultdict(Position, positions)
    for market in books.markets:
        windows = _window(step.pushes.get(market)), _window(step.losses.get(market))
        ledger.liquidation_books[market] = LiquidationBook(*windows, books.resolutions[market])
    ledger.resolution_marks = {(world.ids[p], market): mark for (p, market), mark in books.marks.items()}
    add_collateral(ledger, step)
    _add_escrow(ledger, step)
    _add_operator(ledger, step)
    return ledger


def _window(push: Push | None) -> Window:
    return Window(push.pushed, push.at) if push else Window()


def _add_escrow(ledger: Ledger, step: Step) -> None:
    books, ids = step.before.books, step.world.ids
    for market, escrow in books.escrows.items():
        ledger.escrows[market] = copy(escrow)
    for (place, market), claim in books.claims.items():
        if claim.period:
            ledger.escrow_claims[ids[place], market] = copy(claim)
    for market, stretches in books.stretches.items():
        for number, _, confirmed in stretches:
            if confirmed is not None:
                outcome = EscrowOutcome.CONFIRMED if confirmed else EscrowOutcome.REJECTED
                ledger.escrow_outcomes[market, number] = outcome


def _add_operator(ledger: Ledger, step: Step) -> None:
    if step.action.name in _FOR_OTHERS:
        sender, place = step.action.args[:2]
        if sender != ACCOUNTS[place][0] and step.world.is_operator(place, sender):
            ledger.operators.add((step.world.ids[place], int(step.world.senders[sender], 16)))


def _compare(ledger: Ledger, step: Step) -> None:
    books, ids = step.after.books, step.world.ids
    for place in step.touched.accounts:
        found, expected = books.accounts[place], ledger.accounts[ids[place]]
        require(found == expected, "place", place, "found", found, "predicted", expected)
    for place, market in step.touched.positions:
        held, predicted = books.positions[place, market], ledger.positions[ids[place], market]
        require(held == predicted, "place", place, "market", market, "found", held, "predicted", predicted)
        has, had = books.claims[place, market], ledger.escrow_claim_of(ids[place], market)[0]
        require(has == had, "place", place, "market", market, "found", has, "predicted", had)
        mark, due = books.marks[place, market], ledger.resolution_mark_of(ids[place], market)
        require(mark == due, "place", place, "market", market, "found", mark, "predicted", due)
    for market in step.touched.markets:
        m, foretold = books.markets[market], ledger.markets[market]
        require(m == foretold, "market", market, "found", m, "predicted", foretold)
        escrow, waiting = books.escrows[market], ledger.escrow_of(market)
        require(escrow == waiting, "market", market, "found", escrow, "predicted", waiting)
        config, asked = step.after.rules[market].config, ledger.configs[market]
        require(config == asked, "market", market, "parameters", config, "predicted", asked)
    for market in step.touched.markets:
        kept, ghost = ledger.liquidation_books[market], step.world.ghost
        known = _window(ghost.pushes.get(market)), _window(ghost.losses.get(market))
        require((kept.pushed, kept.losses) == known, "market", market, "windows", known, "predicted", kept)
        r = books.resolutions[market]
        require(r == kept.resolution, "market", market, "resolution", r, "predicted", kept.resolution)
    compare_kinds(ledger, step)
    totals = (books.totals.booked, books.totals.insurance, books.totals.insurance_shares)
    said = (ledger.booked_tokens, ledger.insurance_assets, ledger.insurance_shares)
    require(totals == said, "totals", totals, "predicted", said)


def _order(step: Step) -> tuple[int, str, int, int, int, int, int]:
    sender, place, market, size, limit, deadline = step.action.args
    price = (NO_LIMIT if size > 0 else 0) if limit == ANY_PRICE else limit
    now, world = step.before.now, step.world
    return now, world.senders[sender], world.ids[place], market, size, price, now + deadline


def _trade(ledger: Ledger, step: Step) -> None:
    ledger.trade(*_order(step))


def _deposit(ledger: Ledger, step: Step) -> None:
    _, place, tokens = step.action.args
    ledger.deposit(step.world.ids[place], tokens)


def _withdraw(ledger: Ledger, step: Step) -> None:
    sender, place, tokens, to = step.action.args
    world = step.world
    ledger.withdraw(step.before.now, world.senders[sender], world.ids[place], tokens, world.senders[to])


def _liquidate(ledger: Ledger, step: Step) -> None:
    sender, place = step.action.args
    told = ledger.liquidate(step.before.now, step.world.senders[sender], step.world.ids[place])
    if step.refusal is None:
        require(told == tuple(step.receipt.result), "result", step.receipt.result, "predicted", told)


def _liquidate_batch(ledger: Ledger, step: Step) -> None:
    sender, *places = step.action.args
    ids = [step.world.ids[place] for place in places]
    done = ledger.liquidate_batch(step.before.now, step.world.senders[sender], ids)
    require(done == step.receipt.result, "liquidated", step.receipt.result, "predicted", done)


def _unwind(ledger: Ledger, step: Step) -> None:
    ledger.unwind(step.before.now, step.action.args[1])


def _resolve(ledger: Ledger, step: Step) -> None:
    _, market, *places = step.action.args
    ids = [step.world.ids[place] if place < NOBODY else STRANGER for place in places]
    done = ledger.resolve(step.before.now, market, ids)
    if step.refusal is None:
        require(done == step.receipt.result, "went through", step.receipt.result, "predicted", done)


def _deleverage(ledger: Ledger, step: Step) -> None:
    ledger.deleverage(step.before.now, step.action.args[1])


def _shut(ledger: Ledger, step: Step) -> None:
    ledger.shut_market(step.before.now, step.action.args[1])


def _accrue(ledger: Ledger, step: Step) -> None:
    ledger.accrue(step.before.now, step.action.args[1])


def _claim_funding(ledger: Ledger, step: Step) -> None:
    _, place, market = step.action.args
    ledger.claim_funding(step.before.now, step.world.ids[place], market)


def _update_price(ledger: Ledger, step: Step) -> None:
    _, market = step.action.args
    ledger.store_price(step.before.now, market, _taken(step, market))


def _update_trade(ledger: Ledger, step: Step) -> None:
    ledger.update_and_trade(*_order(step), _taken(step, step.action.args[2]))


def _taken(step: Step, market: int) -> Price:
    """What the hub answered; a call that was refused left no trace of it."""
    world, now = step.world, step.before.now
    last = world.ghost.expected[market]
    if step.refusal is None or last.at == now:
        return last
    return world.ghost.copy().oracles[market].refresh(last, world.quotes(market), now)


def _stake(ledger: Ledger, step: Step) -> None:
    _, vault, tokens, *_ = step.action.args
    address = step.world.vault(vault).address
    if vault == INSURANCE:
        ledger.insurance_deposit(step.before.now, address, tokens)
    else:
        ledger.pool_deposit(step.before.now, address, vault, tokens)


def _redeem(ledger: Ledger, step: Step) -> None:
    _, vault, shares, controller, *_ = step.action.args
    address, to = step.world.vault(vault).address, step.world.senders[controller]
    if vault == INSURANCE:
        ledger.insurance_redeem(step.before.now, address, shares, to)
    else:
        ledger.pool_redeem(step.before.now, address, vault, shares, to)


def _set(ledger: Ledger, step: Step) -> None:
    _, market, *values = step.action.args
    parameters = CHANGES[step.action.name](step.world, step.before.rules[market], *values)
    ledger.set_market(step.before.now, market, *parameters)


_CALLS: Mapping[str, Callable[[Ledger, Step], None]] = MappingProxyType(
    {
        "trade": _trade,
        "deposit": _deposit,
        "withdraw": _withdraw,
        "liquidate": _liquidate,
        "liquidate_batch": _liquidate_batch,
        "unwind": _unwind,
        "resolve": _resolve,
        "deleverage": _deleverage,
        "shut": _shut,
        "accrue": _accrue,
        "claim_funding": _claim_funding,
        "update_price": _update_price,
        "update_trade": _update_trade,
        "stake": _stake,
        "redeem": _redeem,
        **dict.fromkeys(CHANGES, _set),
        **COLLATERAL_CALLS,
    }
)

TWIN_CHECKS = (
    Check(TWIN, twin, frozenset(_CALLS)),
    Check(TWIN, twin, frozenset(_CALLS), refused=True),
)
