"""Twin of `collateral/CollateralKinds.sol` and of the value that the collateral counts for."""

from collections.abc import Iterator
from dataclasses import replace

from keel.model import collateral
from keel.model.cold_records import CollateralKind, CollateralTerms
from keel.model.collateral import Worth
from keel.model.errors import Refused
from keel.model.fixed import cast
from keel.model.ledger.books import Books, same_address
from keel.model.validity import Action, Price, Validity, allows, validity
from keel.units import WAD


class CollateralKinds(Books):
    """Kinds of collateral and their prices. Ids of kinds count from 1."""

    def set_collateral(self, contract: str) -> None:
        """Let this contract keep other collateral; once."""
        if self.collateral != 0:
            raise Refused("NotCollateral", contract)
        self.collateral = int(contract, 16)

    def note_collateral(self, sender: str, account: int, kinds: int) -> None:
        """Note which kinds of other collateral an account has. Only the contract that keeps them."""
        if not same_address(sender, self.collateral):
            raise Refused("NotCollateral", sender)
        self._note(account, kinds)

    def list_kind(self, token: str, decimals: int, terms: CollateralTerms) -> int:
        """List a kind; gives its id. That the token is not the settlement token is not checked here."""
        listed = self.collateral_kinds.values()
        if len(listed) == collateral.MAX_KINDS or any(same_address(token, kind.token) for kind in listed):
            raise Refused("KindRefused", token)
        collateral.within("decimals", decimals, 0, collateral.MAX_DECIMALS)
        collateral.check_terms(terms)
        kind = len(listed) + 1
        self.collateral_kinds[kind] = CollateralKind(token, decimals, terms.haircut_bps, 0, 0, terms)
        return kind

    def set_terms(self, now: int, kind: int, terms: CollateralTerms) -> None:
        """Replace a kind's terms; a haircut on its way stops where it stands."""
        k = self.kind_of(kind)
        collateral.check_terms(terms)
        stands = self.haircut_of(now, kind)
        self.collateral_kinds[kind] = replace(k, haircut_before=stands, haircut_since=now, terms=terms)

    def store_kind_price(self, now: int, kind: int, price: Price) -> None:
        """`updatePrice` with what the hub answered; ignored when the kind has a price of this block."""
        self.kind_of(kind)
        if self.kind_price(kind).at != now:
            self.collateral_prices[kind] = price

    def kind_of(self, kind: int) -> CollateralKind:
        """A listed kind.

        Raises:
            Refused: `KindUnknown`.
        """
        if kind not in self.collateral_kinds:
            raise Refused("KindUnknown", kind)
        return self.collateral_kinds[kind]

    def kind_price(self, kind: int) -> Price:
        """Its stored price."""
        return self.collateral_prices.get(kind, Price())

    def held_of(self, account: int, kind: int) -> int:
        """What an account has of a kind, token units."""
        return self.collateral_held.get((account, kind), 0)

    def haircut_of(self, now: int, kind: int) -> int:
        """Haircut of maintenance of a kind, bps, floor."""
        k = self.kind_of(kind)
        return collateral.haircut(k.haircut_before, k.terms.haircut_bps, now - k.haircut_since)

    def collateral_value(self, now: int, account: int, noted: int) -> Worth:
        """What an account's collateral counts for, quote WAD, floor, haircuts taken.

        Args:
            now: Block time, seconds.
            account: Whose.
            noted: Kinds that are looked at, bit `kind - 1` each.
        """
        value = worse = better = 0
        for kind in _iterate(noted):
            k, tokens = self.kind_of(kind), self.held_of(account, kind)
            terms, unit, price = k.terms, 10**k.decimals, self.kind_price(kind)
            plain, low, high = collateral.prices(price, terms.floor, terms.ceiling)
            kept = self.haircut_of(now, kind)
            value += collateral.value_of(tokens, unit, plain, kept)
            better += collateral.value_of(tokens, unit, high, kept)
            if allows(self._validity_of(now, kind), Action.OPEN):
                worse += collateral.value_of(tokens, unit, low, terms.haircut_bps)
        return Worth(value, worse, better)

    def proceeds_of(self, now: int, account: int, noted: int) -> int:
        """What a sale of all its collateral could bring now, quote WAD, floor per kind.

        At the least discount; while a higher haircut is on its way, that is at most what it has come to.
        """
        amount = 0
        for kind in _iterate(noted):
            k, tokens = self.kind_of(kind), self.held_of(account, kind)
            fair = collateral.fair_of(self.kind_price(kind))
            least = collateral.discount(k.terms.discount_bps, self.haircut_of(now, kind), WAD)
            amount += collateral.value_of(tokens, 10**k.decimals, fair, least)
        return amount

    def _validity_of(self, now: int, kind: int) -> Validity:
        """Of a kind there is nothing between fresh and unknown."""
        fresh = self.kind_of(kind).terms.fresh_seconds
        return validity(self.kind_price(kind), fresh, fresh, now)

    def _note(self, account: int, kinds: int) -> None:
        self.accounts[account] = replace(self._account(account), collateral=cast(kinds, 8))


def _iterate(noted: int) -> Iterator[int]:
    """Ids of the kinds of a bit set."""
    return (kind for kind in range(1, noted.bit_length() + 1) if noted >> kind - 1 & 1)
