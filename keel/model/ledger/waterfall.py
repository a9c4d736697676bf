"""Twin of `liquidation/Waterfall.sol`: who pays what an account cannot."""

from keel.model import market_set
from keel.model.fixed import cast, safe_cast
from keel.model.ledger.accounts import Accounts
from keel.model.ledger.books import add
from keel.model.ledger.positions import Touch


class Waterfall(Accounts):
    """Insurance first, as far as it reaches, then the pool of the market where the debt showed."""

    def _cover_shortfall(self, t: Touch) -> None:
        """An account that ends without positions and below zero."""
        last = t.position.size == 0 and market_set.remove(t.account.markets, t.market_id) == 0
        if not last or t.account.balance >= 0:
            return
        shortfall, t.account.balance = -t.account.balance, 0
        self._pay(t, shortfall)
        # Who leaves a debt behind leaves its claim to who pays.
        t.claim.forfeited = t.claim.period != 0

    def _sweep(self, t: Touch) -> int:
        """What the insurance's own account gained or lost goes to the insurance; gives it, quote WAD."""
        result, t.account.balance = t.account.balance, 0
        if result >= 0:
            t.to_insurance += result
        else:
            self._pay(t, -result)
        return result

    def _pay(self, t: Touch, amount: int) -> None:
        """What this call brings the insurance pays, too, before the pool does."""
        insured = self.insurance_assets + t.to_insurance
        from_insurance = min(amount, insured)
        self.insurance_assets = safe_cast(insured - from_insurance, 128)
        t.to_insurance = 0
        t.market.cash = add(t.market.cash, -cast(amount - from_insurance, signed=True))
