"""What Keel needs from a chain, and nothing more.

Everything above this layer works on whatever keeps this protocol: revm or py-evm in this process, or a node
behind JSON-RPC.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from keel.errors import ChainError
from keel.evm.codec import Abi, Function, decode_log

CHAIN_ID = 31_337
GENESIS_TIME = 1_700_000_000
BLOCK_GAS_LIMIT = 30_000_000
DEV_BALANCE = 10_000 * 10**18

#: Address zero: who asks where it does not matter who does, and what there is not.
NOBODY = "0x" + "00" * 20

# Emitter, topics, data.
RawLog = tuple[str, Sequence[bytes], bytes]

# The accounts of the public mnemonic "test test test test test test test test test test test junk". Everybody
# knows their keys: they own something on development chains only.
DEV_ACCOUNTS = (
    "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
    "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
    "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
    "0x90F79bf6EB2c4f870365E785982E1f101E93b906",
    "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65",
    "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc",
    "0x976EA74026E726554dB657fA54763abd0C3a0aa9",
    "0x14dC79964da2C08b23698B3D3cc7Ca32193d9955",
    "0x23618e81E3f5cdF7f54C3d65f7FBc0aBf5B21E8f",
    "0xa0Ee7A142d267C1f36714E4a8F75612F20a79720",
)


@dataclass(frozen=True, slots=True)
class Contract:
    """A deployed contract. Passed as an argument of a call, it stands for its address.

    Attributes:
        name: Contract name, as in the source.
        address: Checksummed address.
        abi: Interface.
    """

    name: str
    address: str
    abi: Abi


@dataclass(frozen=True, slots=True)
class Log:
    """A decoded event.

    Attributes:
        address: Checksummed address of the contract that emitted it.
        event: Event name; `unknown` when no artifact knows it, with `topics` and `data` as arguments.
        args: Arguments by name. Of indexed strings, bytes, arrays and structs only the hash is known.
    """

    address: str
    event: str
    args: dict[str, Any]


class Receipt:
    """What a transaction that succeeded did. Logs and result are decoded when they are first looked at.

    Attributes:
        gas_used: Gas paid for; see the engine for how far to trust it.
        transaction: Transaction hash; empty on a chain inside this process.
    """

    __slots__ = ("_function", "_logs", "_output", "_raw_logs", "gas_used", "transaction")

    def __init__(
        self,
        gas_used: int,
        raw_logs: Callable[[], Sequence[RawLog]],
        output: Callable[[], bytes],
        function: Function | None = None,
        transaction: str = "",
    ) -> None:
        self.gas_used = gas_used
        self.transaction = transaction
        self._raw_logs = raw_logs
        self._output = output
        self._function = function
        self._logs: list[Log] | None = None

    @property
    def logs(self) -> list[Log]:
        """Every event of the transaction, in order."""
        if self._logs is None:
            self._logs = [
                Log(emitter, *decode_log(topics, data)) for emitter, topics, data in self._raw_logs()
            ]
        return self._logs

    @property
    def output(self) -> bytes:
        """What the function returned, undecoded."""
        return self._output()

    @property
    def result(self) -> Any:
        """What the function returned, as `Chain.call` would give it; bytes of a raw transaction."""
        return self._function.decode(self.output) if self._function else self.output

    def events(self, name: str) -> list[Log]:
        """The events of that name, in order."""
        return [log for log in self.logs if log.event == name]

    def event(self, name: str) -> Log:
        """The only event of that name.

        Raises:
            ChainError: There is none, or more than one.
        """
        found = self.events(name)
        if len(found) != 1:
            raise ChainError(
                f"the transaction emitted {len(found)} {name} events", "use events() for all of them"
            )
        return found[0]


class Chain(Protocol):
    """A chain to deploy on and to talk to. Amounts of ether are in wei, times in seconds."""

    @property
    def accounts(self) -> Sequence[str]:
        """Checksummed senders that can be used right away."""

    @property
    def chain_id(self) -> int:
        """Chain id, as in EIP-155."""

    def deploy(self, contract: str, *args: Any, sender: str | None = None) -> Contract:
        """Deploy a compiled contract; the sender defaults to the first account. Raises Reverted."""

    def at(self, contract: str, address: str) -> Contract:
        """Bind the interface of a compiled contract to an address; nothing is checked on the chain."""

    def send(self, target: Contract, function: str, *args: Any, sender: str, value: int = 0) -> Receipt:
        """Change the chain. `function` is a name, or a full signature where overloaded. Raises Reverted."""

    def call(self, target: Contract, function: str, *args: Any, sender: str | None = None) -> Any:
        """Ask without changing anything, even of a function that would. Raises Reverted."""

    def storage(self, address: str, slot: int) -> int:
        """One storage word."""

    def timestamp(self) -> int:
        """Time of the block in which the next call or transaction runs, as far as the chain knows it."""

    def warp(self, seconds: int) -> None:
        """Make the next block later by that much (a positive number); development chains only."""

    def snapshot(self) -> int:
        """Remember state and time; development chains only."""

    def revert(self, snapshot: int) -> None:
        """Go back to a snapshot, which is used up by this, as are all later ones."""
