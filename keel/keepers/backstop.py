"""Who works off what the insurance took over, and who takes a market through a loss or its end."""

from dataclasses import dataclass

from keel.keepers.actions import Action, Resolve, Unwind
from keel.keepers.snapshot import Snapshot
from keel.model.validity import Action as Deed
from keel.model.validity import allows

# A piece is a sixteenth of the window; see Backstop.
_PIECES = 16


@dataclass(frozen=True, slots=True)
class Unwinder:
    """One piece per turn, while the price is valid and the window has room.

    A piece that would lose more than the core allows is refused there; it is tried again in the next turn.
    """

    def decide(self, seen: Snapshot) -> list[Action]:
        """Unwind, if there is something to unwind and it may be."""
        market = seen.market
        full = market.pushed + market.window // _PIECES > market.window
        if market.backstop == 0 or full or market.resolving or not allows(market.validity, Deed.OPEN):
            return []
        return [Unwind(market.id)]


@dataclass(frozen=True, slots=True)
class Resolver:
    """Takes every watched account with a position through a market's resolution: twice, count and cut.

    Attributes:
        batch: Most accounts in one transaction.
    """

    batch: int = 50

    def decide(self, seen: Snapshot) -> list[Action]:
        """Batches of accounts; those with nothing to do are passed over by the core."""
        if not seen.market.resolving:
            return []
        held = [account.id for account in seen.accounts.values() if account.size]
        if seen.market.backstop:
            held.append(seen.backstop_account)
        batches = [tuple(held[i : i + self.batch]) for i in range(0, len(held), self.batch)] or [()]
        return [Resolve(seen.market.id, batch) for _ in range(2) for batch in batches]
