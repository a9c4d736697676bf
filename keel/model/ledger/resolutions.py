"""Twin of `liquidation/Resolutions.sol`: deleverage and shutdown, in two passes over a market's positions."""

from collections.abc import Sequence
from dataclasses import replace

from keel.model import liquidation, pool
from keel.model.cold_records import Resolution, ResolutionMark, Stage
from keel.model.errors import Refused
from keel.model.fixed import cast, safe_cast, u256
from keel.model.ledger.backstop import Backstop
from keel.model.ledger.books import STATUS_REDUCE_ONLY, STATUS_RESOLVING, STATUS_SHUT, add
from keel.model.ledger.filling import book
from keel.model.ledger.limits import require
from keel.model.ledger.positions import Touch
from keel.model.validity import Action
from keel.units import WAD


class Resolutions(Backstop):
    """What insurance and pool may not pay, the winners give back, each in proportion to its profit.

    The first pass counts every position, the second takes; in a shut market positions end at the fixed price.
    """

    def deleverage(self, now: int, market: int) -> None:
        """Begin to share out what a market's pool lacks at index and at TWAP. Anyone."""
        with self._atomic():
            self._store(self._accrue(now, market))
            self._deleverage(self._load(now, self._backstop, market))

    def resolve(self, now: int, market: int, accounts: Sequence[int]) -> int:
        """Take accounts through the present pass of a market's resolution. Anyone; gives how many went."""
        with self._atomic():
            return self._resolve(now, market, accounts)

    def cover(self, now: int, account: int) -> None:
        """Let insurance and pool pay the debt of an account without positions and collateral. Anyone.

        The pool is that of the market where the debt last showed.
        """
        market, a = self.debt_markets.get(account, 0), self._account(account)
        if market == 0 or a.markets != 0 or a.collateral != 0 or a.balance >= 0:
            raise Refused("NothingToCover", account)
        with self._atomic():
            self._store(self._accrue(now, market))
            t = self._load(now, account, market)
            if t.config.status == STATUS_SHUT:
                self._cover_insured(t)
            else:
                self._cover_shortfall(t)
            self._commit(t)

    def _cover_insured(self, t: Touch) -> None:
        """A shut market's pool pays its winners: what the insurance has not stays owed, for another call."""
        later = min(0, self.insurance_assets - self._unbacked(t))
        t.account.balance -= later
        self._cover_shortfall(t)
        t.account.balance += later

    def _deleverage(self, t: Touch) -> None:
        market, m = t.market_id, t.market
        if t.config.status >= STATUS_RESOLVING:
            raise Refused("MarketShut", market)
        require(m, t.config, Action.OPEN, t.now)
        equity = pool.equity_of(m, t.config)
        at_twap = pool.equity_of(replace(m, price=replace(m.price, index=m.price.twap)), t.config)
        better = max(equity, at_twap)
        if better >= 0:
            raise Refused("PoolSolvent", market, better)
        self._resolution_to(market, waiting=u256(self.resolution_of(market).waiting - equity))
        self._begin(t)

    def _resolve(self, now: int, market: int, accounts: Sequence[int]) -> int:
        r = self.resolution_of(market)
        if r.stage == Stage.NONE:
            raise Refused("NothingToResolve", market)
        if r.stage == Stage.COUNTING and _all_counted(r):
            self._count(self._load(now, self._backstop, market))
        if self.resolution_of(market).stage != Stage.NONE:
            self._step(now, market, self._backstop)
        done = 0
        for account in accounts:
            if self.resolution_of(market).stage == Stage.NONE:
                break
            done += self._step(now, market, account)
        return done

    def _step(self, now: int, market: int, account: int) -> bool:
        r, mark = self.resolution_of(market), self.resolution_mark_of(account, market)
        counting, counted = r.stage == Stage.COUNTING, mark.number == r.number
        empty = self._position(account, market).size == 0
        if counting == counted or (counted and mark.done) or empty:
            return False
        t, _ = self._settled(now, account, market, Action.ADD_MARGIN)
        if account == self._backstop:
            self._sweep(t)
        if counting:
            self._count_one(t)
        else:
            self._take(t, mark)
        return True

    def _count_one(self, t: Touch) -> None:
        """First pass: whoever has no profit is through; in a shut market its position ends here."""
        market, size, r = t.market_id, t.position.size, self.resolution_of(t.market_id)
        long_left, short_left = u256(r.long_left - max(size, 0)), u256(r.short_left - max(-size, 0))
        profit = size * r.price // WAD - t.position.notional
        shut = t.config.status == STATUS_SHUT
        if shut and profit > 0 and self._last(t):
            profit = self._net_of_debt(t, profit)
        gained = safe_cast(max(profit, 0), 128)
        done = profit <= 0
        self.resolution_marks[t.account_id, market] = ResolutionMark(cast(r.number, 64), done, gained)
        self._resolution_to(
            market, long_left=long_left, short_left=short_left, profits=u256(r.profits + gained)
        )
        if done and shut:
            self._end(t)
        self._commit(t)
        if long_left == short_left == 0:
            self._count(t)

    def _net_of_debt(self, t: Touch, profit: int) -> int:
        """Who owes sets that off against its profit; the pool pays what fills the debt all the same."""
        owed = self._unbacked(t)
        if owed >= profit:
            return 0
        waiting = self.resolution_of(t.market_id).waiting
        self._resolution_to(t.market_id, waiting=u256(waiting + owed))
        return profit - owed

    def _count(self, t: Touch) -> None:
        """All are counted: the profits give what is missing, or in a shut market what the pool has not."""
        r = self.resolution_of(t.market_id)
        cut = r.deficit
        if t.config.status == STATUS_SHUT:
            cut = max(r.profits + r.waiting - max(0, t.market.cash), 0)
        self._resolution_to(
            t.market_id, cut=min(cut, r.profits), profits_left=r.profits, stage=Stage.APPLYING
        )
        if r.profits == 0:
            self._finish(t)
        else:
            self._step(t.now, t.market_id, self._backstop)

    def _take(self, t: Touch, mark: ResolutionMark) -> None:
        """Second pass: the profit shrinks by what the position's notional grows."""
        market, r = t.market_id, self.resolution_of(t.market_id)
        cut = liquidation.cut_of(mark.profit, r.profits, r.cut)
        t.position.notional = add(t.position.notional, cut)
        t.market.open_notional = add(t.market.open_notional, cut)
        self.resolution_marks[t.account_id, market] = replace(mark, done=True)
        left = u256(r.profits_left - mark.profit)
        self._resolution_to(market, profits_left=left)
        if t.config.status == STATUS_SHUT:
            self._end(t)
        self._commit(t)
        if left == 0:
            self._finish(t)

    def _end(self, t: Touch) -> None:
        """The position ends at the fixed price; a debt goes down the waterfall.

        One that came after the count does not fall on the pool.
        """
        size = t.position.size
        book(t, -size, -(size * self.resolution_of(t.market_id).price // WAD))
        if t.account_id == self._backstop:
            self._sweep(t)
        elif self.resolution_of(t.market_id).stage == Stage.COUNTING:
            self._cover_shortfall(t)
        else:
            self._cover_insured(t)

    def _finish(self, t: Touch) -> None:
        self._resolution_to(t.market_id, stage=Stage.NONE)
        if t.config.status == STATUS_SHUT:
            return
        if self.resolution_of(t.market_id).waiting != 0:
            self._begin(t)
        else:
            before = self.resolution_of(t.market_id).before
            self._set_status(t.market_id, max(before, STATUS_REDUCE_ONLY))


def _all_counted(r: Resolution) -> bool:
    return r.long_left == r.short_left == 0
