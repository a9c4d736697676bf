"""From a wish to a mined transaction: gas, fees, signature, sending, waiting."""

import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from eth_account.signers.local import LocalAccount

from keel.errors import RpcError
from keel.sdk.rpc import METHOD_NOT_FOUND, Rpc

_FIRST_POLL_SECONDS = 0.004
_LAST_POLL_SECONDS = 2.0


class Transactor:
    """Sends transactions through a node and waits for them.

    Args:
        rpc: The node.
        signers: Accounts that sign in this process; for others, the node signs.
        timeout: Seconds to wait for a transaction to be mined.
    """

    def __init__(self, rpc: Rpc, signers: Sequence[LocalAccount], timeout: float) -> None:
        self._rpc = rpc
        self._signers: dict[str, LocalAccount] = {signer.address: signer for signer in signers}
        self._timeout = timeout

    @cached_property
    def on_anvil(self) -> bool:
        """Whether the node is an anvil: then gas costs nothing, and mining is immediate."""
        try:
            return str(self._rpc.request("web3_clientVersion")).startswith("anvil")
        except RpcError as refusal:
            if refusal.code == 0:
                raise
            return False

    def mine(self, transaction: Mapping[str, Any], sender: str) -> dict[str, Any]:
        """Send a transaction (`to`, `data`, `value` as in JSON-RPC) and give its receipt.

        The receipt may be of a transaction that failed.

        Raises:
            RpcError: The node is unreachable, refuses the transaction or its gas estimate (with the revert
                data, if that is why), or does not mine it in time.
        """
        filled = {**transaction, "from": sender}
        filled["gas"] = hex(self._block_gas_limit if self.on_anvil else self._estimate(filled))
        signer = self._signers.get(sender)
        if signer is not None:
            return self._submit("eth_sendRawTransaction", self._sign(filled, signer))
        try:
            return self._submit("eth_sendTransaction", filled)
        except RpcError as refusal:
            if refusal.code == 0:
                raise
            remedy = f"check its message, and that {sender} is unlocked there or has a local signer"
            raise RpcError(refusal.message, remedy, refusal.code, refusal.data) from None

    def _submit(self, method: str, payload: Any) -> dict[str, Any]:
        if self._answers_at_once:
            try:
                receipt: dict[str, Any] = self._rpc.request(f"{method}Sync", payload)
                return receipt
            except RpcError as refusal:
                if refusal.code != METHOD_NOT_FOUND:
                    raise
                self._answers_at_once = False
        return self._wait(self._rpc.request(method, payload))

    @cached_property
    def _answers_at_once(self) -> bool:
        # EIP-7966 saves polling. Where blocks take time, its time-out would lose the transaction's hash.
        return self.on_anvil and bool(self._rpc.request("anvil_getAutomine"))

    def _wait(self, transaction_hash: str) -> dict[str, Any]:
        deadline, pause = time.monotonic() + self._timeout, _FIRST_POLL_SECONDS
        while time.monotonic() < deadline:
            receipt: dict[str, Any] | None = self._rpc.request("eth_getTransactionReceipt", transaction_hash)
            if receipt is not None:
                return receipt
            time.sleep(pause)
            pause = min(2 * pause, _LAST_POLL_SECONDS)
        message = f"transaction {transaction_hash} is not mined after {self._timeout:.0f} s"
        raise RpcError(message, "look it up before sending another; it may still be mined")

    @cached_property
    def _block_gas_limit(self) -> int:
        return int(self._rpc.request("eth_getBlockByNumber", "latest", False)["gasLimit"], 16)

    def _estimate(self, transaction: Mapping[str, Any]) -> int:
        # Accruals depend on time, so the block may take a dearer path than the estimate did.
        return self._rpc.number("eth_estimateGas", transaction) * 5 // 4

    def _sign(self, transaction: Mapping[str, Any], signer: LocalAccount) -> str:
        unsigned = {
            **{field: value for field, value in transaction.items() if field != "from"},
            "nonce": self._rpc.request("eth_getTransactionCount", signer.address, "pending"),
            "chainId": self._rpc.request("eth_chainId"),
            **self._fees(),
        }
        return "0x" + bytes(signer.sign_transaction(unsigned).raw_transaction).hex()

    def _fees(self) -> dict[str, Any]:
        base_fee = self._rpc.request("eth_getBlockByNumber", "latest", False).get("baseFeePerGas")
        if base_fee is None:
            return {"gasPrice": self._rpc.request("eth_gasPrice")}
        tip = self._rpc.number("eth_maxPriorityFeePerGas")
        # Twice the base fee covers six full blocks in a row; what is not needed is not paid.
        return {"type": 2, "maxPriorityFeePerGas": tip, "maxFeePerGas": 2 * int(base_fee, 16) + tip}
