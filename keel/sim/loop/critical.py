"""The gain of arbitrage at which linear theory sees the loop of a parameter set stop fading.

Slopes are the steepest that the set can show, so a loop with dead zone and caps bears more than this.
"""

from keel.config.funding import AnyFunding, LayeredSettings, PremiumSettings, VelocitySettings
from keel.sim.loop.settings import LoopSettings
from keel.sim.loop.theory import Layer, critical, drift_growth, held_growth, rolling_growth

# What the settings call per day is per hour here.
_DAY_HOURS = 24


def critical_gain(settings: LoopSettings, depth: float) -> float | None:
    """Gain per hour; 0 where any gain makes the loop grow, None where no linear theory fits the model.

    Args:
        settings: The run; its own gain does not matter.
        depth: Depth of the market's curve, base.
    """
    f = settings.funding
    if isinstance(f, VelocitySettings):
        # A small premium p is a skew of depth * p / 2.
        speed = float(f.velocity) / _DAY_HOURS * depth / 2 / float(f.skew_scale)
        touch, latency = settings.touch_seconds, settings.latency
        return critical(lambda gain: drift_growth(gain, touch, speed, f.leak_seconds, latency))
    slope = steepest_slope(f)
    if not slope:
        return None
    return critical_loop_gain(settings) / slope


def critical_loop_gain(settings: LoopSettings) -> float:
    """Gain of the whole loop, gain of arbitrage times slope of the rate, per hour."""
    touch, latency, window = settings.touch_seconds, settings.latency, settings.window
    if window:
        weighted = getattr(settings.funding, "smoothing", "") == "weighted_interval"
        return critical(lambda gain: held_growth(gain, touch, window, latency, weighted=weighted))
    layers = _layers(settings.funding)
    return critical(lambda gain: rolling_growth(gain, touch, layers, latency))


def steepest_slope(funding: AnyFunding) -> float:
    """Steepest rise of the rate with the premium; 0 where the rate does not depend on it."""
    if isinstance(funding, LayeredSettings):
        cap = max(funding.cap_longs_pay, funding.cap_shorts_pay)
        return float(funding.premium_factor * (1 + cap / funding.convexity))
    if isinstance(funding, PremiumSettings):
        return float(funding.scaling or funding.premium_factor)
    return 0.0


def _layers(funding: AnyFunding) -> tuple[Layer, ...]:
    if isinstance(funding, LayeredSettings):
        slow = float(funding.slow_weight)
        return (1 - slow, funding.fast_seconds), (slow, funding.slow_seconds)
    if isinstance(funding, PremiumSettings) and funding.smoothing == "exponential":
        return ((1.0, funding.smoothing_seconds),)
    return ((1.0, 0.0),)
