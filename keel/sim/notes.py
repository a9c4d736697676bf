"""One line about an action worth telling."""

from collections.abc import Mapping

from keel.keepers import actions
from keel.keepers.executor import Outcome


class Notes:
    """Turns outcomes into lines for people.

    Args:
        owners: Names of liquidity providers and stakers by address.
        traders: Names of traders by account id.
        token_decimals: Decimals of the settlement token.
    """

    def __init__(self, owners: Mapping[str, str], traders: Mapping[int, str], token_decimals: int) -> None:
        self._owners, self._traders, self._decimals = owners, traders, token_decimals

    def of(self, outcome: Outcome) -> str | None:
        """The line; None for what is not worth one."""
        if outcome.receipt is None:
            return None
        who = self._owners.get(outcome.sender, "")
        match outcome.action:
            case actions.PoolDeposit(_, tokens):
                return f"{who} pays {self._amount(tokens)} into the pool"
            case actions.PoolRequest():
                return f"{who} asks to redeem pool shares; the cooldown begins"
            case actions.PoolClaim():
                paid = outcome.receipt.event("PoolRedeemed").args
                return f"{who} claims {self._amount(paid['tokens'])} from the pool"
            case actions.InsuranceStake(tokens):
                return f"{who} puts {self._amount(tokens)} into the insurance"
            case actions.AddMargin(account, tokens):
                return f"{self._traders[account]} adds {self._amount(tokens)} of margin"
            case _:
                return None

    def _amount(self, tokens: int) -> str:
        """Whole units, with separators."""
        return f"{tokens // 10**self._decimals:,}"
