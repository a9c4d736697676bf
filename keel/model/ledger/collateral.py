"""Twin of `collateral/Collateral.sol`: collateral in, out, and sold for who needs it."""

from dataclasses import replace

from keel.model import collateral, validity
from keel.model.errors import Refused
from keel.model.fixed import cast
from keel.model.ledger.accounts import owner_of
from keel.model.ledger.books import same_address
from keel.model.ledger.resolutions import Resolutions
from keel.model.validity import Action, Price


class Collateral(Resolutions):
    """Collateral besides the settlement token. Amounts of it are token units of its own.

    Where a price is taken, `price` is the record that the contract stored; it is ignored when the kind has a
    price of this block.
    """

    def collateral_deposit(
        self, now: int, sender: str, account: int, kind: int, tokens: int, price: Price
    ) -> None:
        """Add collateral to an account. Owner and operators; needs a valid price, not below the floor."""
        with self._atomic():
            self._authorize(sender, account)
            if tokens == 0:
                raise Refused("ZeroAmount")
            taken, terms = self._taken_price(now, kind, price), self.kind_of(kind).terms
            if taken.index < terms.floor:
                raise Refused("PegLost", taken.index, terms.floor)
            held = self.kind_of(kind).held + tokens
            if held > terms.cap:
                raise Refused("CapExceeded", held, terms.cap)
            self._keep(account, kind, tokens)

    def collateral_withdraw(
        self, now: int, sender: str, account: int, kind: int, tokens: int, to: str
    ) -> None:
        """Take collateral out. Owner: to anyone; operator: to the owner only.

        What stays must be what a withdrawal of settlement tokens could leave.
        """
        with self._atomic():
            self._authorize(sender, account)
            owner = owner_of(account)
            if not same_address(to, owner) and not same_address(sender, owner):
                raise Refused("NotAuthorized", sender, account)
            if tokens == 0:
                raise Refused("ZeroAmount")
            self._take_out(account, kind, tokens)
            self.check_withdrawal(now, account)

    def collateral_buy(
        self, now: int, account: int, kind: int, tokens: int, max_cost: int, price: Price
    ) -> tuple[int, int]:
        """Buy collateral of an account that is unhealthy or deep in debt. Anyone; needs a valid price.

        Args:
            now: Block time, seconds.
            account: Whose collateral.
            kind: Which.
            tokens: Most token units.
            max_cost: Most units of the settlement token.
            price: See the class.

        Returns:
            Token units bought; units of the settlement token paid, ceil.
        """
        with self._atomic():
            taken = self._taken_price(now, kind, price)
            amount, discount_bps = self.sale_of(now, account, kind)
            unit, most = 10 ** self.kind_of(kind).decimals, min(tokens, self.held_of(account, kind))
            bought, cost = collateral.priced(taken, unit, self.token_scale, amount, discount_bps, most)
            if bought == 0:
                raise Refused("ZeroAmount")
            if cost > max_cost:
                raise Refused("CostTooHigh", cost, max_cost)
            self._take_out(account, kind, bought)
            self.deposit(account, cost)
            a = self._account(account)
            if a.collateral == 0 and a.markets == 0 and a.balance < 0:
                self.cover(now, account)
            return bought, cost

    def sale_of(self, now: int, account: int, kind: int) -> tuple[int, int]:
        """Settlement tokens that a sale may bring an account now, quote WAD; its discount, bps."""
        least_bps = self.kind_of(kind).terms.discount_bps
        health, a = self.health_for(now, account, Action.LIQUIDATE), self._account(account)
        worth = self.collateral_value(now, account, a.collateral)
        return collateral.sale(health, a.balance, worth, least_bps, self.haircut_of(now, kind))

    def _taken_price(self, now: int, kind: int, price: Price) -> Price:
        """Take the kind's price; it must be valid."""
        self.store_kind_price(now, kind, price)
        taken, fresh = self.kind_price(kind), self.kind_of(kind).terms.fresh_seconds
        validity.require(taken, Action.OPEN, fresh, fresh, now)
        return taken

    def _take_out(self, account: int, kind: int, tokens: int) -> None:
        self.kind_of(kind)
        held = self.held_of(account, kind)
        if tokens > held:
            raise Refused("TokensMissing", held, tokens)
        self._keep(account, kind, -tokens)

    def _keep(self, account: int, kind: int, change: int) -> None:
        """Change what is kept for an account, and what the core notes of it."""
        k, held = self.kind_of(kind), self.held_of(account, kind) + change
        self.collateral_kinds[kind] = replace(k, held=cast(k.held + change, 128))
        bit, noted = 1 << kind - 1, self._account(account).collateral
        if held:
            self.collateral_held[account, kind] = held
        else:
            self.collateral_held.pop((account, kind), None)
        noting = noted | bit if held else noted & ~bit
        if noting != noted:
            self._note(account, noting)
