"""Probes that do something in two ways and compare; nothing of it stays."""

from collections.abc import Sequence
from itertools import permutations

from keel.errors import Reverted
from keel.model import curve
from keel.model.fixed import PPM
from keel.model.ledger.books import STATUS_RESOLVING
from keel.model.validity import Validity
from keel.sim.fuzz.action import Action
from keel.sim.fuzz.fills import worse_price
from keel.sim.fuzz.invariants.base import require
from keel.sim.fuzz.invariants.liquidation import trigger
from keel.sim.fuzz.perform import ANY_PRICE
from keel.sim.fuzz.stage import Stage, Step
from keel.sim.fuzz.world import ACCOUNTS, OPERATOR
from keel.units import WAD

# Each cost is at most 2 wei above the exact one.
_COST_DUST = 4


def together(stage: Stage, place: int, market: int, size: int) -> int:
    """Taking a price and trading in one call is what two calls in one block are."""
    owner = ACCOUNTS[place][0]
    order = (owner, place, market, size, ANY_PRICE, 0)
    with stage.aside():
        first = stage.apply(Action("update_price", (owner, market)))
        apart = stage.apply(Action("trade", order))
        books_apart = stage.present.books
    with stage.aside():
        at_once = stage.apply(Action("update_trade", order))
        books_at_once = stage.present.books
    errors = [
        refusal and refusal.error for refusal in (_before_trade(first) or apart.refusal, at_once.refusal)
    ]
    require(errors[0] == errors[1], "apart", errors[0], "at once", errors[1])
    if first.refusal is None and at_once.refusal is None:
        require(books_apart == books_at_once, "apart", books_apart, "at once", books_at_once)
    return 1


def _before_trade(first: Step) -> Reverted | None:
    """Why a price was refused, where that is not about the price: then there is no trade, either."""
    return first.refusal if first.refusal is not None and first.error.error == "MarketShut" else None


def path(stage: Stage, place: int, market: int, first: int, second: int) -> int:
    """Two trades cost what one of their sum costs, and coming back never pays."""
    whole = _costs(stage, market, [(place, first + second)])
    parts = _costs(stage, market, [(place, first), (place, second)])
    back = _costs(stage, market, [(place, first), (place, -first)])
    if back is not None:
        require(back[0] >= 0, "cost of there and back", back[0])
    if whole is None or parts is None:
        return int(back is not None)
    gap, same_side = parts[0] - whole[0], (first > 0) == (second > 0)
    require(gap >= -_COST_DUST, "parts", parts[0], "whole", whole[0])
    require(gap <= _COST_DUST or not same_side, "parts", parts[0], "whole", whole[0])
    return 2


def split(stage: Stage, place: int, other: int, market: int, first: int, second: int) -> int:
    """Cutting a trade in pieces, over two accounts as well, does not lower what is charged for it."""
    checked = 0
    whole = _costs(stage, market, [(place, first + second)])
    for accounts in ((place, place), (place, other)):
        parts = _costs(stage, market, [(accounts[0], first), (accounts[1], second)])
        if whole is None or parts is None:
            continue
        require(parts[1] >= whole[1] - _COST_DUST, "fees of parts", parts[1], "of the whole", whole[1])
        paid, alone = sum(parts), sum(whole)
        require(paid >= alone - 2 * _COST_DUST, "parts", paid, "whole", alone)
        checked += 1
    return checked


def _costs(stage: Stage, market: int, trades: list[tuple[int, int]]) -> tuple[int, int] | None:
    """Cost and fees of trades one after the other, quote WAD; None if one is refused."""
    cost = fee = 0
    with stage.aside():
        for place, size in trades:
            step = stage.apply(_trade(place, market, size))
            if step.refusal is not None:
                return None
            paid = step.receipt.result
            cost, fee = cost + paid.cost, fee + paid.fee
    return cost, fee


def _trade(place: int, market: int, size: int) -> Action:
    return Action("trade", (ACCOUNTS[place][0], place, market, size, ANY_PRICE, 0))


def self_liquidation(stage: Stage, place: int) -> int:
    """Whoever liquidates himself ends with no more than if he had closed, in the best order for him."""
    owner = ACCOUNTS[place][0]
    health = stage.present.health(place)
    equity, limit = trigger(health)
    # Below zero at the index an account is bankrupt and pays no penalty, whatever the curve gives.
    if equity >= limit or health.equity <= 0:
        return 0
    closed = [_wealth_after(stage, place, order) for order in permutations(stage.present.held(place))]
    liquidated = _wealth_after(stage, place, (), own=owner)
    known = [wealth for wealth in closed if wealth is not None]
    if not known or liquidated is None:
        return 0
    best = max(known)
    require(liquidated <= best + _COST_DUST, "liquidated", liquidated, "closed", best)
    return 1


def _wealth_after(stage: Stage, place: int, order: Sequence[int], own: int | None = None) -> int | None:
    """Balances of all accounts of the owner once this one is flat; None if it does not get there.

    It is closed in the given order, or first liquidated by one of his own as long as that goes.
    """
    owner = ACCOUNTS[place][0]
    mine = [i for i, (sender, _) in enumerate(ACCOUNTS) if sender == owner]
    with stage.aside():
        for _ in range(4):
            while own is not None and _took(stage, Action("liquidate", (own, place))):
                pass
            for market in order or stage.world.markets:
                size = stage.present.position(place, market).size
                if size:
                    _took(stage, _trade(place, market, -size))
        books = stage.present.books
        if books.accounts[place].markets:
            return None
        return sum(books.accounts[i].balance for i in mine)


def _took(stage: Stage, action: Action) -> bool:
    return stage.apply(action).refusal is None


def batch(stage: Stage, *places: int) -> int:
    """Liquidating many in one call is liquidating one after the other, the healthy left out."""
    with stage.aside():
        together = stage.apply(Action("liquidate_batch", (OPERATOR, *places)))
        at_once = stage.reader.read_all()
    done = 0
    with stage.aside():
        for place in places:
            done += _took(stage, Action("liquidate", (OPERATOR, place)))
        apart = stage.reader.read_all()
    require(together.refusal is None, "places", places, "refused", together.refusal)
    require(together.receipt.result == done, "at once", together.receipt.result, "apart", done)
    require(at_once == apart, "at once", at_once, "apart", apart)
    return 1


def leave(stage: Stage, place: int) -> int:
    """With valid prices, a well-margined account closes everything and takes its money, restricted or not."""
    present, owner = stage.present, ACCOUNTS[place][0]
    sizes = {market: present.position(place, market).size for market in stage.world.markets}
    held = {market: size for market, size in sizes.items() if size}
    # A gain in one market may come too late for the other.
    losses = [max(_exit_loss(stage, market, size), 0) for market, size in held.items()]
    health = present.health(place)
    if not held or health.equity_worse - sum(losses) < 2 * health.initial:
        return 0
    if any(present.validity(market) != Validity.VALID for market in held):
        return 0
    if any(present.rules[market].config.status >= STATUS_RESOLVING for market in held):
        # Nobody leaves before his part of the loss is taken.
        return 0
    with stage.aside():
        for market, size in held.items():
            step = stage.apply(_trade(place, market, -size))
            require(step.refusal is None, "market", market, "closing was refused", step.refusal)
        tokens = stage.present.books.accounts[place].balance // stage.world.token_scale
        if tokens < 0:
            # What he owes is paid by his collateral, which takes a buyer.
            return 1
        for kind, tokens_of in stage.present.holdings(place).items():
            step = stage.apply(Action("collateral_withdraw", (owner, place, kind, tokens_of, owner)))
            require(step.refusal is None, "kind", kind, "withdrawal was refused", step.refusal)
        if tokens == 0:
            return 1
        step = stage.apply(Action("withdraw", (owner, place, tokens, owner)))
        # More than everybody's tokens cannot be paid; the refusal must say so.
        payable = tokens <= stage.present.books.totals.booked
        fair = step.refusal is None or (not payable and step.error.error != "Panic")
        require(fair, "tokens", tokens, "withdrawal was refused", step.refusal)
    return 1


def _exit_loss(stage: Stage, market: int, size: int) -> int:
    """Loss against the index of closing a position, fees included, quote WAD; huge beyond the curve."""
    m, depth = stage.present.market(market), stage.present.depth(market)
    after = abs(m.skew - size)
    if after > abs(m.skew) and 4 * after > 3 * depth:
        return 10**60
    cost = curve.cost(worse_price(m.price, size < 0), depth, m.skew, -size)
    config = stage.present.rules[market].config
    fee = abs(cost) * (config.taker_fee_ppm + config.deviation_fee_ppm) // PPM
    return cost + size * m.price.index // WAD + fee + 1
