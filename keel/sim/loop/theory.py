"""Linear theory of the loop: how much a small disturbance grows, and the gain at which it no longer fades.

K is the loop gain per hour: gain of arbitrage times slope of the rate with the premium. Premiums change at
touches only, by trades that follow the rate seen `latency` touches before. A matrix steps the loop; its
spectral radius is the factor by which a disturbance grows per step.

    spot, latency 1             K_crit = 1 / touch; latency 0: 2 / touch
    one average, latency 1      K_crit = 1 / touch, whatever the time constant
    rate held for a window      K_crit = 2 / window; 3 / window where later samples weigh more
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from keel.sim.loop.settings import HOUR

#: Weight and time constant (seconds; 0 follows at once) of an average of the premium.
Layer = tuple[float, float]

_STEPS = 60


def rolling_growth(
    gain: float, touch: int, layers: Sequence[Layer], latency: int = 1, reversion: float = 0.0
) -> float:
    """Growth per touch where the rate follows averages of the premium.

    Args:
        gain: Loop gain K, per hour.
        touch: Seconds between touches.
        layers: Averages and their weights.
        latency: Touches between seeing a rate and trading on it.
        reversion: Part of the premium that disappears by itself, per hour.
    """
    count = len(layers)
    step = np.zeros((1 + count + latency, 1 + count + latency))
    rate = np.zeros(1 + count + latency)
    for i, (weight, tau) in enumerate(layers, start=1):
        taken = -np.expm1(-touch / tau) if tau else 1.0
        step[i, 0], step[i, i] = taken, 1 - taken
        rate += weight * step[i]
    step = _close(step, rate, count, gain * touch / HOUR, latency)
    step[0, 0] -= reversion * touch / HOUR
    return _radius(step)


def drift_growth(gain: float, touch: int, speed: float, leak: float, latency: int = 1) -> float:
    """Growth per touch where the rate drifts with the premium and leaks.

    Args:
        gain: Gain of arbitrage, per hour.
        touch: Seconds between touches.
        speed: Change of the rate per hour and unit of premium.
        leak: Time constant of the leak, seconds; 0: none.
        latency: Touches between seeing a rate and trading on it.
    """
    hours, leak_hours = touch / HOUR, leak / HOUR
    kept = np.exp(-touch / leak) if leak else 1.0
    step = np.zeros((2 + latency, 2 + latency))
    step[1, 0] = speed * (leak_hours * (1 - kept) if leak else hours)
    step[1, 1] = kept
    return _radius(_close(step, step[1].copy(), 1, gain * hours, latency))


def held_growth(gain: float, touch: int, window: int, latency: int = 1, *, weighted: bool = False) -> float:
    """Growth per window where a window's average premium is the rate that the next window is traded on.

    Args:
        gain: Loop gain K, per hour.
        touch: Seconds between touches; the window is a whole number of them.
        window: Seconds.
        weighted: Whether later touches weigh more: 1, 3, 5, ...
        latency: Touches between seeing a rate and trading on it.
    """
    count = window // touch
    # State: premium, rate held, rate held in the window before (seen where latency reaches back into it).
    step = np.zeros((3, 3))
    for column in range(3):
        premium, held, before = np.eye(3)[column]
        total = 0.0
        for place in range(count):
            # The trade at a window's own boundary already knows its rate.
            seen = held if place >= latency else before
            premium -= gain * touch / HOUR * seen
            total += premium * ((2 * place + 1) / count if weighted else 1)
        step[:, column] = premium, total / count, held
    return _radius(step)


def critical(growth: Callable[[float], float], most: float = 1_000.0) -> float:
    """Least gain at which a growth reaches one, by bisection up to `most`."""
    low, high = 0.0, most
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if growth(middle) < 1 else (low, middle)
    return low


def _close(
    step: NDArray[np.float64],
    rate: NDArray[np.float64],
    count: int,
    gain: float,
    latency: int,
) -> NDArray[np.float64]:
    """Add the queue of rates seen, and what the premium does: all per touch."""
    seen = rate
    if latency:
        step[1 + count] = rate
        for place in range(1, latency):
            step[1 + count + place, count + place] = 1
        seen = np.zeros(len(step))
        seen[count + latency] = 1
    step[0] = -gain * seen
    step[0, 0] += 1
    return step


def _radius(step: NDArray[np.float64]) -> float:
    return float(np.abs(np.linalg.eigvals(step)).max())
