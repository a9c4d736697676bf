"""What a market's status blocks, and what it never does; who may loosen it."""

from keel.model.ledger.books import STATUS_CLOSED, STATUS_OPEN
from keel.model.market_set import iterate
from keel.sim.fuzz.ghost import INSURANCE
from keel.sim.fuzz.invariants.base import require
from keel.sim.fuzz.stage import Step

STATUS_ACTIONS = frozenset({"restrict", "lift", "hold", "reopen"})
# Actions that some status may refuse, by the error.
_BLOCKED = {
    "MarketReduceOnly": frozenset({"trade", "update_trade", "multicall"}),
    "MarketClosed": frozenset({"withdraw", "multicall", "stake", "mint", "redeem"}),
}


def asked_status(step: Step) -> int:
    """The status that an action asks for; lifting leaves what governance had set."""
    if step.action.name == "reopen":
        return STATUS_OPEN
    if step.action.name == "lift":
        return step.after.rules[step.action.args[1]].config.status
    return step.action.args[2]


def inv_56_loosening(step: Step) -> int:
    """The guardian only tightens, and what anyone lifts is over."""
    market = step.action.args[1]
    shown = step.world.protocol.view("restrictionOf", market)
    before, after = step.before.rules[market].config.status, step.after.rules[market].config.status
    require(shown.status == after, "shown", shown.status, "stored", after)
    until = shown.until
    if step.action.name == "lift":
        require(after <= before and until == 0, "from", before, "to", after, "until", until)
    else:
        require(after > STATUS_OPEN and until > step.after.now, "status", after, "until", until)
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
    shut = [market for market in held if step.before.rules[market].config.status == STATUS_CLOSED]
    require(not shut, "in spite of closed markets", shut, "done", name)
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
        require(old * size >= 0 or abs(size) > abs(old), "a reduction of", old, "by", size, "was refused")
    return 1
