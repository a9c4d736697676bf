"""Governance through the timelock: whoever proposes waits for its delay, then anyone executes."""

from dataclasses import dataclass
from itertools import count
from typing import Any

from keel.evm.chain import Chain, Contract, Receipt

_WORD = 32
_NO_PREDECESSOR = bytes(_WORD)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A call that waits in the timelock.

    Attributes:
        target: Contract to call.
        calldata: The call.
        salt: Number that tells it from the same call proposed before.
    """

    target: Contract
    calldata: bytes
    salt: int

    @property
    def operation(self) -> tuple[Contract, int, bytes, bytes, bytes]:
        """Arguments by which the timelock knows it: target, value, data, predecessor, salt."""
        return self.target, 0, self.calldata, _NO_PREDECESSOR, self.salt.to_bytes(_WORD, "big")


def propose(
    chain: Chain, timelock: Contract, target: Contract, function: str, *arguments: Any, sender: str
) -> Proposal:
    """Schedule a call at the timelock, with the timelock's own delay.

    Args:
        chain: Chain of the deployment.
        timelock: KeelTimelock.
        target: Contract to call.
        function: Its function.
        arguments: What the function takes.
        sender: A proposer.

    Raises:
        Reverted: The sender is no proposer.
    """
    calldata = target.abi.function(function).encode(arguments)
    proposals = (Proposal(target, calldata, salt) for salt in count())
    proposal = next(one for one in proposals if not _known(chain, timelock, one))
    delay = chain.call(timelock, "getMinDelay")
    chain.send(timelock, "schedule", *proposal.operation, delay, sender=sender)
    return proposal


def execute(chain: Chain, timelock: Contract, proposal: Proposal, sender: str) -> Receipt:
    """Do what was proposed; anyone may, once the delay has passed.

    Raises:
        Reverted: It is too early, or the call itself is refused.
    """
    return chain.send(timelock, "execute", *proposal.operation, sender=sender)


def _known(chain: Chain, timelock: Contract, proposal: Proposal) -> bool:
    identity = chain.call(timelock, "hashOperation", *proposal.operation)
    return bool(chain.call(timelock, "isOperation", identity))
