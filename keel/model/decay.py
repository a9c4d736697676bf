"""Twin of `funding/Decay.sol`: exponential decay that can be cut into a thousand short steps.

Factors have 30 decimals. trunc.
"""

from keel.model.fixed import div, exp_wad, ln_wad, unchecked
from keel.units import WAD

ONE = 10**30
_ONE_PER_WAD = ONE // WAD


def factor(elapsed: int, tau: int) -> int:
    """exp(-elapsed / tau), 30 decimals; both in seconds, tau above 0."""
    x = unchecked(elapsed * ONE) // tau
    if x >= ONE // 64:
        return exp_wad(-(x // _ONE_PER_WAD)) * _ONE_PER_WAD
    left = ONE - x // 7
    for n in range(6, 0, -1):
        left = ONE - x * left // (n * ONE)
    return left


def duration(gap: int, left: int, tau: int) -> int:
    """Seconds, 30 decimals, until `gap` has decayed to `left`: tau * ln(gap / left).

    Args:
        gap: At least `left`.
        left: Above 0.
        tau: Time constant, seconds.
    """
    z = div(unchecked((gap - left) * ONE), gap + left)
    if z >= ONE // 128:
        return unchecked(tau * ln_wad(unchecked(gap * WAD) // left) * _ONE_PER_WAD)
    square = z * z // ONE
    series = ONE // 3 + square * (ONE // 5 + square // 7) // ONE
    return unchecked(2 * tau * z * (ONE + square * series // ONE)) // ONE
