"""The half that all chains share: names and Python values above, addresses and calldata below."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from keel.artifacts import artifact
from keel.evm.chain import CHAIN_ID, Contract, Receipt
from keel.evm.codec import Function, contract_abi
from keel.evm.scalars import normal_address


class TypedChain(ABC):
    """Implements the typed methods of `Chain` on three raw ones."""

    @property
    @abstractmethod
    def accounts(self) -> Sequence[str]:
        """Checksummed senders that can be used right away."""

    @property
    def chain_id(self) -> int:
        """See `Chain.chain_id`; that of a development chain, unless there is a node to ask."""
        return CHAIN_ID

    @abstractmethod
    def create(self, code: bytes, sender: str) -> str:
        """Run creation code, arguments included; gives the checksummed address. Raises Reverted."""

    @abstractmethod
    def call_raw(self, address: str, calldata: bytes, sender: str) -> bytes:
        """Run a call without keeping any of its effects; gives what it returned. Raises Reverted."""

    @abstractmethod
    def _transact(
        self, address: str, calldata: bytes, sender: str, value: int, function: Function | None
    ) -> Receipt:
        """Run a call and keep its effects. Raises Reverted."""

    def send_raw(self, address: str, calldata: bytes, sender: str, value: int = 0) -> Receipt:
        """`send` for calldata that is already encoded; the receipt's result stays undecoded."""
        return self._transact(address, calldata, sender, value, None)

    def deploy(self, contract: str, *args: Any, sender: str | None = None) -> Contract:
        """See `Chain.deploy`."""
        abi = contract_abi(contract)
        code = artifact(contract).bytecode + abi.encode_constructor(args)
        return Contract(contract, self.create(code, sender or self.accounts[0]), abi)

    def at(self, contract: str, address: str) -> Contract:
        """See `Chain.at`."""
        return Contract(contract, normal_address(address), contract_abi(contract))

    def send(self, target: Contract, function: str, *args: Any, sender: str, value: int = 0) -> Receipt:
        """See `Chain.send`."""
        compiled = target.abi.function(function)
        return self._transact(target.address, compiled.encode(args), sender, value, compiled)

    def call(self, target: Contract, function: str, *args: Any, sender: str | None = None) -> Any:
        """See `Chain.call`."""
        compiled = target.abi.function(function)
        data = self.call_raw(target.address, compiled.encode(args), sender or self.accounts[0])
        return compiled.decode(data)
