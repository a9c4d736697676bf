"""Funding and fees: what one pays, others receive."""

from keel.model.funding_view import input_of
from keel.model.position import fill
from keel.model.records import Market
from keel.sim.fuzz.invariants.base import require
from keel.sim.fuzz.moment import Moment, seconds_to_accrue
from keel.sim.fuzz.stage import Step
from keel.units import RAY, WAD

_EIGHT_HOURS = 28_800


def inv_12(step: Step) -> int:
    """What payers paid and owe, less surplus, covers what receivers and pool are credited, but for dust."""
    for market in step.touched.markets:
        dust, pending = outstanding(step.after, market)
        bound = step.world.ghost.roundings.get(market, 0) + 2 * pending + 1
        require(0 <= dust <= bound, "market", market, "collected less credited", dust, "bound", bound)
    return len(step.touched.markets)


def outstanding(moment: Moment, market: int) -> tuple[int, int]:
    """Collected less credited funding if every position settled now, quote WAD; number of open positions."""
    total = count = 0
    for (place, where), position in moment.books.positions.items():
        if where == market and position.size:
            paid, received, surplus = moment.due(place, market)
            total, count = total + paid - received - surplus, count + 1
    return moment.market(market).funding_clearing + total, count


def inv_13(step: Step) -> int:
    """Funding indices move by the rate before the call times the time passed, and else not at all."""
    for market in step.touched.markets:
        new, expected = step.after.books.markets[market], accrued(step, market)
        found = new.longs_paid, new.shorts_paid, new.stress, new.funding_state
        wanted = expected.longs_paid, expected.shorts_paid, *_model_state(step, market, expected)
        require(found == wanted, "market", market, "indices", found, "expected", wanted)
    return len(step.touched.markets)


def accrued(step: Step, market: int) -> Market:
    """The market before the call, accrued at its old rate if the call did so."""
    touched = step.after.books.markets[market].accrued_at == step.after.now
    return step.before.market(market) if touched else step.before.books.markets[market]


def _model_state(step: Step, market: int, old: Market) -> tuple[int, bytes]:
    """Stress and state of the model in force; a new one starts where it would have rested, calm."""
    rules = step.after.rules[market]
    if rules.funding is step.before.rules[market].funding:
        return old.stress, old.funding_state
    return 0, rules.funding.initial_state(input_of(old, rules.config, 0))


def inv_13_one_way(step: Step) -> int:
    """Funding indices never fall, and one call moves only one of them."""
    for market in step.touched.markets:
        low, high = sorted(index_moves(step, market))
        require(low == 0 <= high, "market", market, "moves", (low, high))
    return len(step.touched.markets)


def index_moves(step: Step, market: int) -> tuple[int, int]:
    """Growth of what longs and of what shorts paid, RAY quote per base."""
    new, old = step.after.books.markets[market], step.before.books.markets[market]
    return new.longs_paid - old.longs_paid, new.shorts_paid - old.shorts_paid


def inv_14(step: Step) -> int:
    """What is charged stays inside the caps of the model in force."""
    for market in step.touched.markets:
        old, rules = step.before.books.markets[market], step.before.rules[market]
        span = seconds_to_accrue(old, rules.config, step.before.now) + rules.funding.held_seconds
        for moved, cap in zip(index_moves(step, market), rules.funding.caps, strict=True):
            most = cap * span * old.price.index * (RAY // WAD) // (WAD * _EIGHT_HOURS) + 1
            inside = moved == 0 or moved <= most
            require(inside, "market", market, "seconds", span, "moved", moved, "most", most)
    return len(step.touched.markets)


def inv_14_rate(step: Step) -> int:
    """The rate of the model in force stays inside its caps."""
    for market in step.touched.markets:
        rules = step.after.rules[market]
        rate = rules.funding.rate(input_of(step.after.books.markets[market], rules.config, 0))
        longs_pay, shorts_pay = rules.funding.caps
        require(-shorts_pay <= rate <= longs_pay, "market", market, "rate", rate)
    return len(step.touched.markets)


def inv_16(step: Step) -> int:
    """A trade settles exactly the pending funding, and its account explains to the wei."""
    _, place, market, size, *_ = step.action.args
    cost, fee = step.receipt.result
    old = step.before.position(place, market)
    paid, received, _ = step.before.due(place, market)
    realized = fill(old.size, old.notional, size, cost).realized
    expected = step.before.books.accounts[place].balance - paid + received + realized - fee
    balance = step.after.books.accounts[place].balance
    require(balance == expected, "balance", balance, "expected", expected)
    return 1


def inv_18(step: Step) -> int:
    """The fee that a trader is charged is what pool and insurance get; insurance has the surplus as well."""
    _, place, market, size, *_ = step.action.args
    cost, fee = step.receipt.result
    now, new = step.before.market(market), step.after.books.markets[market]
    old = step.before.position(place, market)
    realized = fill(old.size, old.notional, size, cost).realized
    paid, received, surplus = step.before.due(place, market)
    swept = now.funding_clearing + paid - received - surplus - new.funding_clearing
    to_pool = new.cash - now.cash + realized
    gained = step.after.books.totals.insurance - step.before.books.totals.insurance
    to_insurance = gained - swept - surplus
    require(to_pool + to_insurance == fee, "fee", fee, "pool", to_pool, "insurance", to_insurance)
    share = step.before.rules[market].config.insurance_fee_share_ppm
    require(to_insurance == fee * share // 10**6, "insurance", to_insurance, "fee", fee, "share", share)
    empty = new.long_interest == new.short_interest == 0
    require(swept == 0 or (empty and swept > 0), "swept", swept)
    return 1
