"""The insurance's own account, the window of the curve, and which position a liquidation takes."""

from keel.model import curve
from keel.model.fixed import PPM
from keel.model.ledger.books import STATUS_RESOLVING
from keel.model.validity import Validity, suspect
from keel.sim.fuzz.fills import worse_price
from keel.sim.fuzz.ghost import INSURANCE
from keel.sim.fuzz.invariants.base import dust_swept, require
from keel.sim.fuzz.invariants.liquidation import curve_loss, read, taken_over
from keel.sim.fuzz.margins import Part, netted, part
from keel.sim.fuzz.moment import Moment
from keel.sim.fuzz.stage import Step
from keel.sim.fuzz.windows import pushes, room, worth
from keel.sim.fuzz.world import BACKSTOP
from keel.units import BPS, WAD

# A piece is a sixteenth of the window; like all that goes through the curve, it costs a hundredth at most.
_PIECES = 16
_LOSS_PART = 100


def inv_65(step: Step) -> int:
    """The insurance's own account keeps no balance: what a fill of it brings or costs is the insurance's."""
    if not step.receipt.events("BackstopFilled"):
        return 0
    balance = step.after.books.accounts[BACKSTOP].balance
    require(balance == 0, "balance", balance)
    for log in step.receipt.events("BackstopFilled") if step.action.name != "liquidate_batch" else ():
        market = log.args["market"]
        before = step.before.books.accounts[BACKSTOP].balance + step.before.touch(BACKSTOP, market).balance
        expected, result = before + log.args["fill"].realized, log.args["result"]
        require(result == expected, "result", result, "expected", expected)
    return 1


def inv_65_never(step: Step) -> int:
    """The insurance's own account is never liquidated."""
    closed = [log for log in step.receipt.logs if log.event in ("Absorbed", "Liquidated")]
    losers = [log.args["account"] for log in closed]
    require(step.world.ids[BACKSTOP] not in losers, "losers", losers)
    return 1


def inv_65_unwind(step: Step) -> int:
    """A piece is closed at a valid price, is small, shrinks the position, and costs little at the index."""
    _, market = step.action.args
    before, taken = step.before, taken_over(step, market)
    require(before.validity(market) == Validity.VALID, "validity", before.validity(market).name)
    old, new = before.position(BACKSTOP, market).size, step.after.position(BACKSTOP, market).size
    closer = abs(new) < abs(old) and (new == 0 or (new > 0) == (old > 0))
    require(closer and new == old + taken.fill.size, "before", old, "after", new)
    window, value = room(before, step.pushes, market), worth(before, market, taken.fill.size)
    index, least = before.books.markets[market].price.index, before.rules[market].config.min_notional * WAD
    piece = window.capacity // _PIECES
    # A rest that would be dust goes with the last piece.
    small = value <= piece + index // WAD + 1 or (new == 0 and value < piece + least + index // WAD + 1)
    require(small, "value", value, "piece", piece)
    require(window.pushed + piece <= window.capacity, "pushed", window.pushed, "of", window.capacity)
    loss = taken.fill.cost - taken.fill.size * index // WAD
    require(loss <= value // _LOSS_PART, "loss", loss, "value", value)
    gained = step.after.books.totals.insurance - before.books.totals.insurance
    expected = taken.result + taken.from_pool + taken.surplus + dust_swept(step)
    require(gained == expected, "insurance gained", gained, "expected", expected)
    return 1


def inv_66(step: Step) -> int:
    """What the insurance takes over changes hands at the index and leaves the curve where it is."""
    seen = read(step)
    if not seen.absorbed:
        require(seen.taken.fill is None, "the insurance filled", seen.taken.fill)
        return 0
    market, fill, other = seen.market, seen.fill, seen.taken.fill
    index = step.before.books.markets[market].price.index
    fair = -(-fill.size * index // WAD)
    require(fill.cost == fair, "cost", fill.cost, "expected", fair)
    opposite = other is not None and (other.size, other.cost) == (-fill.size, -fill.cost)
    require(opposite, "fill", fill, "of the insurance", other)
    old, new = step.before.market(market), step.after.books.markets[market]
    require(new.skew == old.skew, "net position", old.skew, "to", new.skew)
    depth = step.before.depth(market), step.after.depth(market)
    marks = curve.mark(index, depth[0], old.skew), curve.mark(index, depth[1], new.skew)
    require(marks[0] == marks[1], "mark", marks[0], "to", marks[1])
    lost = seen.from_pool + seen.taken.from_pool
    equity = step.before.equity(market, index), step.after.equity(market, index)
    require(equity[1] == equity[0] - lost, "pool equity", equity[0], "to", equity[1], "bad debt", lost)
    return 1


def inv_66_reason(step: Step) -> int:
    """The insurance takes over exactly where it can and equity, window, band or cost forbid the curve."""
    seen = read(step)
    health, market = step.before.touched_health(seen.place, seen.market), seen.market
    window, value = room(step.before, step.pushes, market), worth(step.before, market, seen.fill.size)
    skew = step.before.books.markets[market].skew
    limit = step.before.depth(market) * step.before.rules[market].config.max_skew_ppm // PPM
    after = skew + seen.fill.size
    inside = abs(after) <= limit or (abs(after) <= abs(skew) and (after > 0) == (skew > 0))
    fits = health.equity > 0 and inside and window.pushed + value <= window.capacity
    fits = fits and cheap(step.before, market, seen.fill.size)
    if seen.absorbed:
        able = can_absorb(step.before, seen.place, market, seen.fill.size, health.equity)
        require(not fits and able, "fits", fits, "able", able, "pushed", window.pushed, "of", window.capacity)
        return 1
    # What the curve had room for may be less than what was meant to go, which the insurance could not take.
    able = can_absorb(step.before, seen.place, market, seen.fill.size, health.equity)
    at_the_end = abs(after) >= step.before.depth(market) * 3 // 4 - 1
    require(fits or not able or at_the_end, "value", value, "pushed", window.pushed, "of", window.capacity)
    return 1


def cheap(moment: Moment, market: int, size: int) -> bool:
    """Whether a closing fill on the curve, without the spread, loses a hundredth at most at the index."""
    m, depth = moment.market(market), moment.depth(market)
    cost = curve.cost(worse_price(m.price, size > 0, spread=False), depth, m.skew, size)
    return cost - size * m.price.index // WAD <= worth(moment, market, size) // _LOSS_PART


def can_absorb(moment: Moment, place: int, market: int, size: int, equity: int) -> bool:
    """Whether the insurance can carry a position beside what it has, and the debt that comes with it."""
    if suspect(moment.books.markets[market].price.flags):
        return False
    if moment.rules[market].config.status >= STATUS_RESOLVING:
        return False
    surplus = moment.touch(place, market).insurance
    means = moment.books.totals.insurance + surplus + moment.health(BACKSTOP).equity_worse + min(0, equity)
    m, config = moment.market(market), moment.rules[market].config
    held = moment.position(BACKSTOP, market).size
    more = part(m, config, held - size).initial - part(m, config, held).initial
    return means >= moment.health(BACKSTOP).initial + max(0, more)


def inv_69(step: Step) -> int:
    """Liquidations push at most a window through the curve, unless the insurance could not take it over."""
    for market in step.touched.markets:
        told = step.world.protocol.view("windowOf", market)
        known = room(step.after, step.world.ghost.pushes, market)
        require(tuple(told) == known, "market", market, "shown", told, "expected", known)
    if step.action.name == "liquidate_batch":
        return 1
    for market, size in pushes(step.receipt):
        before, value = room(step.before, step.pushes, market), worth(step.before, market, size)
        over = before.pushed + value > before.capacity
        place = step.action.args[1]
        able = step.action.name == "unwind" or (
            can_absorb(step.before, place, market, size, step.before.touched_health(place, market).equity)
        )
        dust = step.action.name == "unwind" and step.after.position(BACKSTOP, market).size == 0
        require(not (over and able) or dust, "pushed", before.pushed, "value", value, "of", before.capacity)
    return 1


def inv_70(step: Step) -> int:
    """Of several positions a liquidation takes the one whose end frees most, less what it costs."""
    seen = read(step)
    held = step.before.held(seen.place)
    if len(held) < 2:
        return 0
    reliefs = {market: _relief(step.before, seen.place, market, held) for market in held}
    best = max(held, key=lambda market: reliefs[market])
    require(seen.market == best, "chosen", seen.market, "relief", reliefs)
    return 1


def _relief(moment: Moment, place: int, market: int, held: list[int]) -> int:
    """Maintenance that is freed, at the target, less slippage and the least penalty; quote WAD."""
    parts = {where: _stored(moment, place, where) for where in held}
    rest = netted(one for where, one in parts.items() if where != market)
    freed = netted(parts.values()).maintenance - rest.maintenance
    rules, size = moment.rules[market], moment.position(place, market).size
    penalty = worth(moment, market, size) * rules.config.brackets.penalty_min_bps // BPS
    loss = curve_loss(moment, market, size, spread=True)
    return freed * rules.config.target_bps // BPS - loss - penalty


def _stored(moment: Moment, place: int, market: int) -> Part:
    """What a position asks for with the multipliers as they were last stored."""
    config = moment.rules[market].config
    return part(moment.books.markets[market], config, moment.position(place, market).size)


def inv_71(step: Step) -> int:
    """Redeeming insurance leaves the margin of its own positions, and no more than its assets can be paid."""
    totals, health = step.after.books.totals, step.after.health(BACKSTOP)
    if step.action.args[1] != INSURANCE or not step.after.held(BACKSTOP):
        return 0
    left = totals.insurance + health.equity_worse
    require(left >= health.maintenance, "left", left, "margin of its positions", health.maintenance)
    return 1
