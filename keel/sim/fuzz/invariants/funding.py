"""Funding and fees: what one pays, others receive."""

from keel.model.funding import due
from keel.model.position import fill
from keel.model.records import Market
from keel.sim.fuzz.invariants.base import require
from keel.sim.fuzz.moment import Moment, funding_input
from keel.sim.fuzz.stage import Step


def inv_12(step: Step) -> int:
    """What payers paid and owe covers what receivers and pool are credited, and exceeds it by dust only."""
    for market in step.touched.markets:
        dust, pending = outstanding(step.after, market)
        bound = step.world.ghost.roundings.get(market, 0) + 2 * pending + 1
        require(0 <= dust <= bound, "market", market, "collected less credited", dust, "bound", bound)
    return len(step.touched.markets)


def outstanding(moment: Moment, market: int) -> tuple[int, int]:
    """Collected less credited funding if every position settled now, quote WAD; number of open positions."""
    m, total, count = moment.market(market), 0, 0
    for (_, where), position in moment.books.positions.items():
        if where == market and position.size:
            paid, received = due(m, position)
            total, count = total + paid - received, count + 1
    return m.funding_clearing + total, count


def inv_13(step: Step) -> int:
    """Funding indices move by the rate before the call times the time passed, and else not at all."""
    for market in step.touched.markets:
        new, old = step.after.books.markets[market], step.before.books.markets[market]
        expected = step.before.market(market) if new.accrued_at == step.after.now else old
        found, wanted = _indices(new), _indices(expected)
        require(found == wanted, "market", market, "indices", found, "expected", wanted)
    return len(step.touched.markets)


def _indices(m: Market) -> tuple[int, int, bytes]:
    return m.longs_paid, m.shorts_paid, m.funding_state


def inv_14(step: Step) -> int:
    """The funding rate stays inside its caps."""
    checked = 0
    for market in step.touched.markets:
        rules, m = step.after.rules[market], step.after.books.markets[market]
        if m.funding_state == step.before.books.markets[market].funding_state:
            continue
        rate = rules.funding.rate(funding_input(m, rules.config, 0))
        longs_pay, shorts_pay = rules.funding.caps
        require(-shorts_pay <= rate <= longs_pay, "market", market, "rate", rate)
        checked += 1
    return checked


def inv_16(step: Step) -> int:
    """A trade settles exactly the pending funding, and its account explains to the wei."""
    _, place, market, size, *_ = step.action.args
    cost, fee = step.receipt.result
    old = step.before.position(place, market)
    paid, received = due(step.before.market(market), old)
    realized = fill(old.size, old.notional, size, cost).realized
    expected = step.before.books.accounts[place].balance - paid + received + realized - fee
    balance = step.after.books.accounts[place].balance
    require(balance == expected, "balance", balance, "expected", expected)
    return 1


def inv_18(step: Step) -> int:
    """The fee that a trader is charged is what pool and insurance get."""
    _, place, market, size, *_ = step.action.args
    cost, fee = step.receipt.result
    now, new = step.before.market(market), step.after.books.markets[market]
    old = step.before.position(place, market)
    realized = fill(old.size, old.notional, size, cost).realized
    paid, received = due(now, old)
    swept = now.funding_clearing + paid - received - new.funding_clearing
    to_pool = new.cash - now.cash + realized
    to_insurance = step.after.books.totals.insurance - step.before.books.totals.insurance - swept
    require(to_pool + to_insurance == fee, "fee", fee, "pool", to_pool, "insurance", to_insurance)
    share = step.before.rules[market].config.insurance_fee_share_ppm
    require(to_insurance == fee * share // 10**6, "insurance", to_insurance, "fee", fee, "share", share)
    empty = new.long_interest == new.short_interest == 0
    require(swept == 0 or (empty and swept > 0), "swept", swept)
    return 1
