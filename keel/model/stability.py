"""Twin of `funding/Stability.sol`: bounds of a funding model's parameters, and the stability of its loop."""

from keel.model.errors import Refused
from keel.units import WAD

_ROLLING_LIMIT = 6 * WAD
_HOUR = 3_600


def within(name: str, given: int, low: int, high: int) -> None:
    """Refuse a parameter outside its bounds.

    Raises:
        Refused: `ParameterOutOfBounds` with name, value and bounds.
    """
    if not low <= given <= high:
        raise Refused("ParameterOutOfBounds", name, given, low, high)


def check_rolling(gain: int, slope: int) -> None:
    """Refuse a rate that follows the premium continuously and would oscillate.

    Args:
        gain: Part of a premium that an hour of rate r per unit draws away, per hour, WAD.
        slope: Steepest rise of the rate with the premium, WAD.

    Raises:
        Refused: `Unstable` with the gain of the loop and half of the critical one, per hour, WAD.
    """
    _check(gain * slope // WAD, _ROLLING_LIMIT)


def check_held(gain: int, slope: int, window: int) -> None:
    """The same for a rate that is set once per window of `window` seconds."""
    _check(gain * slope // WAD, min(WAD * _HOUR // window, _ROLLING_LIMIT))


def _check(loop_gain: int, limit: int) -> None:
    if loop_gain > limit:
        raise Refused("Unstable", loop_gain, limit)
