"""Sharing out what nobody has paid: who gives, how much, and what the books say of it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from keel.evm.chain import Log
from keel.model.cold_records import Resolution
from keel.model.cold_records import Stage as Pass
from keel.model.ledger.books import STATUS_SHUT
from keel.sim.fuzz.invariants.base import paid_for_debts, require
from keel.sim.fuzz.invariants.funding import accrued
from keel.sim.fuzz.stage import Step
from keel.sim.fuzz.world import BACKSTOP
from keel.units import WAD


def inv_35(step: Step) -> int:
    """A resolution begins only for what nobody has paid, counts all profits, and takes no more than that."""
    for market in step.touched.markets:
        expected, found = _course(step, market), step.after.books.resolutions[market]
        for name in ("number", "stage", "price", "deficit", "waiting", "profits", "profits_left", "cut"):
            told, held = getattr(expected, name), getattr(found, name)
            require(told == held, "market", market, name, held, "expected", told)
        left = _uncounted(step, market) if found.stage == Pass.COUNTING else (0, 0)
        known = found.long_left, found.short_left
        fits = known == left or (found.stage == Pass.NONE and found.number == 0)
        require(fits, "market", market, "left", known, "not counted", left)
    return len(step.touched.markets)


def _course(step: Step, market: int) -> Resolution:
    """The resolution as it was, moved on by what the events say; each of them must fit."""
    course = _Course(step, market)
    for log in course.logs:
        course.move(log)
    return course.now


class _Course:
    """A resolution on its way through one call."""

    def __init__(self, step: Step, market: int) -> None:
        self._step, self._market, self.now = step, market, step.before.books.resolutions[market]
        if step.action.name == "deleverage":
            missing = -step.before.equity(market, step.before.books.markets[market].price.index)
            self.now = replace(self.now, waiting=self.now.waiting + missing)
        self.logs = [log for log in step.receipt.logs if log.args.get("market") == market]
        self._counted: dict[int, int] = {}
        self._given: Counter[int] = Counter()

    def move(self, log: Log) -> None:
        """Go on by one event."""
        r, args = self.now, log.args
        if log.event == "DeficitLeft":
            name = "deficit" if r.stage == Pass.COUNTING else "waiting"
            self.now = replace(r, **{name: getattr(r, name) + args["amount"]})
        elif log.event == "ResolutionBegun":
            self.now = _begun(self._step, r, log)
        elif log.event == "PositionCounted":
            self._count(args["account"], args["profit"])
        elif log.event == "ResolutionCounted":
            later = self.logs[self.logs.index(log) :]
            _check_cut(self._step, r, log, _cash_after(self._step, self._market, later))
            self.now = replace(r, cut=args["cut"], profits_left=r.profits, stage=Pass.APPLYING)
        elif log.event == "ProfitCut":
            self._take(args["account"], args["amount"])
        elif log.event == "ResolutionEnded":
            require(r.profits_left == 0, "market", self._market, "ended with profits left", r.profits_left)
            self.now = replace(r, stage=Pass.NONE)

    def _count(self, account: int, told: int) -> None:
        r, place = self.now, self._step.world.ids.index(account)
        profit, filled = _profit(self._step, r, place, self._market, self._given[place])
        require(r.stage == Pass.COUNTING, "place", place, "counted in stage", r.stage)
        require(told == profit, "place", place, "profit", told, "expected", profit)
        self._counted[place] = profit
        self.now = replace(r, profits=r.profits + profit, waiting=r.waiting + filled)

    def _take(self, account: int, amount: int) -> None:
        r, place = self.now, self._step.world.ids.index(account)
        known = self._step.before.books.marks[place, self._market].profit
        profit = self._counted.get(place, known)
        require(r.stage == Pass.APPLYING, "place", place, "cut in stage", r.stage)
        require(amount <= profit, "place", place, "gave", amount, "of a profit of", profit)
        self._given[place] += amount
        self.now = replace(r, profits_left=r.profits_left - profit)


def _begun(step: Step, r: Resolution, log: Log) -> Resolution:
    """A resolution that begins: for a deficit, or because the market is shut."""
    market, shut = log.args["market"], step.action.name == "shut"
    price = step.before.books.markets[market].price
    fair = price.twap if shut else price.index
    require(log.args["price"] == fair, "market", market, "price", log.args["price"], "expected", fair)
    require(r.stage == Pass.NONE, "market", market, "begun in stage", r.stage)
    require(shut or r.waiting > 0, "market", market, "begun without a deficit", r.waiting)
    fresh = replace(r, number=r.number + 1, stage=Pass.COUNTING, price=fair, profits=0)
    return replace(fresh, deficit=0) if shut else replace(fresh, deficit=r.waiting, waiting=0)


def _check_cut(step: Step, r: Resolution, log: Log, cash: int) -> None:
    """What is taken is what is missing, of a shut market what the pool has not, and never beyond profits."""
    args, market = log.args, log.args["market"]
    missing = max(r.profits + r.waiting - max(cash, 0), 0) if _shut(step, market) else r.deficit
    expected = min(missing, r.profits)
    told = args["profits"], args["cut"], args["socialised"]
    wanted = r.profits, expected, max(r.deficit - expected, 0)
    require(told == wanted, "market", market, "profits, cut and rest", told, "expected", wanted)


def _cash_after(step: Step, market: int, later: list[Log]) -> int:
    """The pool's cash in the middle of a call: as it ends, and what was paid until then."""
    paid = sum(_paid(log) for log in later)
    return step.after.books.markets[market].cash + paid


def _paid(log: Log) -> int:
    """What the pool paid by one event, quote WAD."""
    if log.event == "PositionShut":
        return int(log.args["fill"].realized)
    name = {"BadDebtCovered": "fromPool", "DeficitLeft": "amount"}.get(log.event)
    return int(log.args[name]) if name else 0


def _profit(step: Step, r: Resolution, place: int, market: int, given: int) -> tuple[int, int]:
    """Profit at the fixed price, less what was given; and what the pool pays besides.

    In a shut market a debt is set off against the profit first; where some is left, the pool fills the debt.
    """
    position = step.before.position(place, market)
    profit = position.size * r.price // WAD - position.notional - given
    if profit <= 0 or place == BACKSTOP or not _shut(step, market) or step.before.held(place) != [market]:
        return max(profit, 0), 0
    backed = step.before.worth(place).proceeds
    balance = step.before.books.accounts[place].balance + step.before.touch(place, market).balance
    owed = max(-balance - backed, 0)
    return (profit - owed, owed) if owed < profit else (0, 0)


def _again(step: Step, market: int) -> bool:
    """Whether another resolution began in the same call: what was given before it is not remembered."""
    return any(log.args["market"] == market for log in step.receipt.events("ResolutionBegun"))


def _uncounted(step: Step, market: int) -> tuple[int, int]:
    """Longs and shorts of whom the first pass has not been, base WAD."""
    books = step.after.books
    number = books.resolutions[market].number
    sizes = [
        position.size
        for key, position in books.positions.items()
        if key[1] == market and books.marks[key].number != number
    ]
    return sum(size for size in sizes if size > 0), -sum(size for size in sizes if size < 0)


def _shut(step: Step, market: int) -> bool:
    return step.after.rules[market].config.status == STATUS_SHUT


def inv_35_books(step: Step) -> int:
    """A resolution closes no position and moves what it says; a shut market ends each at the fixed price."""
    _, market, *_ = step.action.args
    told = Counter(log.args["account"] for log in _passes(step))
    cuts: Counter[int] = Counter()
    # One call may end a resolution and go through the next.
    for log in step.receipt.events("ProfitCut"):
        cuts[log.args["account"]] += log.args["amount"]
    ends = {log.args["account"]: log.args["fill"] for log in step.receipt.events("PositionShut")}
    for place in step.touched.accounts:
        account = step.world.ids[place]
        old, new = step.before.position(place, market), step.after.position(place, market)
        realized = _check_position(step, market, old, new, cuts[account], ends.get(account))
        settled = step.before.touch(place, market).balance if told[account] else 0
        covered = sum(paid_for_debts(step, account))
        expected = step.before.books.accounts[place].balance + settled + realized + covered
        expected = 0 if place == BACKSTOP and told[account] else expected
        balance = step.after.books.accounts[place].balance
        require(balance == expected, "place", place, "balance", balance, "expected", expected)
    moved = sum(_paid(log) for log in step.receipt.logs)
    cash, found = accrued(step, market)[0].cash - moved, step.after.books.markets[market].cash
    require(found == cash, "market", market, "cash", found, "expected", cash)
    return 1 + len(step.touched.accounts)


def _passes(step: Step) -> Iterator[Log]:
    yield from step.receipt.events("PositionCounted")
    yield from step.receipt.events("ProfitCut")


def _check_position(step: Step, market: int, old: Any, new: Any, cut: int, end: Any) -> int:
    """The position as expected; gives what its end realized."""
    if end is None:
        same = new.size == old.size and new.notional == old.notional + cut
        require(same, "position", new, "before", old, "cut", cut)
        return 0
    value: int = old.size * step.before.books.resolutions[market].price // WAD
    realized: int = value - old.notional - cut
    told = end.size, end.cost, end.realized, end.sizeAfter
    require(told == (-old.size, -value, realized, 0), "end", told, "of", old, "at a value of", value)
    require(new.size == new.notional == 0, "left", new)
    return realized


def inv_35_sum(step: Step) -> int:
    """Winners give together what is taken, and a wei each at most beyond it."""
    _, market, *_ = step.action.args
    r, given = step.after.books.resolutions[market], step.world.ghost.cuts.get(market, {})
    if _again(step, market) or not given:
        return 0
    total = sum(cut.amount for cut in given.values())
    require(total <= r.cut + len(given), "given", total, "of", r.cut, "by", len(given))
    require(r.stage != Pass.NONE or total >= r.cut, "given", total, "of", r.cut, "by", len(given))
    return 1


def inv_35_end(step: Step) -> int:
    """When a shut market has ended its pool owes nothing, unless the winners have given all."""
    _, market, *_ = step.action.args
    r, m = step.after.books.resolutions[market], step.after.books.markets[market]
    if r.stage != Pass.NONE or not _shut(step, market) or not step.receipt.events("ResolutionEnded"):
        return 0
    require(m.cash >= 0 or r.cut == r.profits, "cash", m.cash, "taken", r.cut, "of profits", r.profits)
    return 1


def inv_38(step: Step) -> int:
    """All winners of a resolution give the same part of their profit, whoever came first."""
    _, market, *_ = step.action.args
    given = list(step.world.ghost.cuts.get(market, {}).items())
    for at, (place, one) in enumerate(given):
        for other_place, other in given[at + 1 :]:
            gap = one.amount * other.profit - other.amount * one.profit
            even = -one.profit < gap < other.profit
            require(even, "place", place, "gave", one, "and place", other_place, "gave", other)
    return len(given)
