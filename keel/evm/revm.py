"""The default engine: real bytecode on revm, inside this process.

What differs from a node, by nature of pyrevm 0.3.7:

* Time stands still: every transaction runs in the current block, until `warp` opens the next one.
* `gas_used` is a lower bound. The access list lives as long as the instance, so storage that an earlier
  transaction touched counts as warm, and refunds are not capped. Measure gas on a node or on py-evm.
* Transient storage would outlive a transaction; this engine clears it after every one.
* A transaction leaves about 0.6 kB of journal behind, which only reverting an earlier snapshot gives back.
"""

import re
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple, cast

import pyrevm

from keel.errors import ChainError, Reverted
from keel.evm.chain import BLOCK_GAS_LIMIT, CHAIN_ID, DEV_ACCOUNTS, DEV_BALANCE, GENESIS_TIME, RawLog, Receipt
from keel.evm.codec import Function, decode_revert, halted
from keel.evm.scalars import normal_address
from keel.evm.typed import TypedChain

_HARDFORK = "CANCUN"
# Open snapshots take from revm's 1024 levels of nested calls.
_MAX_SNAPSHOTS = 512
_REVERT = re.compile(r"Revert \{ gas_used: [0-9]+, output: 0x([0-9a-f]*) \}")
_HALT = re.compile(r"Halt \{ reason: (.+), gas_used: [0-9]+ \}")


class _Snapshot(NamedTuple):
    identity: int
    checkpoint: pyrevm.JournalCheckpoint
    number: int
    timestamp: int


class RevmChain(TypedChain):
    """A chain of one process: about a hundred times faster than a node, and gone with the object.

    Args:
        timestamp: Time of the first block, in seconds since 1970.
        code_limit: Largest contract, bytes; None is the limit of every network, 24,576.
    """

    def __init__(self, timestamp: int = GENESIS_TIME, code_limit: int | None = None) -> None:
        config = pyrevm.CfgEnv(chain_id=CHAIN_ID, limit_contract_code_size=code_limit)
        self._evm = pyrevm.EVM(pyrevm.Env(cfg=config), gas_limit=BLOCK_GAS_LIMIT, spec_id=_HARDFORK)
        self._number, self._timestamp = 1, timestamp
        self._snapshots: list[_Snapshot] = []
        self._next_snapshot = 1
        for account in DEV_ACCOUNTS:
            self._evm.set_balance(account, DEV_BALANCE)
        self._open_block()

    @property
    def accounts(self) -> Sequence[str]:
        """The public development accounts; any other address can send, too, but owns no ether."""
        return DEV_ACCOUNTS

    def create(self, code: bytes, sender: str) -> str:
        """See `TypedChain.create`."""
        try:
            address = self._evm.deploy(sender, code)
        except RuntimeError as failure:
            raise _translate(failure) from None
        finally:
            self._evm.reset_transient_storage()
        return normal_address(address)

    def call_raw(self, address: str, calldata: bytes, sender: str) -> bytes:
        """See `TypedChain.call_raw`."""
        evm = self._evm
        checkpoint = evm.snapshot()
        try:
            return evm.message_call(sender, address, calldata)
        except RuntimeError as failure:
            raise _translate(failure) from None
        finally:
            evm.revert(checkpoint)
            evm.reset_transient_storage()

    def _transact(
        self, address: str, calldata: bytes, sender: str, value: int, function: Function | None
    ) -> Receipt:
        evm = self._evm
        try:
            output = evm.message_call(sender, address, calldata, value)
        except RuntimeError as failure:
            raise _translate(failure) from None
        finally:
            evm.reset_transient_storage()
        result = cast(pyrevm.ExecutionResult, evm.result)
        return Receipt(result.gas_used, partial(_raw_logs, result), output.__bytes__, function)

    def storage(self, address: str, slot: int) -> int:
        """See `Chain.storage`."""
        return self._evm.storage(address, slot)

    def timestamp(self) -> int:
        """Time of the current block, in which the next transaction runs."""
        return self._timestamp

    def warp(self, seconds: int) -> None:
        """Open the next block, that many seconds later."""
        if seconds <= 0:
            raise ChainError(f"cannot warp by {seconds} seconds", "time only moves forward")
        self._number += 1
        self._timestamp += seconds
        self._open_block()

    def snapshot(self) -> int:
        """See `Chain.snapshot`; at most 512 may be open at a time."""
        if len(self._snapshots) == _MAX_SNAPSHOTS:
            raise ChainError(f"{_MAX_SNAPSHOTS} snapshots are open", "revert those that are no longer needed")
        identity = self._next_snapshot
        self._next_snapshot += 1
        self._snapshots.append(_Snapshot(identity, self._evm.snapshot(), self._number, self._timestamp))
        return identity

    def revert(self, snapshot: int) -> None:
        """See `Chain.revert`."""
        if all(taken.identity != snapshot for taken in self._snapshots):
            raise ChainError(f"snapshot {snapshot} does not exist", "a snapshot can be reverted to only once")
        # revm forgets one level per revert, and corrupts its state if levels are skipped.
        while True:
            last = self._snapshots.pop()
            self._evm.revert(last.checkpoint)
            if last.identity == snapshot:
                break
        self._number, self._timestamp = last.number, last.timestamp
        self._evm.reset_transient_storage()
        self._open_block()

    def _open_block(self) -> None:
        block = pyrevm.BlockEnv(number=self._number, timestamp=self._timestamp, gas_limit=BLOCK_GAS_LIMIT)
        self._evm.set_block_env(block)


def _raw_logs(result: pyrevm.ExecutionResult) -> Sequence[RawLog]:
    return [(log.address, *log.data) for log in result.logs]


def _translate(failure: RuntimeError) -> Reverted | ChainError:
    """The error behind a failure, which pyrevm reports only as text."""
    text = str(failure)
    if revert := _REVERT.fullmatch(text):
        return decode_revert(bytes.fromhex(revert.group(1)))
    if stop := _HALT.fullmatch(text):
        return halted(stop.group(1))
    return ChainError(f"revm refused the call ({text})", "check sender, balance and address")
