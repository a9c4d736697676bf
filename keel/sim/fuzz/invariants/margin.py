"""Margin, the band and utilization: what a user's own call may and may not do."""

from keel.model import curve
from keel.model.fixed import PPM
from keel.model.ledger.books import STATUS_SHUT
from keel.model.market_set import iterate
from keel.model.position import reduces
from keel.model.records import Health
from keel.model.validity import Action, Defect, Validity, allows
from keel.sim.fuzz.fills import worse_price
from keel.sim.fuzz.ghost import INSURANCE
from keel.sim.fuzz.invariants.base import require
from keel.sim.fuzz.invariants.midway import midway
from keel.sim.fuzz.margins import side_used
from keel.sim.fuzz.moment import Moment
from keel.sim.fuzz.stage import Step
from keel.sim.fuzz.world import BACKSTOP
from keel.units import WAD

# Where the curve ends, of depth.
_HARD_SKEW_PPM = 750_000


def healthy(health: Health) -> bool:
    """Whether equity covers maintenance."""
    return health.equity >= health.maintenance


def inv_21(step: Step) -> int:
    """Whoever was healthy is healthy after a call of his own at the same price."""
    return stays_healthy(step, step.before)


def stays_healthy(step: Step, before: Moment) -> int:
    """Complain where the account of the call was healthy before and is not after it."""
    place = step.action.args[1]
    new = step.after.health(place)
    if not healthy(before.health(place)):
        return 0
    require(healthy(new), "place", place, "equity", new.equity, "maintenance", new.maintenance)
    return 1


def inv_22(step: Step) -> int:
    """A trade leaves the net position inside the band, or nearer to zero than before."""
    market = step.action.args[2]
    old, new = step.before.books.markets[market].skew, step.after.books.markets[market].skew
    limit = step.after.depth(market) * step.after.rules[market].config.max_skew_ppm // PPM
    closer = abs(new) <= abs(old)
    crossed = abs(new) <= step.after.depth(market) * _HARD_SKEW_PPM // PPM and _was_reduction(step)
    require(closer or abs(new) <= limit or crossed, "before", old, "after", new, "limit", limit)
    return 1


def inv_23(step: Step) -> int:
    """The net position stays where the curve still has a price, and utilization is defined."""
    for market in step.touched.markets:
        if step.after.rules[market].config.status == STATUS_SHUT:
            continue
        skew, depth = step.after.books.markets[market].skew, step.after.depth(market)
        require(abs(skew) * PPM <= depth * _HARD_SKEW_PPM, "market", market, "skew", skew, "depth", depth)
        require(step.after.utilization(market) >= 0, "market", market)
    return len(step.touched.markets)


def inv_24(step: Step) -> int:
    """After taking on risk, equity at the worse of average and index less spread covers initial margin."""
    if _was_reduction(step):
        return 0
    health = step.after.health(step.action.args[1])
    require(health.equity_worse >= health.initial, "equity", health.equity_worse, "initial", health.initial)
    return 1


def inv_24_withdraw(step: Step) -> int:
    """After a withdrawal, equity without unrealised profit covers the initial margin."""
    health = step.after.health(step.action.args[1])
    covered = health.withdrawable >= health.initial
    require(covered, "withdrawable", health.withdrawable, "initial", health.initial)
    return 1


def inv_26(step: Step) -> int:
    """Only collateral, a claim, a smaller position or a fill better than the index heals an account."""
    place, paid = step.action.args[1], step.paid_in
    if healthy(step.before.health(place)) or not healthy(step.after.health(place)):
        return 0
    old, new = step.before.books.positions, step.after.books.positions
    shrunk = any(abs(new[place, market].size) < abs(old[place, market].size) for market in step.world.markets)
    require(paid > 0 or shrunk or _gain(step) > 0 or _credited(step), "place", place)
    return 1


def _credited(step: Step) -> bool:
    """Whether a claim on an earlier stretch of suspect prices was paid out."""
    return bool(step.receipt.events("EscrowReleased"))


def _gain(step: Step) -> int:
    """What fills gained against the index, as they do on the thin side of the curve; quote WAD, floor."""
    traded = [log.args for log in step.receipt.events("Traded")]
    prices = {market: m.price.index for market, m in step.before.books.markets.items()}
    return sum(args["fill"].size * prices[args["market"]] // WAD - args["fill"].cost for args in traded)


def inv_44(step: Step) -> int:
    """Nothing but a price or a liquidation leaves more net exposure than the pool carries, fees included."""
    for market in step.touched.markets:
        old, new = step.before.books.markets[market].skew, step.after.books.markets[market].skew
        if abs(new) <= abs(old) and step.action.name != "redeem":
            continue
        used = step.after.utilization(market)
        limit = step.after.depth(market) * step.after.rules[market].config.max_skew_ppm // PPM
        exempt = step.action.name in ("trade", "update_trade", "multicall") and _was_reduction(step)
        require(exempt or used <= WAD, "market", market, "utilization", used)
        require(exempt or abs(new) <= limit, "market", market, "skew", new, "limit", limit)
    return len(step.touched.markets)


def inv_44_side(step: Step) -> int:
    """Nothing but a price or a liquidation lets a side be more than the pool may face, fees included."""
    for market in step.touched.markets:
        old, new = step.before.books.markets[market], step.after.books.markets[market]
        grew = new.long_interest > old.long_interest, new.short_interest > old.short_interest
        if step.action.name != "redeem" and not any(grew):
            continue
        used = [side_used(new, step.after.rules[market].config, long=side) for side in (True, False)]
        for side, grown in zip((0, 1), grew, strict=True):
            checked = grown or step.action.name == "redeem"
            require(not checked or used[side] <= WAD, "market", market, "side", side, "used", used[side])
    return len(step.touched.markets)


def inv_49(step: Step) -> int:
    """New risk uses a fresh price without defects, everything else one that is not stale."""
    name, market = step.action.name, _market_of(step)
    if market is None:
        return 0
    price, config = step.before.books.markets[market].price, step.before.rules[market].config
    if config.status == STATUS_SHUT:
        return 0
    age = step.before.now - price.at
    if name in ("stake", "mint") or (name == "trade" and not _was_reduction(step)):
        require(price.flags == 0 and age <= config.fresh_seconds, "flags", price.flags, "age", age)
    else:
        require(not price.flags & Defect.INVALID, "flags", price.flags)
        require(age <= config.stale_seconds, "age", age)
    return 1


def inv_49_fill(step: Step) -> int:
    """A trade fills at the worse of TWAP and index moved by its spread: no sender chooses a price."""
    _, _, market, size, *_ = step.action.args
    moment = midway(step)
    price, m = moment.books.markets[market].price, moment.market(market)
    fair = curve.cost(worse_price(price, size > 0), moment.depth(market), m.skew, size)
    cost = step.receipt.result.cost
    require(cost == fair, "cost", cost, "expected", fair, "price", price)
    return 1


def inv_49_liquidation(step: Step) -> int:
    """A liquidation fills at the worse of TWAP and index, without the spread: a doubt makes it no dearer."""
    fills = [log.args for log in step.receipt.events("Liquidated")]
    unwound = step.action.name == "unwind"
    if unwound:
        fills = [log.args for log in step.receipt.events("BackstopFilled")]
    if len(fills) != 1:
        return 0
    market, fill = fills[0]["market"], fills[0]["fill"]
    price, m = step.before.books.markets[market].price, step.before.market(market)
    worse = worse_price(price, fill.size > 0, spread=unwound)
    fair = curve.cost(worse, step.before.depth(market), m.skew, fill.size)
    require(fill.cost == fair, "cost", fill.cost, "expected", fair, "price", price)
    return 1


def inv_19(step: Step) -> int:
    """A trade never lowers the product of the curve's reserves, each at its exact size."""
    _, _, market, size, *_ = step.action.args
    moment = midway(step)
    m, depth = moment.market(market), moment.depth(market)
    index, skew = m.price.index, m.skew
    cost, base = step.receipt.result.cost, depth - skew
    # Quote reserve P D^2 / (D - q), so that the product is P D^2; both sides times WAD.
    before = index * depth * depth
    product = (base - size) * (before + cost * WAD * base)
    require(product >= before * base, "cost", cost, "size", size, "skew", skew, "depth", depth)
    return 1


def inv_50(step: Step) -> int:
    """An action succeeds only at validities where the matrix allows it."""
    action, markets = _needs(step)
    for market in markets:
        found = step.before.validity(market)
        require(allows(found, action), "action", action.name, "market", market, "validity", found.name)
    return len(markets)


def inv_50_refused(step: Step) -> int:
    """A price is refused only at validities where the matrix does not allow the action."""
    if step.error.error != "PriceNotGoodFor":
        return 0
    action, found, _ = step.error.values
    require(not allows(Validity(found), Action(action)), "action", action, "validity", found)
    return 1


def _market_of(step: Step) -> int | None:
    """The market whose price the action uses."""
    name, args = step.action.name, step.action.args
    if name == "trade":
        return args[2]
    if name == "liquidate":
        return int(step.receipt.result.market)
    return args[1] if args[1] != INSURANCE else None


def _needs(step: Step) -> tuple[Action, list[int]]:
    """Column of the matrix and markets that must allow it."""
    name, args = step.action.name, step.action.args
    if name == "trade":
        if _was_reduction(step):
            return Action.REDUCE, [args[2]]
        return Action.OPEN, _markets(step.after, args[1])
    if name in ("withdraw", "liquidate"):
        return Action.WITHDRAW if name == "withdraw" else Action.LIQUIDATE, _markets(step.before, args[1])
    if name == "unwind":
        return Action.OPEN, [args[1]]
    column = Action.POOL_REDEEM if name == "redeem" else Action.POOL_DEPOSIT
    # The insurance's shares are priced with its own positions.
    return column, _markets(step.before, BACKSTOP) if args[1] == INSURANCE else [args[1]]


def _markets(moment: Moment, place: int) -> list[int]:
    return list(iterate(moment.books.accounts[place].markets))


def _was_reduction(step: Step) -> bool:
    _, place, market, *rest = step.action.args
    size = rest[1] if step.action.name == "multicall" else rest[0]
    return reduces(step.before.position(place, market).size, size)
