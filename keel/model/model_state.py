"""Twin of `funding/ModelState.sol`: state word of the reference models, 128 + 64 + 40 bits."""

from keel.model.fixed import cast, div, exp_wad, unchecked
from keel.units import WAD

_WIDTHS = (128, 64, 40)


def pack(values: tuple[int, ...], widths: tuple[int, ...]) -> bytes:
    """Signed integers of the given widths from the low end of a word.

    Raises:
        Truncated: A value does not fit its width.
    """
    word = place = 0
    for value, width in zip(values, widths, strict=True):
        word |= cast(value, width, signed=True) % (1 << width) << place
        place += width
    return word.to_bytes(32, "big")


def unpack(state: bytes, widths: tuple[int, ...]) -> tuple[int, ...]:
    """The signed integers of a word."""
    word = int.from_bytes(state, "big")
    values = []
    for width in widths:
        raw = word & (1 << width) - 1
        values.append(raw - (raw >> width - 1 << width))
        word >>= width
    return tuple(values)


def encode(value: int, mean: int, sample: int) -> bytes:
    """State word of the moving value, the slow mean (WAD per 8 h) and the last sample (1e-12 per 8 h)."""
    return pack((value, mean, sample), _WIDTHS)


def decode(state: bytes) -> tuple[int, int, int]:
    """Moving value, slow mean and last sample of a state word."""
    value, mean, sample = unpack(state, _WIDTHS)
    return value, mean, sample


def slow_mean(mean: int, before: int, afterwards: int, elapsed: int, tau: int) -> int:
    """Slow mean of the rate after `elapsed`: drawn to the middle of the rates at both ends, trunc.

    Args:
        mean: Slow mean at the start, WAD.
        before: Rate at the start, WAD.
        afterwards: Rate at the end, WAD.
        elapsed: Seconds.
        tau: Time constant, seconds.
    """
    middle = div(before + afterwards, 2)
    decay = exp_wad(-(elapsed * WAD // tau))
    return middle + div(unchecked((mean - middle) * decay), WAD)


def deviation(rate: int, mean: int, unit: int) -> int:
    """(rate - mean) / unit, WAD, trunc."""
    return div(unchecked((rate - mean) * WAD), unit)
