"""Sales of collateral: of whom, how much, at what price, and what they leave."""

from typing import NamedTuple

from keel.errors import Reverted
from keel.model.fixed import div_ceil
from keel.model.validity import Action as Column
from keel.model.validity import allows
from keel.sim.fuzz.invariants.base import at_taken_price, require
from keel.sim.fuzz.moment import Moment
from keel.sim.fuzz.stage import Stage, Step
from keel.units import BPS, WAD

# Debt up to this part of what the collateral counts for waits.
_DEBT_PART = 100
# What collateral counts for is a floor of each kind.
_DUST = 2


class Sale(NamedTuple):
    """What an account may sell of a kind.

    Attributes:
        amount: Settlement tokens, quote WAD; 0: it need not sell.
        discount: Bps.
    """

    amount: int
    discount: int


def sale_of(moment: Moment, place: int, kind: int) -> Sale:
    """What an account may sell of a kind at the stored prices."""
    health, worth, k = moment.health(place), moment.worth(place), moment.books.kinds[kind]
    debt, haircut = max(-moment.books.accounts[place].balance, 0), k.haircut(moment.now)
    ratio = WAD
    if health.maintenance:
        ratio = min(max(health.equity_better, 0) * WAD // health.maintenance, WAD)
    discount = max(haircut * (WAD - ratio) // WAD, k.least_discount(moment.now))
    missing = health.maintenance - health.equity_better
    if missing <= 0:
        return Sale(0 if debt <= worth.value // _DEBT_PART else debt, discount)
    most = missing + worth.better
    if discount < haircut:
        most = min(most, div_ceil(missing * (BPS - discount), haircut - discount))
    return Sale(max(debt, most), discount)


def allowed(moment: Moment, place: int) -> bool:
    """Whether the prices of an account's markets are good for a liquidation, which a sale needs, too."""
    return all(allows(moment.validity(market), Column.LIQUIDATE) for market in moment.held(place))


def inv_75(step: Step) -> int:
    """Only who must sells, only what he must, at the better of index and average less the discount due."""
    _, place, kind, tokens, *_ = step.action.args
    moment = at_taken_price(step, kind)
    k = moment.books.kinds[kind]
    require(k.valid(step.before.now), "price", k.price, "now", step.before.now)
    require(allowed(moment, place), "place", place, "markets", moment.held(place))
    due, held = sale_of(moment, place, kind), moment.books.holdings[place, kind]
    require(due.amount > 0, "place", place, "health", moment.health(place), "worth", moment.worth(place))
    told = step.receipt.event("CollateralSold").args
    require(told["discountBps"] == due.discount, "discount", told["discountBps"], "expected", due.discount)
    asked = k.asked * (BPS - due.discount)
    most = div_ceil(due.amount * k.unit * BPS, asked)
    bought, cost = step.receipt.result
    fair = min(most, tokens, held)
    require(bought == fair, "bought", bought, "of", held, "wanted", tokens, "to sell", most)
    price = div_ceil(div_ceil(bought * asked, k.unit * BPS), step.world.token_scale)
    require(cost == price, "cost", cost, "expected", price, "bought", bought)
    return 1


def inv_75_equity(step: Step) -> int:
    """A sale lowers no equity of the account, and all that an unhealthy one may sell heals it."""
    _, place, kind, *_ = step.action.args
    moment = at_taken_price(step, kind)
    old, new = moment.health(place), step.after.health(place)
    for name in ("equity", "equity_worse", "equity_better", "withdrawable"):
        was, now = getattr(old, name), getattr(new, name)
        require(now >= was - _DUST, "place", place, name, was, "to", now)
    due, k = sale_of(moment, place, kind), moment.books.kinds[kind]
    most = div_ceil(due.amount * k.unit * BPS, k.asked * (BPS - due.discount))
    if step.receipt.result.bought == most:
        balance = step.after.books.accounts[place].balance
        well = new.equity_better >= new.maintenance - _DUST and balance >= 0
        require(well, "place", place, "health", new, "balance", balance)
    return 1


def inv_75_refused(step: Step) -> int:
    """Nobody is told that an account need not sell, or that its price is another, where that is not so."""
    error = step.error.error
    if error not in ("NothingToSell", "CostTooHigh", "NothingToCover"):
        return 0
    _, place, *rest = step.action.args
    account = step.before.books.accounts[place]
    if error == "NothingToCover":
        idle = account.markets or account.collateral or account.balance >= 0
        require(bool(idle) or not step.world.debt_market(place), "place", place, "owes", -account.balance)
        return 1
    kind = rest[0]
    moment = _at_price(step, kind)
    due = sale_of(moment, place, kind)
    if error == "NothingToSell":
        require(due.amount == 0, "place", place, "may sell", due, "health", moment.health(place))
    else:
        cost, most = step.error.values
        require(due.amount > 0 and cost > most == rest[2], "cost", cost, "of", most, "asked", rest[2])
    return 1


def _at_price(step: Step, kind: int) -> Moment:
    """The moment before a refused sale, with the price that it would have taken."""
    price = step.world.ghost.shelves[kind].copy().next_price(step.before.now)
    return step.before.with_price(kind, price)


def worths(stage: Stage) -> int:
    """What collateral counts for, and what may be sold, is shown as prices, terms and holdings have it."""
    world, present, checked = stage.world, stage.present, 0
    keeper, ask = world.protocol.collateral, world.chain.call
    for place, account in enumerate(present.books.accounts):
        if not account.collateral:
            continue
        worth, noted = present.worth(place), account.collateral
        shown = tuple(ask(keeper, "valueOf", world.ids[place], noted))
        require(shown == worth[:3], "place", place, "shown", shown, "expected", worth)
        proceeds = ask(keeper, "proceedsOf", world.ids[place], noted)
        require(proceeds == worth.proceeds, "place", place, "proceeds", proceeds, "expected", worth.proceeds)
        for kind in present.holdings(place) if allowed(present, place) else ():
            _compare_sale(stage, place, kind)
        checked += 1
    return checked


def _compare_sale(stage: Stage, place: int, kind: int) -> None:
    world, due = stage.world, sale_of(stage.present, place, kind)
    try:
        shown = tuple(world.chain.call(world.protocol.collateral, "saleOf", world.ids[place], kind))
    except Reverted as refusal:
        require(refusal.error == "NothingToSell" and due.amount == 0, "refused", refusal, "expected", due)
        return
    require(shown == tuple(due), "place", place, "kind", kind, "shown", shown, "expected", due)
