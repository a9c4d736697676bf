"""A stand-in for a real crash where no market data is at hand.

A jump-diffusion path of 2025-10-10, calibrated to the published moves of that day's BTC perpetual: -8.9 % in
the five minutes from 21:15 UTC, -11.3 % in the fifteen minutes from 21:05, then the recovery. Between the
anchors the path is a bridge: diffusion plus rare jumps, tied down at both ends, so that every seed shows the
same crash with other noise.
"""

from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from keel.sim.candles import PRICE_DECIMALS, Candle, Candles, make_candles

_START = int(datetime(2025, 10, 10, 12, 0, tzinfo=UTC).timestamp())
_OPEN = 116_700
_BAR_MINUTES = 5
# Exchange tick: a tenth of a quote unit, in 1e-8.
_TICK = 10 ** (PRICE_DECIMALS - 1)

# Hours UTC from the start, price relative to the open, annualised volatility of the stretch that ends there.
_ANCHORS = (
    (0.0, 1.0, 0.0),
    (8.83, 1.0015, 0.40),
    (9.0, 0.979, 0.9),
    (9.0 + 5 / 60, 0.9838, 0.9),
    (9.25, 0.9579, 1.2),
    (9.0 + 20 / 60, 0.8726, 1.6),
    (9.0 + 25 / 60, 0.9140, 1.6),
    (9.0 + 45 / 60, 0.9520, 1.4),
    (10.0, 0.9690, 1.2),
    (13.0, 0.9820, 0.9),
    (18.0, 0.9600, 0.7),
)
_JUMPS_PER_HOUR = 0.5
_JUMP_SIZE = 0.002
_MINUTES_PER_YEAR = 365 * 24 * 60


def crash_day(seed: int) -> Candles:
    """Five-minute candles from 12:00 UTC, 18 hours; the same seed gives the same candles."""
    random = np.random.default_rng(seed)
    logs: list[float] = [0.0]
    for (begin, low, _), (end, high, volatility) in pairwise(_ANCHORS):
        minutes = round((end - begin) * 60)
        logs += list(_bridge(random, minutes, float(np.log(low)), float(np.log(high)), volatility))
    prices = [round(_OPEN * float(np.exp(value)) * 10) * _TICK for value in logs]
    return make_candles(_bars(prices), f"jump-diffusion path of 2025-10-10, seed {seed}")


def _bridge(
    random: np.random.Generator, minutes: int, begin: float, end: float, volatility: float
) -> NDArray[np.float64]:
    """Log prices after each minute, from `begin` (not included) to exactly `end`."""
    diffusion = random.normal(0.0, volatility / np.sqrt(_MINUTES_PER_YEAR), minutes)
    jumps = random.poisson(_JUMPS_PER_HOUR / 60, minutes) * random.normal(0.0, _JUMP_SIZE, minutes)
    walk = np.cumsum(diffusion + jumps)
    share = np.arange(1, minutes + 1) / minutes
    tied: NDArray[np.float64] = begin + (end - begin) * share + walk - share * walk[-1]
    return tied


def _bars(prices: list[int]) -> list[Candle]:
    bars = []
    for i in range(0, len(prices) - 1, _BAR_MINUTES):
        inside = prices[i : i + _BAR_MINUTES + 1]
        bars.append(Candle(_START + 60 * i, inside[0], max(inside), min(inside), inside[-1]))
    return bars
