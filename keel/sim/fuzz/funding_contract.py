"""A funding model as the chain has it: whichever is in force, the core must use it as it says."""

from functools import cached_property

from keel.config.funding import AnyFunding
from keel.evm.chain import Contract
from keel.model.funding import FundingInput
from keel.model.models import MODELS, AnyModel, AnyParams, make_model
from keel.model.premium import PremiumParams, Smoothing
from keel.sim.fuzz.raw import RawChain

_WORD = 32


class FundingContract:
    """A deployed `IFundingModel`.

    Args:
        chain: Chain it lives on.
        contract: The model.
        settings: What it was deployed with.
    """

    def __init__(self, chain: RawChain, contract: Contract, settings: AnyFunding) -> None:
        self._chain, self._contract = chain, contract
        self._sender, self._name = chain.accounts[0], settings.model
        names = ("initialState", "accrue", "rates")
        self._initial, self._accrue, self._rates = (contract.abi.function(name).selector for name in names)
        longs, shorts = chain.call(contract, "caps")
        self.address = contract.address
        self.caps: tuple[int, int] = (longs, shorts)

    @cached_property
    def twin(self) -> AnyModel:
        """The model's twin with the parameters of this instance."""
        return make_model(self._name, self._params, self._annual_rate)

    @cached_property
    def held_seconds(self) -> int:
        """Longest time whose funding is paid at once, at its end; 0 where it is paid as time goes by."""
        p = self._params
        if not isinstance(p, PremiumParams) or p.smoothing < Smoothing.INTERVAL:
            return 0
        return p.smoothing_seconds

    def initial_state(self, given: FundingInput) -> bytes:
        """State of a market that has rested at the given input for ever."""
        return self._ask(self._initial, given)[:_WORD]

    def accrue(self, given: FundingInput) -> tuple[bytes, int, int]:
        """State at the end, integral of the rate in units of 8 hours (RAY, trunc), and deviation (WAD)."""
        answer = self._ask(self._accrue, given)
        return answer[:_WORD], _signed(answer, 1), _signed(answer, 2)

    def rate(self, given: FundingInput) -> int:
        """Rate now, WAD per 8 h, trunc."""
        return _signed(self._ask(self._rates, given), 0)

    @cached_property
    def _params(self) -> AnyParams:
        return MODELS[self._name][1](*self._chain.call(self._contract, "params"))

    def _annual_rate(self) -> int:
        """What the model's source of interest says."""
        source = self._chain.call(self._contract, "params").interestSource
        return int(self._chain.call(self._chain.at("IInterestSource", source), "annualRate"))

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
                given.long_interest.to_bytes(_WORD, "big"),
                given.short_interest.to_bytes(_WORD, "big"),
            ]
        )
        return self._chain.call_raw(self._contract.address, words, self._sender)


def _signed(answer: bytes, place: int) -> int:
    return int.from_bytes(answer[_WORD * place : _WORD * (place + 1)], "big", signed=True)
