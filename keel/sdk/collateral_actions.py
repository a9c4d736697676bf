"""Actions and views of collateral besides the settlement token; `Protocol` has them."""

from typing import Any

from keel.errors import ChainError, DataError
from keel.evm.chain import Chain, Contract, Receipt
from keel.sdk.deployment import Deployment, KindContracts

_NO_LIMIT = 2**256 - 1


class CollateralActions:
    """What `Protocol` can do with kinds of collateral. Amounts are token units of the kind, values quote WAD.

    Attributes:
        chain: Chain of the deployment.
        contracts: Its contracts.
    """

    __slots__ = ()

    chain: Chain
    contracts: Deployment

    @property
    def collateral(self) -> Contract:
        """The contract that keeps it.

        Raises:
            ChainError: The deployment has none.
        """
        keeper = self.contracts.collateral
        if keeper is None:
            raise ChainError(
                "the deployment takes no collateral besides the settlement token",
                "list kinds under [[collateral]] in the settings, and deploy with them",
            )
        return keeper

    def kind_contracts(self, kind: int) -> KindContracts:
        """Contracts of a kind id that the deployment listed. Raises DataError."""
        kinds = self.contracts.kinds
        if not 1 <= kind <= len(kinds):
            listed = f"choose 1 to {len(kinds)}" if kinds else "it has none at all"
            raise DataError(f"the deployment has no kind of collateral {kind}", listed)
        return kinds[kind - 1]

    # Actions

    def collateral_deposit(self, account: int, kind: int, tokens: int, sender: str) -> Receipt:
        """Add collateral; the owner or an operator, who pays and must have approved the contract.

        Raises:
            Reverted: The price is not valid (PriceNotGoodFor) or below the floor (PegLost), the kind is full
                (CapExceeded), fewer tokens arrived than were sent (TokensMissing).
        """
        return self._keep("deposit", account, kind, tokens, sender=sender)

    def collateral_withdraw(self, account: int, kind: int, tokens: int, to: str, sender: str) -> Receipt:
        """Take collateral out; what stays must cover the initial margin.

        Raises:
            Reverted: It would not (MarginTooLow), or a market of the account is closed (MarketClosed).
        """
        return self._keep("withdraw", account, kind, tokens, to, sender=sender)

    def collateral_buy(
        self,
        account: int,
        kind: int,
        sender: str,
        tokens: int = _NO_LIMIT,
        max_cost: int = _NO_LIMIT,
        to: str | None = None,
    ) -> Receipt:
        """Buy collateral of an account that needs it; the sender must have approved settlement tokens.

        Args:
            account: Whose collateral.
            kind: Kind id.
            sender: Who pays.
            tokens: Most to buy.
            max_cost: Most to pay, settlement token units.
            to: Who gets it; None is the sender.

        Raises:
            Reverted: The account needs no sale (NothingToSell), or the price is not valid (PriceNotGoodFor).
        """
        return self._keep("buy", account, kind, tokens, max_cost, to or sender, sender=sender)

    def collateral_update(self, kind: int, sender: str) -> Receipt:
        """Store what a kind's oracle says; anyone."""
        return self._keep("updatePrice", kind, sender=sender)

    def collateral_publish(self, kind: int, answer: int, sender: str) -> Receipt:
        """Set a kind's simulated feed, in the feed's decimals."""
        aggregator = self.kind_contracts(kind).aggregators[0]
        return self.chain.send(aggregator, "set", answer, sender=sender)

    def cover(self, account: int, sender: str) -> Receipt:
        """Let insurance and pool pay a debt that no position and no collateral is left to pay; anyone.

        Raises:
            Reverted: There is none (NothingToCover).
        """
        return self.chain.send(self.contracts.core, "cover", account, sender=sender)

    def fund_collateral(self, owner: str, kind: int, tokens: int) -> None:
        """Local chains: mint test tokens of a kind; approve them, and settlement tokens to buy with."""
        token = self.kind_contracts(kind).token
        self.chain.send(token, "mint", owner, tokens, sender=owner)
        for spent in (token, self.contracts.token):
            self.chain.send(spent, "approve", self.collateral, _NO_LIMIT, sender=owner)

    # Views

    def collateral_value(self, account: int) -> Any:
        """What an account's collateral counts for: value, worse (new risk), better (liquidation)."""
        noted = self.chain.call(self.contracts.core, "accountOf", account).collateral
        return self._ask("valueOf", account, noted)

    def collateral_sale(self, account: int, kind: int) -> Any:
        """Settlement tokens (amount, WAD) that a sale may bring an account now, and its discount, bps.

        Raises:
            Reverted: None is allowed (NothingToSell).
        """
        return self._ask("saleOf", account, kind)

    def collateral_held(self, account: int, kind: int) -> int:
        """What an account has of a kind."""
        held: int = self._ask("heldOf", account, kind)
        return held

    def collateral_kind(self, kind: int) -> Any:
        """A kind as listed: token, decimals, haircut on its way, tokens held, terms."""
        return self._ask("kindOf", kind)

    def collateral_price(self, kind: int) -> Any:
        """The stored price of a kind."""
        return self._ask("priceOf", kind)

    def _keep(self, function: str, *arguments: Any, sender: str) -> Receipt:
        return self.chain.send(self.collateral, function, *arguments, sender=sender)

    def _ask(self, function: str, *arguments: Any) -> Any:
        return self.chain.call(self.collateral, function, *arguments)
