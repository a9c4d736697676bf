"""Twin of `funding/interest/InterestMath.sol`: the interest component of a funding rate.

i = clamp(i0 * (1 + beta * max(0, sigma / sigma0 - 1)), -iMax, iMax), i0 fixed or sampled from a source.
Rates are WAD per 8 h; a sample is kept in 1e-12 per 8 h.
"""

from collections.abc import Callable

from keel.model.fixed import div, unchecked
from keel.units import WAD

NO_SOURCE = "0x" + "00" * 20

#: What an interest source answers: WAD per year, or None when it fails.
Source = Callable[[], int | None]

_PERIODS = 1_095
_WAD_PER_SAMPLE = 10**6
_MOST = 100 * WAD


def adjusted(base: int, beta: int, base_sigma: int, most: int, sigma: int) -> int:
    """Interest at a volatility, trunc.

    Args:
        base: i0, WAD per 8 h, either sign.
        beta: Growth per unit of relative excess volatility, WAD.
        base_sigma: sigma0, annualised, WAD.
        most: iMax, WAD per 8 h.
        sigma: Annualised volatility, WAD.
    """
    i = base
    if sigma > base_sigma and base != 0:
        excess = (sigma - base_sigma) * WAD // base_sigma
        i += div(unchecked(i * (unchecked(beta * excess) // WAD)), WAD)
    return max(-most, min(i, most))


def sample(source: str, read: Source | None, last: int) -> int:
    """What a source says now, 1e-12 per 8 h, trunc; the last sample if it fails or says nonsense.

    Args:
        source: Address of the source; zero: none, the sample is 0.
        read: Asks it; None: it never answers.
        last: Sample before.
    """
    if int(source, 16) == 0:
        return 0
    annual = read() if read else None
    if annual is None or abs(annual) > _MOST:
        return last
    return div(div(annual, _PERIODS), _WAD_PER_SAMPLE)


def from_sample(sample_: int) -> int:
    """i0 of a sample, WAD per 8 h."""
    return sample_ * _WAD_PER_SAMPLE
