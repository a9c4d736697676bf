"""What a market's status blocks, and what it never does; who may loosen it."""

from keel.model.cold_records import Stage as Pass
from keel.model.ledger.books import (
    STATUS_CLOSED,
    STATUS_OPEN,
    STATUS_REDUCE_ONLY,
    STATUS_RESOLVING,
    STATUS_SHUT,
)
from keel.model.ledger.restrictions import TERM
from keel.model.market_set import iterate
from keel.sim.fuzz.ghost import INSURANCE
from keel.sim.fuzz.invariants.base import require
from keel.sim.fuzz.moment import Moment
from keel.sim.fuzz.stage import Step
from keel.sim.fuzz.world import BACKSTOP

STATUS_ACTIONS = frozenset({"restrict", "lift", "hold", "reopen", "shut"})
_ASKED = {"reopen": STATUS_OPEN, "shut": STATUS_SHUT}
# Actions that some status may refuse, by the error.
_BLOCKED = {
    "MarketReduceOnly": frozenset({"trade", "update_trade", "multicall"}),
    "MarketClosed": frozenset({"withdraw", "collateral_withdraw", "multicall", "stake", "mint", "redeem"}),
}
# What is refused because a loss is shared out, because none is, or because a market has ended.
_SHARED = frozenset({"MarketShut", "Unresolved", "NothingToResolve", "MarketNotRestricted", "PoolSolvent"})


def asked_status(step: Step) -> int:
    """The status that an action asks for; lifting leaves what governance had set."""
    if step.action.name in _ASKED:
        return _ASKED[step.action.name]
    if step.action.name == "lift":
        return step.after.rules[step.action.args[1]].config.status
    return step.action.args[2]


def inv_56_restricted(step: Step) -> int:
    """The guardian only tightens, for a term that he cannot prolong, and then rests."""
    market, now = step.action.args[1], step.after.now
    old, new = step.before.rules[market], step.after.rules[market]
    require(new.config.status > STATUS_OPEN, "status", new.config.status)
    if now < old.until:
        require(new.config.status > old.config.status, "from", old.config.status, "to", new.config.status)
        require(new.until == old.until, "until", old.until, "prolonged to", new.until)
    else:
        require(now >= old.rested_at, "now", now, "rests until", old.rested_at)
        require((new.until, new.rested_at) == (now + TERM, now + 2 * TERM), "now", now, "until", new.until)
    return 1


def inv_56_lifted(step: Step) -> int:
    """Anyone loosens a status, once it is over, and nothing is left to lift."""
    market, now = step.action.args[1], step.after.now
    old, new = step.before.rules[market], step.after.rules[market]
    require(0 < old.until <= now, "now", now, "until", old.until)
    # What a shared loss left restricted only governance reopens.
    held = market in step.world.ghost.held and old.config.status == new.config.status == STATUS_REDUCE_ONLY
    require(held or new.config.status < old.config.status, "from", old.config.status, "to", new.config.status)
    require((new.until, new.rested_at) == (0, old.rested_at), "until", new.until, "rests", new.rested_at)
    return 1


def inv_56_refused(step: Step) -> int:
    """Nobody waits longer than he must: a restriction is over, and a rest, when its time is."""
    error = step.error.error
    if error not in ("NothingToLift", "GuardianRests"):
        return 0
    market, told = step.error.values
    rules, now = step.before.rules[market], step.after.now
    known = rules.until if error == "NothingToLift" else rules.rested_at
    require(told == known and (told == 0 or now < told), "now", now, "told", told, "known", known)
    return 1


def inv_59(step: Step) -> int:
    """No new risk in a restricted market, no exit of liquidity from a closed one."""
    name, args = step.action.name, step.action.args
    if name in ("trade", "update_trade"):
        place, market = args[1], args[2]
        if step.before.rules[market].config.status == STATUS_OPEN:
            return 0
        old, new = (moment.position(place, market).size for moment in (step.before, step.after))
        require(abs(new) < abs(old) and new * old >= 0, "market", market, "from", old, "to", new)
        return 1
    if name == "withdraw":
        held = list(iterate(step.before.books.accounts[args[1]].markets))
    else:
        held = [] if args[1] == INSURANCE else [args[1]]
    shut = [market for market in held if standing(step.before, market) == STATUS_CLOSED]
    require(not shut, "in spite of closed markets", shut, "done", name)
    return 1


def standing(moment: Moment, market: int) -> int:
    """Status of a market, or what it was before a loss was shared out."""
    status = moment.rules[market].config.status
    return moment.books.resolutions[market].before if status == STATUS_RESOLVING else status


def inv_59_shared(step: Step) -> int:
    """While a loss is shared out only who is through moves, in a shut market nobody; pools stand still."""
    name, args = step.action.name, step.action.args
    if name == "liquidate":
        market, place = int(step.receipt.result.market), args[1]
    elif name == "unwind":
        market, place = args[1], BACKSTOP
    elif name in ("trade", "update_trade"):
        market, place = args[2], args[1]
    else:
        market, place = args[0] if name == "tick" else args[1], None
    rules = step.before.rules.get(market)
    if rules is None or rules.config.status < STATUS_RESOLVING:
        return 0
    status, interest = rules.config.status, step.before.books.markets[market]
    if name == "redeem":
        left = interest.long_interest + interest.short_interest
        require(status == STATUS_SHUT and left == 0, "market", market, "status", status, "left", left)
    elif status == STATUS_SHUT or (place is None and name not in ("tick", "update_price")):
        require(False, "market", market, "status", status, "done", name)
    elif place is not None:
        through = is_through(step.before, place, market)
        require(through, "place", place, "not through the resolution of market", market)
    return 1


def is_through(moment: Moment, place: int, market: int) -> bool:
    """Whether an account has been through the resolution of a market."""
    mark = moment.books.marks[place, market]
    return mark.number == moment.books.resolutions[market].number and bool(mark.done)


def inv_59_shared_refused(step: Step) -> int:
    """What refers to a loss that is shared out, or to a market's end, is told only where there is one."""
    error, moment = step.error.error, step.before
    if error not in _SHARED or step.action.name == "intrude":
        return 0
    market = step.error.values[-1] if error == "Unresolved" else step.error.values[0]
    status, r = moment.rules[market].config.status, moment.books.resolutions[market]
    if error == "MarketShut":
        require(status >= STATUS_RESOLVING, "market", market, "status", status, "refused", step.error)
    elif error == "Unresolved":
        place = step.world.ids.index(step.error.values[0])
        waits = status == STATUS_RESOLVING and not is_through(moment, place, market)
        require(waits, "place", place, "is through, refused", step.error)
    elif error == "NothingToResolve":
        require(r.stage == Pass.NONE, "market", market, "stage", r.stage, "refused", step.error)
    elif error == "MarketNotRestricted":
        open_ = status not in (STATUS_REDUCE_ONLY, STATUS_CLOSED)
        require(open_, "market", market, "status", status, "refused", step.error)
    else:
        price = moment.books.markets[market].price
        better = max(moment.equity(market, at) for at in (price.index, price.twap))
        solvent = step.error.values[1] == better >= 0
        require(solvent, "market", market, "equity", better, "refused", step.error)
    return 1


def inv_59_refused(step: Step) -> int:
    """A status refuses nothing but what it says: no margin, reduction, liquidation, price or funding."""
    blocked = _BLOCKED.get(step.error.error)
    if blocked is None:
        return 0
    name, args = step.action.name, step.action.args
    require(name in blocked, "action", name, "was refused by", step.error)
    (market,) = step.error.values
    least = STATUS_CLOSED if step.error.error == "MarketClosed" else STATUS_OPEN + 1
    status = step.before.rules[market].config.status
    require(status >= least, "market", market, "status", status, "refused", step.error)
    if name in ("trade", "update_trade"):
        old, size = step.before.position(args[1], market).size, args[3]
        require(old * size >= 0 or abs(size) > abs(old), "position", old, "reduction refused", size)
    return 1
