"""The loop that keeps a market: look, decide, act, keeper by keeper."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol as Interface

from keel.keepers.actions import Action
from keel.keepers.executor import Outcome, execute
from keel.keepers.snapshot import Snapshot, take_snapshot
from keel.sdk.protocol import Protocol


class Keeper(Interface):
    """Anything that decides from a snapshot alone."""

    def decide(self, seen: Snapshot) -> list[Action]:
        """Actions to take now, in order."""


@dataclass(frozen=True, slots=True)
class Duty:
    """A keeper at work.

    Attributes:
        keeper: Who decides.
        sender: Address that pays and is paid.
        watches: Whether it needs the accounts in its snapshot.
    """

    keeper: Keeper
    sender: str
    watches: bool


def turn(
    protocol: Protocol, market: int, duties: Sequence[Duty], accounts: Sequence[int]
) -> tuple[list[Outcome], Snapshot]:
    """Let every keeper act once, each on a snapshot taken after the one before it acted.

    Returns:
        What was done, and a last snapshot with all accounts, taken afterwards.
    """
    outcomes: list[Outcome] = []
    seen: Snapshot | None = None
    for duty in duties:
        if seen is None or (duty.watches and not seen.accounts):
            seen = take_snapshot(protocol, market, accounts if duty.watches else ())
        done = [execute(protocol, action, duty.sender) for action in duty.keeper.decide(seen)]
        outcomes += done
        if done:
            seen = None
    if seen is None or not seen.accounts:
        seen = take_snapshot(protocol, market, accounts)
    return outcomes, seen
