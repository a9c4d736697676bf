"""Twin of `funding/Paths.sol`: exact integrals of a clamped value that moves along a line or an exponential.

Values are in FINE units (1e-28 per 8 h), areas in FINE * seconds. trunc.
"""

from keel.model.decay import ONE, duration, factor
from keel.model.fixed import div, unchecked
from keel.model.funding import EIGHT_HOURS
from keel.units import RAY, WAD

FINE = 10**28
FINE_PER_WAD = FINE // WAD
HOUR = 3_600


def line(start: int, speed: int, elapsed: int, low: int, high: int) -> tuple[int, int]:
    """A value that moves at constant speed: z(t) = start + speed * t.

    Args:
        start: Value at the start, FINE units; it may lie outside the clamps.
        speed: FINE units per hour, either sign.
        elapsed: Seconds.
        low: Lower clamp.
        high: Upper clamp, at least `low`.

    Returns:
        Clamped value at the end; integral of the clamped value.
    """
    if speed < 0:
        end, area = line(-start, -speed, elapsed, -high, -low)
        return -end, -area
    end = unchecked(start + div(unchecked(speed * elapsed), HOUR))
    if start >= high:
        return high, unchecked(high * elapsed)
    if end <= low:
        return low, unchecked(low * elapsed)
    if end > high:
        end, area = high, high * elapsed - _triangle(high - start, speed)
    else:
        area = start * elapsed + div(unchecked(speed * elapsed * elapsed), 2 * HOUR)
    if start < low:
        area += _triangle(low - start, speed)
    return end, unchecked(area)


def spring(start: int, goal: int, tau: int, elapsed: int, low: int, high: int) -> tuple[int, int]:
    """A value drawn to a goal: z(t) = goal + (start - goal) * exp(-t / tau).

    Args:
        start: Value at the start, FINE units; it may lie outside the clamps, as may the goal.
        goal: Where it goes.
        tau: Time constant, seconds, above 0.
        elapsed: Seconds.
        low: Lower clamp.
        high: Upper clamp, at least `low`.

    Returns:
        Clamped value at the end; integral of the clamped value.
    """
    if goal > start:
        end, area = spring(-start, -goal, tau, elapsed, -high, -low)
        return -end, -area
    if start <= low:
        return low, unchecked(low * elapsed)
    if goal >= high:
        return high, unchecked(high * elapsed)
    gap = start - goal
    decay = factor(elapsed, tau)
    end = goal + div(unchecked(gap * decay), ONE)
    if end >= high:
        return high, unchecked(high * elapsed)
    if end < low:
        end, area = low, low * elapsed + _excess(gap, low - goal, tau)
    else:
        area = goal * elapsed + div(unchecked(gap * tau * (ONE - decay)), ONE)
    if start > high:
        area -= _excess(gap, high - goal, tau)
    return end, unchecked(area)


def to_integral(area: int) -> int:
    """FINE * seconds to RAY * 8 hours, trunc."""
    return div(area, FINE // RAY * EIGHT_HOURS)


def _triangle(height: int, speed: int) -> int:
    """Area of the triangle that a line cuts off: height^2 / (2 * speed)."""
    return div(unchecked(height * height * (HOUR // 2)), speed)


def _excess(gap: int, left: int, tau: int) -> int:
    """Area of an exponential over a clamp until the clamp is met; gaps from the goal, `left` above 0."""
    return unchecked(tau * (gap - left) - div(unchecked(left * duration(gap, left, tau)), ONE))
