"""Twin of `insurance/InsuranceLedger.sol`. Tokens are token units, shares have 24 decimals."""

from keel.model import pool
from keel.model.errors import Refused
from keel.model.fixed import checked, mul_div_ceil, u256
from keel.model.ledger.books import MAX_INSURANCE_SHARES, Books, same_address


class InsuranceLedger(Books):
    """What the insurance vault calls, and the previews."""

    def insurance_deposit(self, sender: str, tokens: int, wanted: int = 0) -> int:
        """Mint shares for tokens; `wanted` as in `pool_deposit`."""
        self._check_vault(sender)
        amount = self._to_amount(tokens)
        shares = pool.shares_for(amount, self.insurance_assets, self.insurance_shares)
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

    def insurance_redeem(self, sender: str, shares: int, to: str) -> int:
        """Burn shares and pay `to`; gives token units, floor."""
        self._check_vault(sender)
        tokens = self.preview_insurance_redeem(shares)
        if tokens == 0:
            raise Refused("DustAmount", shares)
        self.insurance_assets = checked(self.insurance_assets - tokens * self.token_scale, 128)
        self.insurance_shares -= shares
        self._pay_out(to, tokens)
        return tokens

    def preview_insurance_deposit(self, tokens: int) -> int:
        """Shares for token units, floor."""
        amount = self._to_amount(tokens)
        return pool.shares_for(amount, self.insurance_assets, self.insurance_shares)

    def preview_insurance_mint(self, shares: int) -> int:
        """Token units that mint exactly `shares`, ceil."""
        assets = pool.assets_to_mint(shares, self.insurance_assets, self.insurance_shares)
        return mul_div_ceil(assets, 1, self.token_scale)

    def preview_insurance_redeem(self, shares: int) -> int:
        """Token units for shares, floor."""
        if shares > self.insurance_shares:
            raise Refused("DustAmount", shares)
        return pool.assets_for(shares, self.insurance_assets, self.insurance_shares) // self.token_scale

    def _check_vault(self, sender: str) -> None:
        if not same_address(sender, self.insurance_vault):
            raise Refused("NotVault", sender)
