"""Twin of `margin/MarginMath.sol`: margin brackets and the volatility multiplier."""

from dataclasses import dataclass

from keel.model.fixed import cast, div, div_ceil, u256
from keel.units import BPS, WAD

MAX_VOLATILITY_MULTIPLIER = 4 * WAD

_QUOTE = WAD


@dataclass(frozen=True, slots=True)
class Brackets:
    """Marginal margin brackets over position value, and liquidation penalties.

    Attributes:
        limit1: Upper end of the first bracket, whole quote units; `limit2`, `limit3` those of the next two.
        maintenance1: Maintenance rate inside the first bracket, bps; non-decreasing to `maintenance4`.
        initial1: Initial rate inside the first bracket, bps; non-decreasing to `initial4`.
        penalty_min_bps: Liquidation penalty on closed value at margin ratio 1.
        penalty_max_bps: Liquidation penalty on closed value at margin ratio 0.
    """

    limit1: int
    limit2: int
    limit3: int
    maintenance1: int
    maintenance2: int
    maintenance3: int
    maintenance4: int
    initial1: int
    initial2: int
    initial3: int
    initial4: int
    penalty_min_bps: int
    penalty_max_bps: int


def maintenance(b: Brackets, value: int) -> int:
    """Maintenance margin of a position value, quote WAD, ceil."""
    return _marginal(b, value, (b.maintenance1, b.maintenance2, b.maintenance3, b.maintenance4))


def initial(b: Brackets, value: int) -> int:
    """Initial margin of a position value before multipliers, quote WAD, ceil."""
    return _marginal(b, value, (b.initial1, b.initial2, b.initial3, b.initial4))


def volatility_multiplier(sigma: int, base_sigma_bps: int) -> int:
    """clamp(sigma / sigma0, 1, 4), WAD, floor.

    Args:
        sigma: Annualised volatility, 1e-6.
        base_sigma_bps: Volatility at which the multiplier is one, bps.
    """
    ratio = div(u256(sigma * 10**16), base_sigma_bps)
    return min(max(ratio, WAD), MAX_VOLATILITY_MULTIPLIER)


def _marginal(b: Brackets, value: int, rates: tuple[int, int, int, int]) -> int:
    total = cast(value * rates[0])
    for limit, below, above in zip((b.limit1, b.limit2, b.limit3), rates, rates[1:], strict=False):
        inside = max(value - limit * _QUOTE, 0)
        total = cast(total + inside * cast(above - below, 16))
    return div_ceil(total, BPS)
