"""What the deployed curve answers for any state, market limits aside.

The lens runs on a chain inside this process, so every figure comes from the bytecode that trades run on.
Bounds are those under which the contracts use the curve.
"""

from dataclasses import dataclass

from keel.errors import DataError, Reverted
from keel.evm.chain import Contract
from keel.evm.revm import RevmChain
from keel.units import format_wad

MAX_PRICE = 2**88 - 1
MAX_BASE = 2**112 - 1
# A notional is an int128.
MAX_QUOTE = 2**127 - 1


@dataclass(frozen=True, slots=True)
class CurveState:
    """A curve, all WAD.

    Attributes:
        index: Quote per base, 1 to 2^88 - 1.
        depth: Base, 1 to 2^112 - 1.
        skew: Net position of all traders, base; below depth.
    """

    index: int
    depth: int
    skew: int

    def check(self) -> None:
        """Raise DataError unless the contracts could use this state."""
        _positive("index", self.index, MAX_PRICE)
        _positive("depth", self.depth, MAX_BASE)
        _magnitude("skew", self.skew, MAX_BASE)
        if self.skew >= self.depth:
            raise DataError(
                f"skew {format_wad(self.skew)} leaves no reserve",
                f"stay below depth {format_wad(self.depth)}",
            )


@dataclass(frozen=True, slots=True)
class CurveQuote:
    """One fill on a curve, all WAD; negative amounts are sold and received.

    Attributes:
        base: Base bought.
        quote: Quote paid.
        price_average: Of that base, floor.
        mark_before: Marginal price, floor.
        mark_after: Marginal price, floor.
    """

    base: int
    quote: int
    price_average: int
    mark_before: int
    mark_after: int


class CurveLens:
    """The deployed curve, asked through the lens on a chain of its own."""

    def __init__(self) -> None:
        self._chain = RevmChain()
        # The curve needs no core: any address will do.
        self._lens: Contract = self._chain.deploy("Lens", self._chain.accounts[0])

    def for_base(self, state: CurveState, base: int) -> CurveQuote:
        """Buy (positive) or sell `base`; the quote is the cost, ceil.

        Raises:
            DataError: The state or the size is out of range, or the purchase reaches the reserve.
        """
        state.check()
        _magnitude("base", base, MAX_BASE)
        if base == 0:
            raise DataError("base is 0", "a quote needs a size")
        after = state.skew + base
        if after >= state.depth:
            reserve = format_wad(state.depth - state.skew)
            raise DataError(f"base {format_wad(base)} empties the reserve", f"buy less than {reserve}")
        _magnitude("skew after the trade", after, MAX_BASE)
        return self._fill(state, base, None)

    def for_quote(self, state: CurveState, quote: int) -> CurveQuote:
        """Spend at most `quote` (positive), or sell as little as yields it (negative); the base is floor.

        Raises:
            DataError: The state or the amount is out of range, the amount is too small to move any base, or
                the sale yields more than the curve holds.
        """
        state.check()
        _magnitude("quote", quote, MAX_QUOTE)
        if quote == 0:
            raise DataError("quote is 0", "a quote needs an amount")
        try:
            base = int(self._chain.call(self._lens, "sizeFor", state.index, state.depth, state.skew, quote))
        except Reverted as refusal:
            raise self._why_no_size(quote, refusal) from None
        if base == 0:
            raise DataError(f"quote {format_wad(quote)} buys nothing", "one wei of base costs more than that")
        _magnitude("base for that quote", base, MAX_BASE)
        _magnitude("skew after the trade", state.skew + base, MAX_BASE)
        return self._fill(state, base, quote)

    def _fill(self, state: CurveState, base: int, quote: int | None) -> CurveQuote:
        try:
            answer = self._chain.call(self._lens, "quoteCurve", state.index, state.depth, state.skew, base)
        except Reverted as refusal:
            raise DataError(
                f"the contracts cannot price this state ({refusal.message})", "stay further below depth"
            ) from None
        cost, average, before, after = answer
        return CurveQuote(base, cost if quote is None else quote, average, before, after)

    def _why_no_size(self, quote: int, refusal: Reverted) -> DataError:
        if quote < 0:
            message = f"no sale yields {format_wad(-quote)}: the curve holds no more than index * depth"
            return DataError(f"{message}, less what shorts took", "ask for less")
        return DataError(
            f"the contracts cannot price this state ({refusal.message})", "stay further below depth"
        )


def _positive(name: str, value: int, limit: int) -> None:
    if not 0 < value <= limit:
        raise DataError(
            f"{name} {format_wad(value)} is out of range", f"above 0, at most {format_wad(limit)}"
        )


def _magnitude(name: str, value: int, limit: int) -> None:
    if abs(value) > limit:
        raise DataError(
            f"{name} {format_wad(value)} is out of range", f"at most {format_wad(limit)} either way"
        )
