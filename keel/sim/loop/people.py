"""Who trades in the loop: what each wants to do to the premium at a touch. Nobody trades here."""

from collections import deque
from math import isqrt
from random import Random

from keel.sim.loop.market import Reading
from keel.sim.loop.settings import HOUR, Crowd, LoopSettings
from keel.units import WAD

_EIGHT_HOURS = 8 * HOUR


class CrowdTraders:
    """The crowd at its touches.

    Args:
        crowd: What it does.
        touch_seconds: Time between touches.
        seed: Seed of its noise.
    """

    def __init__(self, crowd: Crowd, touch_seconds: int, seed: int) -> None:
        self._crowd, self._seconds = crowd, touch_seconds
        self._random = Random(seed)  # noqa: S311, a simulation
        self._kick = crowd.noise * isqrt(touch_seconds * WAD // HOUR) // isqrt(WAD)

    def wants(self, premium: int) -> int:
        """Change of the premium at this touch, WAD."""
        crowd = self._crowd
        steady = crowd.push - premium * crowd.reversion // WAD
        return steady * self._seconds // HOUR + self._random.randint(-self._kick, self._kick)


class Arbitrageurs:
    """Arbitrage: draws the premium against the funding above the interest, `latency` touches late.

    Args:
        settings: The run.
    """

    def __init__(self, settings: LoopSettings) -> None:
        self._per_rate = settings.gain * settings.touch_seconds // HOUR
        self._latency, self._window = settings.latency, settings.window
        self._seen: deque[int] = deque(maxlen=settings.latency + 1)
        self._boundary: Reading | None = None
        self._held = 0

    def wants(self, reading: Reading) -> int:
        """Change of the premium at this touch, WAD."""
        excess = self._last_paid(reading) if self._window else reading.rate - reading.interest
        self._seen.append(excess)
        if len(self._seen) <= self._latency:
            return 0
        return -(self._seen[0] * self._per_rate // WAD)

    def _last_paid(self, reading: Reading) -> int:
        """Rate above the interest that the last whole interval paid, WAD per 8 h."""
        window, last = self._window, self._boundary
        if last is None:
            self._boundary = reading
        elif ended := reading.time // window - last.time // window:
            paid = (reading.paid - last.paid) * _EIGHT_HOURS // (window * ended)
            self._held, self._boundary = paid - reading.interest, reading
        return self._held
