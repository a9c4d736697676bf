"""Whatever network ape is connected to, as a chain; ape's accounts sign.

ape is imported only when a chain is made: nothing else of the package needs it.
"""

from ast import literal_eval
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from eth_utils.conversions import to_bytes

from keel.errors import ChainError, Reverted
from keel.evm.chain import RawLog, Receipt
from keel.evm.codec import Function, decode_revert
from keel.evm.scalars import normal_address
from keel.evm.typed import TypedChain

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI
    from ape.api.transactions import ReceiptAPI

_NEXT_BLOCK = "pending"


class ApeChain(TypedChain):
    """The connected provider of ape.

    Every transaction is first called on the block to come: what would revert is refused with its error,
    before it costs anything and without the trace that ape prints of failures.

    Args:
        signers: Accounts that send; by default ape's test accounts.

    Raises:
        ChainError: ape is not connected to a network.
    """

    def __init__(self, signers: "Sequence[AccountAPI] | None" = None) -> None:
        from ape import accounts, chain, networks

        provider = networks.active_provider
        if provider is None:
            raise ChainError("ape is not connected", "run this with `ape run` or `ape test --network ...`")
        self._provider: Any = provider
        self._manager: Any = chain
        owners = list(accounts.test_accounts) if signers is None else signers
        self._signers: Mapping[str, AccountAPI] = {normal_address(owner.address): owner for owner in owners}
        self._snapshots: dict[int, tuple[Any, int]] = {}

    @property
    def accounts(self) -> Sequence[str]:
        """The addresses that can send."""
        return tuple(self._signers)

    @property
    def chain_id(self) -> int:
        """See `Chain.chain_id`."""
        return int(self._provider.chain_id)

    def create(self, code: bytes, sender: str) -> str:
        """See `TypedChain.create`."""
        receipt, _ = self._mine({"data": code}, sender)
        return normal_address(str(receipt.contract_address))

    def call_raw(self, address: str, calldata: bytes, sender: str) -> bytes:
        """See `TypedChain.call_raw`."""
        return self._call({"to": address, "data": calldata}, sender)

    def storage(self, address: str, slot: int) -> int:
        """See `Chain.storage`."""
        return int.from_bytes(self._provider.get_storage(address, slot), "big")

    def timestamp(self) -> int:
        """Time of the block to come, as far as the provider knows it."""
        return int(self._provider.get_block(_NEXT_BLOCK).timestamp)

    def warp(self, seconds: int) -> None:
        """Make the next block that many seconds later than the present one."""
        if seconds <= 0:
            raise ChainError(f"cannot warp by {seconds} seconds", "time only moves forward")
        self._manager.pending_timestamp = self.timestamp() + seconds

    def snapshot(self) -> int:
        """See `Chain.snapshot`."""
        identity = len(self._snapshots) + 1
        self._snapshots[identity] = (self._manager.snapshot(), self.timestamp())
        return identity

    def revert(self, snapshot: int) -> None:
        """See `Chain.revert`."""
        if snapshot not in self._snapshots:
            raise ChainError(f"snapshot {snapshot} does not exist", "a snapshot can be reverted to only once")
        taken, now = self._snapshots[snapshot]
        self._restore(taken)
        # A node forgets a time that was set but not yet mined.
        if self.timestamp() < now:
            self._manager.pending_timestamp = now
        self._snapshots = {known: state for known, state in self._snapshots.items() if known < snapshot}

    def _restore(self, taken: Any) -> None:
        from ape.exceptions import UnknownSnapshotError

        try:
            self._manager.restore(taken)
        except UnknownSnapshotError:
            # Two snapshots of one block share its hash on py-evm; ape forgot this one with the other.
            self._manager.provider.restore(taken)

    def _transact(
        self, address: str, calldata: bytes, sender: str, value: int, function: Function | None
    ) -> Receipt:
        receipt, output = self._mine({"to": address, "data": calldata, "value": value}, sender)
        logs = _raw_logs(receipt)
        return Receipt(receipt.gas_used, logs, output.__bytes__, function, str(receipt.txn_hash))

    def _mine(self, transaction: Mapping[str, Any], sender: str) -> "tuple[ReceiptAPI, bytes]":
        signer = self._signers.get(sender)
        if signer is None:
            raise ChainError(f"no account of ape signs for {sender}", "pass it as a signer")
        output = self._call(transaction, sender)
        fields = {("receiver" if key == "to" else key): value for key, value in transaction.items()}
        prepared = self._provider.network.ecosystem.create_transaction(sender=sender, **fields)
        prepared.raise_on_revert = False
        receipt = signer.call(prepared)
        if receipt.failed:
            # Refused on the way, or somebody else's transaction came in between.
            self._call(transaction, sender)
            raise ChainError(f"the transaction failed ({receipt.error})", "check the account and the network")
        return receipt, output

    def _call(self, transaction: Mapping[str, Any], sender: str) -> bytes:
        try:
            return bytes(self._provider.web3.eth.call({**transaction, "from": sender}, _NEXT_BLOCK))
        except Exception as failure:
            refusal = _as_revert(failure)
            if refusal is None:
                raise
            raise refusal from None


@contextmanager
def ape_at(url: str) -> Iterator[ApeChain]:
    """Connect ape to a local node that somebody else keeps; of what ape tells, only errors are shown."""
    from ape import networks
    from ape.logging import LogLevel, logger

    local = networks.ethereum.local
    with logger.at_level(LogLevel.ERROR), local.use_provider("foundry", provider_settings={"host": url}):
        yield ApeChain()


def _as_revert(failure: Exception) -> Reverted | None:
    """The revert behind a failed call, if it is one; web3's and eth-tester's errors share no ancestor."""
    from eth_tester.exceptions import TransactionFailed  # type: ignore[import-untyped]
    from web3.exceptions import ContractLogicError

    if isinstance(failure, ContractLogicError) and isinstance(failure.data, str):
        return decode_revert(to_bytes(hexstr=failure.data))
    if not isinstance(failure, TransactionFailed):
        return None
    # eth-tester keeps only text: revert data as a bytes literal, or the reason it found inside.
    text = str(failure).removeprefix("execution reverted: ")
    if text.startswith(("b'", 'b"')):
        return decode_revert(literal_eval(text))
    return Reverted("Error", (text,), {"message": text})


def _raw_logs(receipt: "ReceiptAPI") -> Callable[[], Sequence[RawLog]]:
    def read() -> Sequence[RawLog]:
        return [
            (
                normal_address(log["address"]),
                [_plain(topic) for topic in log["topics"]],
                _plain(log["data"]),
            )
            for log in receipt.logs
        ]

    return read


def _plain(value: Any) -> bytes:
    return to_bytes(hexstr=value) if isinstance(value, str) else bytes(value)
