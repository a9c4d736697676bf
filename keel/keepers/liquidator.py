"""The liquidator: reduces every account below maintenance, the weakest first."""

from dataclasses import dataclass

from keel.keepers.actions import Action, Liquidate
from keel.keepers.snapshot import AccountState, Snapshot
from keel.model.validity import Action as Deed
from keel.model.validity import Validity, allows

# Share of maintenance below which the core liquidates in the grace period after a sequencer outage, percent.
_GRACE_PERCENT = 80


@dataclass(frozen=True, slots=True)
class Liquidator:
    """One liquidation per account and turn; a trimmed account is looked at again in the next turn.

    Attributes:
        limit: Most liquidations per turn.
    """

    limit: int = 20

    def decide(self, seen: Snapshot) -> list[Action]:
        """Accounts that the core would liquidate at this price, worst first."""
        market = seen.market
        if not allows(market.validity, Deed.LIQUIDATE):
            return []
        weak = [a for a in seen.accounts.values() if a.size and _unhealthy(a, market.validity)]
        weak.sort(key=lambda account: (account.margin_ratio, account.equity, account.id))
        return [Liquidate(a.id, a.margin_ratio) for a in weak[: self.limit]]


def _unhealthy(account: AccountState, validity: Validity) -> bool:
    """The core's own test: a doubt about a price is in the account's favour, in grace a fifth as well."""
    if validity is Validity.SEQUENCER_GRACE:
        return account.equity_better < account.maintenance * _GRACE_PERCENT // 100
    return account.equity_better < account.maintenance
