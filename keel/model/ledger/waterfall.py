"""Twin of `liquidation/Waterfall.sol`: who pays what an account cannot."""

from dataclasses import replace

from keel.model import liquidation, market_set, pool
from keel.model.cold_records import Stage, Window
from keel.model.fixed import PPM, safe_cast, u256
from keel.model.ledger.accounts import Accounts, backstop_of
from keel.model.ledger.books import STATUS_RESOLVING, STATUS_SHUT, add, add_balance
from keel.model.ledger.positions import Touch


class Waterfall(Accounts):
    """Insurance first, as far as it reaches, then the pool of the market where the debt showed.

    The pool pays up to its cap of a day; the rest it advances, and the market's winners give it back.
    """

    def losses_of(self, now: int, market: int) -> tuple[int, int]:
        """What a market's pool has paid of a day's cap, and the cap, quote WAD."""
        if market not in self.configs:
            return 0, 0
        return self._losses(self._load(now, self._backstop, market))

    @property
    def _backstop(self) -> int:
        """The insurance's own account."""
        return backstop_of(self.core)

    def _cover_shortfall(self, t: Touch) -> None:
        """An account that ends without positions and below zero.

        What a sale of its other collateral can bring stays its debt until then.
        """
        shortfall = 0 if t.position.size != 0 or not self._last(t) else self._unbacked(t)
        if shortfall == 0:
            return
        t.account.balance = add_balance(t.account.balance, shortfall)
        # Who leaves a debt behind leaves its claim to who pays.
        t.claim.forfeited = t.claim.period != 0
        self._pay(t, shortfall)

    def _unbacked(self, t: Touch) -> int:
        """What the account owes beyond what a sale of its other collateral can bring, quote WAD."""
        if t.account.balance >= 0:
            return 0
        backed = self.proceeds_of(t.now, t.account_id, t.account.collateral)
        return max(-t.account.balance - backed, 0)

    def _last(self, t: Touch) -> bool:
        """Whether the account has no other position."""
        return market_set.remove(t.account.markets, t.market_id) == 0

    def _sweep(self, t: Touch) -> int:
        """What the insurance's own account gained or lost goes to the insurance; gives it, quote WAD."""
        result, t.account.balance = t.account.balance, 0
        if result >= 0:
            t.to_insurance += result
        else:
            self._pay(t, -result)
        return result

    def _losses(self, t: Touch) -> tuple[int, int]:
        equity = max(0, pool.equity_of(t.market, t.config))
        cap = u256(equity * self.links[t.market_id].loss_cap_ppm) // PPM
        window = self._liquidation_book(t.market_id).losses
        return liquidation.fallen(window.amount, cap, t.now - window.at, liquidation.LOSS_SECONDS), cap

    def _pay(self, t: Touch, amount: int) -> None:
        """What this call brings the insurance pays, too, before the pool does."""
        insured = self.insurance_assets + t.to_insurance
        from_insurance = min(amount, insured)
        self.insurance_assets = safe_cast(insured - from_insurance, 128)
        t.to_insurance = 0
        rest = amount - from_insurance
        from_pool = self._from_pool(t, rest)
        t.market.cash = add(t.market.cash, -rest)
        if rest != from_pool:
            self._leave_deficit(t, rest - from_pool)

    def _from_pool(self, t: Touch, rest: int) -> int:
        if rest == 0:
            return 0
        lost, cap = self._losses(t)
        from_pool = min(rest, max(cap - lost, 0))
        window = Window(safe_cast(lost + from_pool, 128), t.now)
        self.liquidation_books[t.market_id] = replace(self._liquidation_book(t.market_id), losses=window)
        return from_pool

    def _leave_deficit(self, t: Touch, amount: int) -> None:
        """A shut market counts its pool's own cash; what comes while a cut is being taken waits."""
        market, r = t.market_id, self.resolution_of(t.market_id)
        if r.stage == Stage.COUNTING:
            self._resolution_to(market, deficit=u256(r.deficit + amount))
            return
        self._resolution_to(market, waiting=u256(r.waiting + amount))
        if r.stage == Stage.NONE and t.config.status != STATUS_SHUT:
            self._begin(t)

    def _begin(self, t: Touch) -> None:
        """Begin to share out what waits, at the present index; the touched position as in `t`."""
        m, r, before = t.market, self.resolution_of(t.market_id), self.configs[t.market_id].status
        self._resolution_to(
            t.market_id,
            number=r.number + 1,
            before=before if before < STATUS_RESOLVING else r.before,
            stage=Stage.COUNTING,
            price=m.price.index,
            long_left=m.long_interest,
            short_left=m.short_interest,
            profits=0,
            deficit=r.waiting,
            waiting=0,
        )
        self.liquidation_books[t.market_id] = replace(self._liquidation_book(t.market_id), held=True)
        self._set_status(t.market_id, STATUS_RESOLVING)
