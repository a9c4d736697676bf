"""What a deployed funding model answers for any parameters and any market.

The model runs on a chain inside this process, so every figure comes from the bytecode that charges funding,
and every parameter is refused by the constructor that guards it. Bounds of the market are those under which
the core asks a model.
"""

from dataclasses import astuple, dataclass

from keel.config.funding import AnyFunding
from keel.config.interest import DifferenceSource, InterestSource, LendingSource
from keel.errors import ConfigError, DataError, Reverted
from keel.evm.revm import RevmChain
from keel.sdk.funding import deploy_model
from keel.units import WAD, format_wad

EIGHT_HOURS = 28_800
PERIODS_PER_YEAR = 1_095

# The curve ends where the mark is 16 times the index.
MAX_PREMIUM = 15 * WAD
MAX_UTILIZATION = 10**36
MAX_SIGMA = (2**24 - 1) * 10**12
MAX_INTEREST = 2**112 - 1
MAX_TIME = 2**32 - 1


@dataclass(frozen=True, slots=True)
class FundingCase:
    """A market, and the time for which it stays like that: FundingInput.

    Attributes:
        state: State word that the model returned before; None: funding has rested at this market for ever.
        since: Start, Unix seconds.
        elapsed: Length, seconds.
        premium: mark / index - 1, WAD, -1 to 15.
        utilization: With the sign of the net position, WAD, at most 1e36 in size.
        sigma: Annualised index volatility, WAD.
        long_interest: Sum of long sizes, base WAD.
        short_interest: Sum of short sizes, base WAD.
    """

    state: bytes | None = None
    since: int = 0
    elapsed: int = EIGHT_HOURS
    premium: int = 0
    utilization: int = 0
    sigma: int = 0
    long_interest: int = 0
    short_interest: int = 0

    def check(self) -> None:
        """Raise DataError unless the core could ask a model this."""
        _within("premium", self.premium, -WAD, MAX_PREMIUM)
        _within("utilization", self.utilization, -MAX_UTILIZATION, MAX_UTILIZATION)
        _within("sigma", self.sigma, 0, MAX_SIGMA)
        _within("long interest", self.long_interest, 0, MAX_INTEREST)
        _within("short interest", self.short_interest, 0, MAX_INTEREST)
        for name, seconds in (("since", self.since), ("elapsed", self.elapsed)):
            if seconds < 0:
                raise DataError(f"{name} is {seconds} seconds", "time runs from 1970 on, and forwards")
        if self.since + self.elapsed > MAX_TIME:
            raise DataError(
                f"since + elapsed is {self.since + self.elapsed} seconds",
                f"at most {MAX_TIME} (the year 2106)",
            )


@dataclass(frozen=True, slots=True)
class FundingQuote:
    """What a model says and does. Rates are WAD per 8 h; positive: longs pay.

    Attributes:
        rate: Rate at the start, trunc.
        target: Rate at which funding settles if nothing changes.
        interest: Interest component of the target; 0 where a model has none.
        fast: Rate of the short horizon.
        slow: Rate of the long horizon.
        annualised: The rate of the start over a year of 1,095 periods, WAD, simple.
        integral: Integral of the rate over the time, in units of 8 hours, RAY, trunc: 1 bp for 8 h is 1e23.
        rate_after: Rate at the end, trunc.
        deviation: Distance of the rate from its slow mean at the end, in standard deviations, WAD, trunc.
        cap_longs_pay: Most that longs pay.
        cap_shorts_pay: Most that shorts pay.
        state: State word at the start.
        state_after: State word at the end.
    """

    rate: int
    target: int
    interest: int
    fast: int
    slow: int
    annualised: int
    integral: int
    rate_after: int
    deviation: int
    cap_longs_pay: int
    cap_shorts_pay: int
    state: bytes
    state_after: bytes


class DeployedModel:
    """A funding model on a chain of its own.

    Args:
        settings: The model and its parameters.

    Raises:
        ConfigError: The model's contract refuses a parameter (named), or the interest source needs a vault.
    """

    def __init__(self, settings: AnyFunding) -> None:
        source = getattr(settings, "interest_source", None)
        if source is not None and _needs_vault(source):
            raise ConfigError(
                "a lending vault lives on a chain, not in a quote",
                "quote with a fixed source at the vault's yield",
            )
        self._chain = RevmChain()
        try:
            self._model = deploy_model(
                lambda _step, name, *args: self._chain.deploy(name, *args), "model", settings
            )
        except Reverted as refusal:
            raise explained(refusal) from None

    def quote(self, case: FundingCase) -> FundingQuote:
        """Ask the model.

        Raises:
            DataError: The case is out of range, or its state is none that this model returned.
        """
        case.check()
        call, model = self._chain.call, self._model
        state, *market = astuple(case)
        if state is None:
            state = call(model, "initialState", (bytes(32), *market))
        longs_pay, shorts_pay = call(model, "caps")
        now = call(model, "rates", (state, *market))
        if not -shorts_pay <= now.current <= longs_pay:
            raise DataError(
                f"state 0x{state.hex()} makes a rate of {format_wad(now.current)}, beyond the model's caps",
                "give a state that this model returned",
            )
        state_after, integral, deviation = call(model, "accrue", (state, *market))
        after = call(model, "rates", (state_after, case.since + case.elapsed, 0, *market[2:]))
        return FundingQuote(
            rate=now.current,
            target=now.target,
            interest=now.interest,
            fast=now.fast,
            slow=now.slow,
            annualised=now.current * PERIODS_PER_YEAR,
            integral=integral,
            rate_after=after.current,
            deviation=deviation,
            cap_longs_pay=longs_pay,
            cap_shorts_pay=shorts_pay,
            state=state,
            state_after=state_after,
        )


def explained(refusal: Reverted) -> ConfigError | Reverted:
    """A constructor's refusal, with the parameter's bounds in human units; any other refusal as it is."""
    if refusal.error == "ParameterOutOfBounds":
        name = refusal.named["name"].rstrip(b"\0").decode()
        given, low, high = (_human(name, value) for value in refusal.values[1:])
        fits = refusal.named["low"] <= refusal.named["high"]
        return ConfigError(
            f"ParameterOutOfBounds(name={name}, given={given}, low={low}, high={high})",
            f"choose a value from {low} to {high}" if fits else "its bounds follow from others: change those",
        )
    if refusal.error == "Unstable":
        gain, limit = (format_wad(value) for value in refusal.values)
        return ConfigError(
            f"Unstable(loopGain={gain}, limit={limit})",
            "choose a smaller gain or premium factor, or a flatter response (higher convexity, lower caps)",
        )
    return refusal


def _human(name: str, value: int) -> str:
    return str(value) if name.endswith("Seconds") else format_wad(value)


def _needs_vault(source: InterestSource) -> bool:
    if isinstance(source, DifferenceSource):
        return _needs_vault(source.quote) or _needs_vault(source.base)
    return isinstance(source, LendingSource)


def _within(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise DataError(
            f"{name} {format_wad(value)} is out of range", f"from {format_wad(low)} to {format_wad(high)}"
        )
