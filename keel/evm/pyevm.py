"""The slow engine: real bytecode on py-evm, which is written in Python.

About a hundred times slower than revm and independent of it, which makes it the second opinion; its
`gas_used` is that of a real transaction. As on revm, all transactions run in one block, until `warp` opens
the next.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple, cast

from eth.abc import ComputationAPI, SignedTransactionAPI, StateAPI
from eth.constants import BLANK_ROOT_HASH
from eth.db.atomic import AtomicDB
from eth.exceptions import Revert
from eth.vm.chain_context import ChainContext
from eth.vm.forks.cancun import CancunVM
from eth.vm.forks.cancun.blocks import CancunBlockHeader
from eth.vm.forks.cancun.state import CancunTransactionExecutor
from eth.vm.spoof import SpoofTransaction
from eth_typing import Address, BlockNumber, Hash32
from eth_utils.address import to_canonical_address

from keel.errors import ChainError
from keel.evm.chain import BLOCK_GAS_LIMIT, CHAIN_ID, DEV_ACCOUNTS, DEV_BALANCE, GENESIS_TIME, RawLog, Receipt
from keel.evm.codec import Function, decode_revert, halted
from keel.evm.scalars import WORD, checksum_address
from keel.evm.typed import TypedChain

_CREATE = Address(b"")


class _Point(NamedTuple):
    """A state and the block on top of it."""

    root: Hash32
    number: int
    timestamp: int


class PyEvmChain(TypedChain):
    """A chain of one process, gone with the object.

    Args:
        timestamp: Time of the first block, in seconds since 1970.
    """

    def __init__(self, timestamp: int = GENESIS_TIME) -> None:
        self._db = AtomicDB()
        self._snapshots: dict[int, _Point] = {}
        self._next_snapshot = 1
        self._open_block(_Point(BLANK_ROOT_HASH, 1, timestamp))
        for account in DEV_ACCOUNTS:
            self._state.set_balance(to_canonical_address(account), DEV_BALANCE)

    @property
    def accounts(self) -> Sequence[str]:
        """The public development accounts; any other address can send, too, but owns no ether."""
        return DEV_ACCOUNTS

    def create(self, code: bytes, sender: str) -> str:
        """See `TypedChain.create`."""
        return checksum_address(self._apply(_CREATE, code, sender).msg.storage_address)

    def call_raw(self, address: str, calldata: bytes, sender: str) -> bytes:
        """See `TypedChain.call_raw`."""
        before = self._state.snapshot()
        try:
            return self._run(to_canonical_address(address), calldata, sender).output
        finally:
            self._state.revert(before)
            self._state.lock_changes()

    def storage(self, address: str, slot: int) -> int:
        """See `Chain.storage`."""
        return self._state.get_storage(to_canonical_address(address), slot)

    def timestamp(self) -> int:
        """Time of the current block, in which the next transaction runs."""
        return self._state.timestamp

    def warp(self, seconds: int) -> None:
        """Open the next block, that many seconds later."""
        if seconds <= 0:
            raise ChainError(f"cannot warp by {seconds} seconds", "time only moves forward")
        here = self._here()
        self._open_block(here._replace(number=here.number + 1, timestamp=here.timestamp + seconds))

    def snapshot(self) -> int:
        """See `Chain.snapshot`."""
        identity = self._next_snapshot
        self._next_snapshot += 1
        self._snapshots[identity] = self._here()
        return identity

    def revert(self, snapshot: int) -> None:
        """See `Chain.revert`."""
        if snapshot not in self._snapshots:
            raise ChainError(f"snapshot {snapshot} does not exist", "a snapshot can be reverted to only once")
        self._open_block(self._snapshots[snapshot])
        self._snapshots = {taken: point for taken, point in self._snapshots.items() if taken < snapshot}

    def _transact(
        self, address: str, calldata: bytes, sender: str, value: int, function: Function | None
    ) -> Receipt:
        done = self._apply(to_canonical_address(address), calldata, sender, value)
        output = done.output
        return Receipt(_gas_used(done), partial(_raw_logs, done), lambda: output, function)

    def _apply(self, to: Address, data: bytes, sender: str, value: int = 0) -> ComputationAPI:
        """Run a transaction and close it, so that the next one finds cold storage."""
        try:
            return self._run(to, data, sender, value)
        finally:
            self._state.lock_changes()

    def _run(self, to: Address, data: bytes, sender: str, value: int = 0) -> ComputationAPI:
        source = to_canonical_address(sender)
        unsigned = CancunVM.get_transaction_builder().create_unsigned_transaction(
            nonce=self._state.get_nonce(source),
            gas_price=0,
            gas=BLOCK_GAS_LIMIT,
            to=to,
            value=value,
            data=data,
        )
        # It stands in for a signed transaction, without a signature to make and to check.
        spoof = cast(SignedTransactionAPI, SpoofTransaction(unsigned, from_=source))
        done = self._state.apply_transaction(spoof)
        if done.is_success:
            return done
        if isinstance(done.error, Revert):
            raise decode_revert(done.output)
        raise halted(type(done.error).__name__)

    def _here(self) -> _Point:
        self._state.persist()
        return _Point(self._state.state_root, self._state.block_number, self._state.timestamp)

    def _open_block(self, point: _Point) -> None:
        header = CancunBlockHeader(
            difficulty=0,
            block_number=BlockNumber(point.number),
            gas_limit=BLOCK_GAS_LIMIT,
            timestamp=point.timestamp,
            state_root=point.root,
            base_fee_per_gas=0,
            excess_blob_gas=0,
        )
        self._state: StateAPI = CancunVM.build_state(self._db, header, ChainContext(CHAIN_ID))


def _gas_used(done: ComputationAPI) -> int:
    spent = BLOCK_GAS_LIMIT - done.get_gas_remaining()
    return spent - CancunTransactionExecutor.calculate_gas_refund(done, spent)


def _raw_logs(done: ComputationAPI) -> Sequence[RawLog]:
    return [
        (checksum_address(address), [topic.to_bytes(WORD, "big") for topic in topics], data)
        for address, topics, data in done.get_log_entries()
    ]
