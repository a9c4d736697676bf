"""A market's funding model as the chain has it: whichever is deployed, the core must use it as it says."""

from keel.evm.chain import Contract
from keel.model.funding import FundingInput
from keel.sim.fuzz.reader import RawChain

_WORD = 32


class FundingContract:
    """A deployed `IFundingModel`.

    Args:
        chain: Chain it lives on.
        contract: The model.
    """

    def __init__(self, chain: RawChain, contract: Contract) -> None:
        self._call, self._address, self._sender = chain.call_raw, contract.address, chain.accounts[0]
        self._accrue = contract.abi.function("accrue").selector
        self._rate = contract.abi.function("rate").selector
        longs, shorts = chain.call(contract, "caps")
        self.caps: tuple[int, int] = (longs, shorts)

    def accrue(self, given: FundingInput) -> tuple[bytes, int]:
        """State at the end, and the integral of the rate in units of 8 hours, RAY, trunc."""
        answer = self._ask(self._accrue, given)
        return answer[:_WORD], int.from_bytes(answer[_WORD : 2 * _WORD], "big", signed=True)

    def rate(self, given: FundingInput) -> int:
        """Rate now, WAD per 8 h, trunc."""
        return int.from_bytes(self._ask(self._rate, given), "big", signed=True)

    def _ask(self, selector: bytes, given: FundingInput) -> bytes:
        words = b"".join(
            [
                selector,
                given.state,
                given.since.to_bytes(_WORD, "big"),
                given.elapsed.to_bytes(_WORD, "big"),
                given.premium.to_bytes(_WORD, "big", signed=True),
                given.utilization.to_bytes(_WORD, "big", signed=True),
                given.sigma.to_bytes(_WORD, "big"),
            ]
        )
        return self._call(self._address, words, self._sender)
