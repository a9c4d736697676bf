"""Funding and fees: what one pays, others receive."""

from dataclasses import replace

from keel.model.funding_view import input_of
from keel.model.position import fill
from keel.model.records import Escrow, Market
from keel.model.validity import suspect
from keel.sim.fuzz.invariants.base import require
from keel.sim.fuzz.invariants.midway import midway
from keel.sim.fuzz.moment import Moment
from keel.sim.fuzz.stage import Step
from keel.sim.fuzz.touch import seconds_to_accrue
from keel.units import RAY, WAD

_EIGHT_HOURS = 28_800


def inv_12(step: Step) -> int:
    """What payers paid and owe, less surplus, covers what receivers and pool are credited, but for dust."""
    for market in step.touched.markets:
        dust, pending = outstanding(step.after, market)
        bound = step.world.ghost.roundings.get(market, 0) + 4 * pending + 1
        require(0 <= dust <= bound, "market", market, "collected less credited", dust, "bound", bound)
    return len(step.touched.markets)


def outstanding(moment: Moment, market: int) -> tuple[int, int]:
    """Collected less credited funding if everybody settled and claimed now, quote WAD; how many would."""
    total = count = 0
    for (place, where), position in moment.books.positions.items():
        if where == market and position.size:
            paid, received, surplus = moment.due(place, market)
            total, count = total + paid - received - surplus, count + 1
    for key, claim in moment.books.claims.items():
        if key[1] == market and claim.period:
            stretch = moment.stretch(*key)
            if stretch is not None and stretch.confirmed:
                total, count = total + claim.paid - claim.received - claim.surplus, count + 1
    return moment.market(market).funding_clearing + total, count


def inv_13(step: Step) -> int:
    """Indices, live or in escrow, move by the rate before the call times the time passed, else not at all."""
    for market in step.touched.markets:
        new, (expected, escrow) = step.after.books.markets[market], accrued(step, market)
        found = new.longs_paid, new.shorts_paid, new.stress, new.funding_state
        wanted = expected.longs_paid, expected.shorts_paid, *_model_state(step, market, expected)
        require(found == wanted, "market", market, "indices", found, "expected", wanted)
        held = replace(step.after.books.escrows[market], claims=escrow.claims, reserve=escrow.reserve)
        require(held == escrow, "market", market, "escrow", held, "expected", escrow)
    return len(step.touched.markets)


def inv_13_suspect(step: Step) -> int:
    """At a suspect price funding moves no live index and no cash of the pool, until a good price comes."""
    for market in step.touched.markets:
        old, new = step.before.books.markets[market], step.after.books.markets[market]
        if not (suspect(old.price.flags) and suspect(new.price.flags)):
            continue
        moves = index_moves(step, market)
        require(moves == (0, 0), "market", market, "moves", moves)
        gained = new.cash - old.cash
        kept = gained == 0 or bool(step.touched.positions)
        require(kept, "market", market, "pool gained", gained)
    return len(step.touched.markets)


def accrued(step: Step, market: int) -> tuple[Market, Escrow]:
    """The market and its escrow after accrual at the old rate and a new price, if the call did so."""
    if step.after.books.markets[market].accrued_at != step.after.now:
        return step.before.books.markets[market], step.before.books.escrows[market]
    moment = midway(step)
    return moment.market(market), moment.escrow(market)


def _model_state(step: Step, market: int, old: Market) -> tuple[int, bytes]:
    """Stress and state of the model in force; a new one starts where it would have rested, calm."""
    rules = step.after.rules[market]
    if rules.funding is step.before.rules[market].funding:
        return old.stress, old.funding_state
    return 0, rules.funding.initial_state(input_of(old, rules.config, 0))


def inv_13_one_way(step: Step) -> int:
    """Funding indices never fall, and one accrual moves only one of them."""
    for market in step.touched.markets:
        low, high = sorted(index_moves(step, market))
        closed = bool(step.receipt.events("EscrowClosed"))
        require(low >= 0 and (low == 0 or closed), "market", market, "moves", (low, high))
    return len(step.touched.markets)


def index_moves(step: Step, market: int) -> tuple[int, int]:
    """Growth of what longs and of what shorts paid, RAY quote per base."""
    new, old = step.after.books.markets[market], step.before.books.markets[market]
    return new.longs_paid - old.longs_paid, new.shorts_paid - old.shorts_paid


def inv_14(step: Step) -> int:
    """What is charged, live or in escrow, stays inside the caps of the model in force."""
    for market in step.touched.markets:
        old, rules = step.before.books.markets[market], step.before.rules[market]
        span = seconds_to_accrue(old, rules.config, step.before.now) + rules.funding.held_seconds
        for moved, cap in zip(_charges(step, market), rules.funding.caps, strict=True):
            most = cap * span * old.price.index * (RAY // WAD) // (WAD * _EIGHT_HOURS) + 1
            inside = moved == 0 or moved <= most
            require(inside, "market", market, "seconds", span, "moved", moved, "most", most)
    return len(step.touched.markets)


def _charges(step: Step, market: int) -> tuple[int, int]:
    """What longs and shorts were charged by this accrual, RAY quote per base; a stretch that ends is none."""
    old, new = step.before.books.escrows[market], step.after.books.escrows[market]
    longs, shorts = index_moves(step, market)
    flags = step.before.books.markets[market].price.flags
    if not suspect(flags):
        return longs, shorts
    if (longs, shorts) != (0, 0):
        longs, shorts = longs - new.longs_paid, shorts - new.shorts_paid
    return longs + new.longs_paid - old.longs_paid, shorts + new.shorts_paid - old.shorts_paid


def inv_14_rate(step: Step) -> int:
    """The rate of the model in force stays inside its caps."""
    for market in step.touched.markets:
        rules = step.after.rules[market]
        rate = rules.funding.rate(input_of(step.after.books.markets[market], rules.config, 0))
        longs_pay, shorts_pay = rules.funding.caps
        require(-shorts_pay <= rate <= longs_pay, "market", market, "rate", rate)
    return len(step.touched.markets)


def inv_16(step: Step) -> int:
    """A trade settles exactly the pending funding, live and in escrow; its account explains to the wei."""
    _, place, market, size, *_ = step.action.args
    cost, fee = step.receipt.result
    old, moment = step.before.position(place, market), midway(step)
    realized = fill(old.size, old.notional, size, cost).realized
    settled = moment.touch(place, market).balance
    expected = step.before.books.accounts[place].balance + settled + realized - fee
    balance = step.after.books.accounts[place].balance
    require(balance == expected, "balance", balance, "expected", expected)
    new, m = step.after.position(place, market), moment.market(market)
    met = new.size == 0 or (new.longs_paid, new.shorts_paid) == (m.longs_paid, m.shorts_paid)
    require(met, "position", new, "longs paid", m.longs_paid, "shorts paid", m.shorts_paid)
    return 1


def inv_18(step: Step) -> int:
    """The fee that a trader is charged is what pool and insurance get; insurance has surpluses as well."""
    _, place, market, size, *_ = step.action.args
    cost, fee = step.receipt.result
    moment, new = midway(step), step.after.books.markets[market]
    now, done = moment.market(market), moment.touch(place, market)
    old = step.before.position(place, market)
    realized = fill(old.size, old.notional, size, cost).realized
    swept = now.funding_clearing + done.clearing - new.funding_clearing
    to_pool = new.cash - now.cash + realized
    gained = step.after.books.totals.insurance - step.before.books.totals.insurance
    to_insurance = gained - swept - done.insurance
    require(to_pool + to_insurance == fee, "fee", fee, "pool", to_pool, "insurance", to_insurance)
    share = step.before.rules[market].config.insurance_fee_share_ppm
    require(to_insurance == fee * share // 10**6, "insurance", to_insurance, "fee", fee, "share", share)
    empty = new.long_interest == new.short_interest == 0
    require(swept == 0 or (empty and swept > 0), "swept", swept)
    return 1
