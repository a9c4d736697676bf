"""A chain that remembers every event it causes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from keel.evm.chain import Chain, Contract, Log, Receipt


@dataclass(frozen=True, slots=True)
class Entry:
    """One event with the time of its block, seconds since 1970."""

    at: int
    log: Log


class Tape:
    """Passes everything on to a chain, and keeps the receipts of what was sent, in order.

    Satisfies `Chain`, so that whatever runs on it needs not know.

    Args:
        chain: The chain that does the work.
    """

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._receipts: list[tuple[int, Receipt]] = []
        self._now: int | None = None

    def take(self) -> list[Entry]:
        """The events since the last call of this, in order."""
        kept, self._receipts = self._receipts, []
        return [Entry(at, log) for at, receipt in kept for log in receipt.logs]

    @property
    def accounts(self) -> Sequence[str]:
        """See `Chain.accounts`."""
        return self._chain.accounts

    @property
    def chain_id(self) -> int:
        """See `Chain.chain_id`."""
        return self._chain.chain_id

    def deploy(self, contract: str, *args: Any, sender: str | None = None) -> Contract:
        """See `Chain.deploy`. Events of constructors are not kept."""
        return self._chain.deploy(contract, *args, sender=sender)

    def at(self, contract: str, address: str) -> Contract:
        """See `Chain.at`."""
        return self._chain.at(contract, address)

    def send(self, target: Contract, function: str, *args: Any, sender: str, value: int = 0) -> Receipt:
        """See `Chain.send`."""
        receipt = self._chain.send(target, function, *args, sender=sender, value=value)
        self._receipts.append((self.timestamp(), receipt))
        return receipt

    def call(self, target: Contract, function: str, *args: Any, sender: str | None = None) -> Any:
        """See `Chain.call`."""
        return self._chain.call(target, function, *args, sender=sender)

    def storage(self, address: str, slot: int) -> int:
        """See `Chain.storage`."""
        return self._chain.storage(address, slot)

    def timestamp(self) -> int:
        """See `Chain.timestamp`; asked once per warp, so time must stand still in between."""
        if self._now is None:
            self._now = self._chain.timestamp()
        return self._now

    def warp(self, seconds: int) -> None:
        """See `Chain.warp`."""
        self._chain.warp(seconds)
        self._now = None

    def snapshot(self) -> int:
        """See `Chain.snapshot`."""
        return self._chain.snapshot()

    def revert(self, snapshot: int) -> None:
        """See `Chain.revert`. What is on the tape stays there."""
        self._chain.revert(snapshot)
        self._now = None
