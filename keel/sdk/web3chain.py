"""A chain behind JSON-RPC: a local anvil, or any Ethereum node."""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any

from eth_account.signers.local import LocalAccount

from keel.errors import ChainError, KeelError, Reverted, RpcError
from keel.evm.chain import RawLog, Receipt
from keel.evm.codec import Function, decode_revert, halted
from keel.evm.scalars import normal_address
from keel.evm.typed import TypedChain
from keel.sdk.rpc import METHOD_NOT_FOUND, Rpc
from keel.sdk.transactor import Transactor

_TIMEOUT_SECONDS = 120.0
# How anvil and geth word a halt in the answer to a call or an estimate.
_HALT = re.compile(r"EVM error (\w+)|(out of gas|gas required exceeds)", re.IGNORECASE)
_TRACE = {"tracer": "callTracer", "tracerConfig": {"onlyTopCall": True}}


class Web3Chain(TypedChain):
    """A node as a chain.

    On anvil, calls see the block to come, with the time that `warp` has set. On other nodes they see the
    latest block, and a transaction that would revert is refused before it costs anything.

    Args:
        url: HTTP address of the node; never shown, since it may hold an access key.
        signers: Accounts that sign in this process; for all others the node signs.
        timeout: Seconds to wait for a transaction to be mined.
    """

    def __init__(
        self, url: str, signers: Sequence[LocalAccount] = (), timeout: float = _TIMEOUT_SECONDS
    ) -> None:
        self._rpc = Rpc(url)
        self._transactor = Transactor(self._rpc, signers, timeout)
        self._signers = tuple(signer.address for signer in signers)
        self._snapshots: dict[int, int] = {}

    @cached_property
    def accounts(self) -> Sequence[str]:
        """The local signers, then the accounts that the node has unlocked."""
        try:
            unlocked = [normal_address(address) for address in self._rpc.request("eth_accounts")]
        except RpcError as refusal:
            if refusal.code == 0:
                raise
            unlocked = []
        return (*self._signers, *(address for address in unlocked if address not in self._signers))

    @cached_property
    def chain_id(self) -> int:
        """See `Chain.chain_id`."""
        return self._rpc.number("eth_chainId")

    def create(self, code: bytes, sender: str) -> str:
        """See `TypedChain.create`."""
        return normal_address(self._mine({"data": _hex(code)}, sender)["contractAddress"])

    def call_raw(self, address: str, calldata: bytes, sender: str) -> bytes:
        """See `TypedChain.call_raw`."""
        return self._call({"from": sender, "to": address, "data": _hex(calldata)}, self._next_block)

    def storage(self, address: str, slot: int) -> int:
        """See `Chain.storage`."""
        return self._rpc.number("eth_getStorageAt", address, hex(slot), "latest")

    def timestamp(self) -> int:
        """Time of the block to come on anvil, of the latest block elsewhere."""
        return int(self._rpc.request("eth_getBlockByNumber", self._next_block, False)["timestamp"], 16)

    def warp(self, seconds: int) -> None:
        """Make the next block that many seconds later, without mining one."""
        if seconds <= 0:
            raise ChainError(f"cannot warp by {seconds} seconds", "time only moves forward")
        self._control("evm_setNextBlockTimestamp", self.timestamp() + seconds)

    def snapshot(self) -> int:
        """See `Chain.snapshot`."""
        now = self.timestamp()
        identity = int(self._control("evm_snapshot"), 16)
        self._snapshots[identity] = now
        return identity

    def revert(self, snapshot: int) -> None:
        """See `Chain.revert`."""
        if snapshot not in self._snapshots or not self._control("evm_revert", hex(snapshot)):
            raise ChainError(f"snapshot {snapshot} does not exist", "a snapshot can be reverted to only once")
        # The node forgets a time that was set but not yet mined.
        self._control("evm_setNextBlockTimestamp", self._snapshots[snapshot])
        self._snapshots = {taken: now for taken, now in self._snapshots.items() if taken < snapshot}

    def _transact(
        self, address: str, calldata: bytes, sender: str, value: int, function: Function | None
    ) -> Receipt:
        receipt = self._mine({"to": address, "data": _hex(calldata), "value": hex(value)}, sender)
        transaction: str = receipt["transactionHash"]
        output = partial(self._output, transaction)
        return Receipt(
            int(receipt["gasUsed"], 16), partial(_raw_logs, receipt), output, function, transaction
        )

    @property
    def _next_block(self) -> str:
        return "pending" if self._transactor.on_anvil else "latest"

    def _mine(self, transaction: Mapping[str, Any], sender: str) -> dict[str, Any]:
        try:
            receipt = self._transactor.mine(transaction, sender)
        except RpcError as refusal:
            raise _as_revert(refusal) from None
        if int(receipt["status"], 16) == 0:
            raise self._why(receipt, {**transaction, "from": sender})
        return receipt

    def _call(self, transaction: Mapping[str, Any], block: str) -> bytes:
        try:
            return _bytes(self._rpc.request("eth_call", transaction, block))
        except RpcError as refusal:
            raise _as_revert(refusal) from None

    def _why(self, receipt: Mapping[str, Any], transaction: Mapping[str, Any]) -> KeelError:
        """The error of a transaction that was mined and failed."""
        try:
            trace = self._rpc.request("debug_traceTransaction", receipt["transactionHash"], _TRACE)
        except RpcError:
            # Not every node traces. The block's final state is close to what the transaction saw.
            try:
                self._call(transaction, receipt["blockNumber"])
            except KeelError as error:
                return error
            return Reverted("")
        reason = str(trace.get("error", ""))
        return decode_revert(_bytes(trace.get("output"))) if "revert" in reason else halted(reason)

    def _output(self, transaction_hash: str) -> bytes:
        try:
            return _bytes(self._rpc.request("debug_traceTransaction", transaction_hash, _TRACE).get("output"))
        except RpcError as refusal:
            remedy = "read the transaction's events instead"
            raise RpcError("the node cannot tell what a transaction returned", remedy, refusal.code) from None

    def _control(self, method: str, *params: Any) -> Any:
        try:
            return self._rpc.request(method, *params)
        except RpcError as refusal:
            if refusal.code != METHOD_NOT_FOUND:
                raise
            message = "this node has no time travel and no snapshots"
            raise ChainError(message, "use a development node such as anvil") from None


def _as_revert(refusal: RpcError) -> KeelError:
    """The revert behind a refusal, if there is one."""
    if refusal.data is not None:
        return decode_revert(refusal.data)
    if halt := _HALT.search(refusal.message):
        return halted(halt.group(1) or halt.group(2))
    return Reverted("") if "execution reverted" in refusal.message else refusal


def _raw_logs(receipt: Mapping[str, Any]) -> Sequence[RawLog]:
    return [
        (normal_address(log["address"]), [_bytes(topic) for topic in log["topics"]], _bytes(log["data"]))
        for log in receipt["logs"]
    ]


def _hex(raw: bytes) -> str:
    return "0x" + raw.hex()


def _bytes(text: str | None) -> bytes:
    return bytes.fromhex((text or "").removeprefix("0x"))
