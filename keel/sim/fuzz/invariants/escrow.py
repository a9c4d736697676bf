"""Funding at suspect prices: what waits is all there, is decided by the rule, and leaves once."""

from dataclasses import replace

from keel.model.records import EscrowClaim, EscrowOutcome
from keel.model.validity import suspect
from keel.sim.fuzz.invariants.base import require
from keel.sim.fuzz.invariants.funding_events import was_touched
from keel.sim.fuzz.invariants.midway import midway
from keel.sim.fuzz.stage import Step
from keel.sim.fuzz.touch import claim_after
from keel.sim.fuzz.world import BACKSTOP


def inv_11(step: Step) -> int:
    """The reserve of a market is what open and decided claims on it paid, to the wei."""
    for market in step.touched.markets:
        claims = step.after.books.claims
        there = [claim for (_, where), claim in claims.items() if where == market and claim.period]
        found = step.after.books.escrows[market].reserve, step.after.books.escrows[market].claims
        expected = sum(claim.paid for claim in there), len(there)
        require(found == expected, "market", market, "reserve and count", found, "claims", expected)
    return len(step.touched.markets)


def inv_63(step: Step) -> int:
    """A stretch is confirmed exactly if each suspect index lies within 2 % of the good one that ends it."""
    for market in step.touched.markets:
        prices = [books.markets[market].price for books in (step.before.books, step.after.books)]
        if not suspect(prices[0].flags) or suspect(prices[1].flags):
            continue
        escrow, good = step.after.books.escrows[market], prices[1].index
        seen = step.world.ghost.stretches[market][-1].indices
        near = all(abs(index - good) * 50 <= good for index in seen)
        found = [log.args["confirmed"] for log in step.receipt.events("EscrowClosed")]
        require(found == [near], "market", market, "confirmed", found, "seen", seen, "good", good)
        bounds = escrow.low, escrow.high
        require(bounds == (min(seen), max(seen)), "market", market, "bounds", bounds, "seen", seen)
    return len(step.touched.markets)


def inv_64(step: Step) -> int:
    """What an account has in escrow grows by what it pays in, and leaves once, whole, when it is decided."""
    for key in step.touched.positions:
        place, market = key
        before, found = step.before.books, step.after.books.claims[key]
        moment = midway(step)
        doubted = suspect(moment.books.markets[market].price.flags)
        position = before.positions[key]
        touched = was_touched(step, place)
        expected = before.claims[key]
        if touched:
            done = moment.touch(place, market)
            expected = claim_after(expected, done, position, moment.escrow(market), doubted)
        debts = {log.args["account"] for log in step.receipt.events("BadDebtCovered")}
        # What the insurance owes for its own position is no bankruptcy.
        if place != BACKSTOP and step.world.ids[place] in debts and expected.period:
            expected = replace(expected, forfeited=True)
        require(found == expected, "place", place, "market", market, "found", found, "expected", expected)
        same = [other for other in step.touched.positions if other[1] == market]
        paid = sum(step.after.books.claims[other].paid - before.claims[other].paid for other in same)
        grown = step.after.books.escrows[market].reserve - before.escrows[market].reserve
        require(grown == paid, "market", market, "reserve grew", grown, "claim", paid)
        for (*who, period), times in step.world.ghost.releases.items():
            once = tuple(who) != key or times == 1
            require(once, "place", place, "market", market, "period", period, "released", times)
    return len(step.touched.positions)


def inv_64_claim(step: Step) -> int:
    """A rejected claim brings back what was paid, a confirmed one what was received; nothing else moves."""
    _, place, market = step.action.args
    old, new = step.before.books, step.after.books
    claim, outcome = old.claims[place, market], _outcome(step, place, market)
    confirmed = outcome is EscrowOutcome.CONFIRMED
    credit = claim.received if confirmed else claim.paid
    gained = new.accounts[place].balance - old.accounts[place].balance
    kept, lost = (0, credit) if claim.forfeited else (credit, 0)
    paid_out = gained == kept == step.receipt.result
    require(paid_out, "credit", gained, "claim", claim, "outcome", outcome.name)
    insured = new.totals.insurance - old.totals.insurance
    expected = lost + (claim.surplus if confirmed else 0)
    require(insured == expected, "insurance", insured, "expected", expected, "claim", claim)
    accrued = step.before.market(market)
    brought = new.markets[market].funding_clearing - accrued.funding_clearing
    expected = claim.paid - claim.received - claim.surplus if confirmed else 0
    require(brought == expected, "clearing", brought, "expected", expected)
    cash = new.markets[market].cash - accrued.cash
    require(cash == 0, "pool gained", cash)
    left = new.claims[place, market]
    require(left == EscrowClaim(), "left", left)
    paid = old.escrows[market].reserve - new.escrows[market].reserve
    require(paid == claim.paid, "reserve fell by", paid, "claim", claim)
    return 1


def inv_64_owed(step: Step) -> int:
    """A claim changes nothing that its position owes, and only its own account is credited."""
    _, place, market = step.action.args
    due = step.before.due(place, market), step.after.due(place, market)
    require(due[0] == due[1], "place", place, "owed", due[0], "now owes", due[1])
    kept = step.after.position(place, market)
    old = step.before.position(place, market)
    same = (kept.size, kept.notional) == (old.size, old.notional)
    require(same and not kept.escrowed, "position", kept, "before", old)
    return 1


def inv_64_refused(step: Step) -> int:
    """A claim is refused only where there is none, or none that is decided."""
    if step.error.error != "NoClaim":
        return 0
    _, place, market = step.action.args
    if market in step.world.markets:
        credit = step.before.credit(place, market)
        require(credit is None, "place", place, "market", market, "has", credit)
    return 1


def _outcome(step: Step, place: int, market: int) -> EscrowOutcome:
    """What became of the stretch of a claim that was just released, by the rule."""
    period = step.before.books.claims[place, market].period
    confirmed = step.world.ghost.stretches[market][period - 1].confirmed
    if confirmed is None:
        return EscrowOutcome.OPEN
    return EscrowOutcome.CONFIRMED if confirmed else EscrowOutcome.REJECTED
