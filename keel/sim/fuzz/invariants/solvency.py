"""Tokens, buckets and sums: the books of the core add up."""

from keel.model.market_set import iterate
from keel.model.position import fill
from keel.sim.fuzz.invariants.base import require
from keel.sim.fuzz.stage import Step


def inv_01(step: Step) -> int:
    """The core holds at least what accounts, pools, funding, escrow and insurance add up to."""
    books = step.after.books
    owed = max(books.owed(), books.totals.booked * step.world.token_scale)
    held = books.totals.held * step.world.token_scale
    require(held >= owed, "held", held, "owed", owed)
    return 1


def inv_02(step: Step) -> int:
    """The buckets, debts of accounts below zero taken off, add up to the booked tokens."""
    books = step.after.books
    booked = books.totals.booked * step.world.token_scale
    require(books.owed() == booked, "buckets", books.owed(), "booked", booked)
    return 1


def inv_03(step: Step) -> int:
    """The books move by what was paid in or out, to the wei; a donation moves only the tokens held."""
    old, new = step.before.books.totals, step.after.books.totals
    paid = step.paid_in
    donated = step.donated
    require(new.booked - old.booked == paid, "booked", new.booked - old.booked, "paid", paid)
    arrived = new.held - old.held
    require(arrived == paid + donated, "arrived", arrived, "paid", paid, "donated", donated)
    return 1


def inv_04(step: Step) -> int:
    """Open interest of each side is the sum of the positions on it."""
    positions = step.after.books.positions
    for market in step.touched.markets:
        sizes = [position.size for (_, where), position in positions.items() if where == market]
        longs, shorts = sum(size for size in sizes if size > 0), -sum(size for size in sizes if size < 0)
        m = step.after.books.markets[market]
        require(m.long_interest == longs, "long interest", m.long_interest, "positions", longs)
        require(m.short_interest == shorts, "short interest", m.short_interest, "positions", shorts)
    return len(step.touched.markets)


def inv_05(step: Step) -> int:
    """The open notional of a market is the sum of its positions' notionals."""
    positions = step.after.books.positions
    for market in step.touched.markets:
        total = sum(position.notional for (_, where), position in positions.items() if where == market)
        held = step.after.books.markets[market].open_notional
        require(held == total, "open notional", held, "positions", total)
    return len(step.touched.markets)


def inv_05_fill(step: Step) -> int:
    """A trade moves size and notional of its position by exactly what was bought and what it cost."""
    _, place, market, size, *_ = step.action.args
    old, new = step.before.position(place, market), step.after.position(place, market)
    filled = fill(old.size, old.notional, size, step.receipt.result.cost)
    require(new.size == filled.size_after, "size", new.size, "expected", filled.size_after)
    require(
        new.notional == filled.notional_after, "notional", new.notional, "expected", filled.notional_after
    )
    return 1


def inv_08(step: Step) -> int:
    """A market is in an account's set exactly when the account has a position there, and only once."""
    books = step.after.books
    for place in step.touched.accounts:
        members = list(iterate(books.accounts[place].markets))
        held = [market for market in step.world.markets if books.positions[place, market].size]
        require(sorted(members) == held, "set", members, "positions", held)
    return len(step.touched.accounts)


def inv_09(step: Step) -> int:
    """An empty position leaves nothing behind: no notional, no funding checkpoint, no mark of a claim."""
    for key in step.touched.positions:
        p = step.after.books.positions[key]
        rest = p.notional or p.longs_paid or p.shorts_paid or p.escrowed
        require(p.size != 0 or not rest, "place and market", key, "rest", rest)
    return len(step.touched.positions)
