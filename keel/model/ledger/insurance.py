"""Twin of `insurance/InsuranceLedger.sol`. Tokens are token units, shares have 24 decimals."""

from keel.model import pool
from keel.model.errors import Refused
from keel.model.fixed import checked, i256, mul_div_ceil, u256
from keel.model.ledger.accounts import backstop_of
from keel.model.ledger.books import MAX_INSURANCE_SHARES, same_address
from keel.model.ledger.margins import MarginLedger
from keel.model.validity import Action


class InsuranceLedger(MarginLedger):
    """What the insurance vault calls, and the previews."""

    def insurance_deposit(self, now: int, sender: str, tokens: int, wanted: int = 0) -> int:
        """Mint shares for tokens; `wanted` as in `pool_deposit`."""
        self._check_vault(sender)
        higher = self._selling_worth(now, Action.POOL_DEPOSIT)
        amount = self._to_amount(tokens)
        shares = pool.shares_for(amount, higher, self.insurance_shares)
        if wanted != 0 and wanted <= shares:
            shares = wanted
        if shares == 0 or wanted > shares:
            raise Refused("DustAmount", tokens)
        supply = u256(self.insurance_shares + shares)
        if supply > MAX_INSURANCE_SHARES:
            raise Refused("AmountOutOfRange", tokens, self.token_limit)
        self._to_insurance(amount)
        self.insurance_shares = supply
        self._book_in(tokens)
        return shares

    def insurance_redeem(self, now: int, sender: str, shares: int, to: str) -> int:
        """Burn shares and pay `to`; gives token units, floor."""
        self._check_vault(sender)
        lower, _, tied = self._worth(now, Action.POOL_REDEEM)
        tokens = self._insurance_tokens_for(shares, lower)
        if tokens == 0:
            raise Refused("DustAmount", shares)
        amount = tokens * self.token_scale
        if lower < amount + tied or self.insurance_assets < amount:
            raise Refused("InsuranceTied", amount, tied)
        self._pay_out(to, tokens)
        self.insurance_assets = checked(self.insurance_assets - amount, 128)
        self.insurance_shares -= shares
        return tokens

    def insurance_equity(self, now: int) -> tuple[int, int]:
        """Assets with the insurance's own positions at the worse and at the better price, quote WAD."""
        lower, better, _ = self._worth(now, Action.ADD_MARGIN)
        return lower, max(0, better)

    def preview_insurance_deposit(self, now: int, tokens: int) -> int:
        """Shares for token units, floor."""
        higher = self._selling_worth(now, Action.ADD_MARGIN)
        return pool.shares_for(self._to_amount(tokens), higher, self.insurance_shares)

    def preview_insurance_mint(self, now: int, shares: int) -> int:
        """Token units that mint exactly `shares`, ceil."""
        higher = self._selling_worth(now, Action.ADD_MARGIN)
        assets = pool.assets_to_mint(shares, higher, self.insurance_shares)
        return mul_div_ceil(assets, 1, self.token_scale)

    def preview_insurance_redeem(self, now: int, shares: int) -> int:
        """Token units for shares, floor."""
        lower, _, _ = self._worth(now, Action.ADD_MARGIN)
        return self._insurance_tokens_for(shares, lower)

    def _insurance_tokens_for(self, shares: int, lower: int) -> int:
        if shares > self.insurance_shares:
            raise Refused("DustAmount", shares)
        return pool.assets_for(shares, lower, self.insurance_shares) // self.token_scale

    def _selling_worth(self, now: int, action: Action) -> int:
        """What new shares are sold at: below zero there is nothing to price."""
        _, higher, _ = self._worth(now, action)
        if higher < 0:
            raise Refused("NoEquity", higher)
        return higher

    def _worth(self, now: int, action: Action) -> tuple[int, int, int]:
        """Assets with the insurance's own positions, quote WAD.

        Returns:
            At the worse, at least 0, and the better of index and TWAP; the margin those positions tie.
        """
        assets, account = self.insurance_assets, backstop_of(self.core)
        if self._account(account).markets == 0:
            return assets, assets, 0
        h = self.health_for(now, account, action)
        lower = max(0, i256(assets + h.equity_worse))
        return lower, i256(assets + max(h.equity, h.equity_better)), h.maintenance

    def _check_vault(self, sender: str) -> None:
        if not same_address(sender, self.insurance_vault):
            raise Refused("NotVault", sender)
