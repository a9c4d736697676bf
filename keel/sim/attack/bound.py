"""What manipulating the layered model can bring at most; the proof is in `docs/funding-manipulation.md`.

Amounts are quote, rates fractions per 8 h, times hours, areas (rate times time) fractions: an area of 20 bp
pays 20 bp of a position. Floats: this is a statement about the design, nothing of it reaches a chain.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from keel.model import curve, layered
from keel.model.layered import LayeredParams
from keel.units import WAD

Floats = NDArray[np.float64]

_HOUR, _PERIOD = 3_600, 8.0
_LAYER_STEPS = 600
# Hard end of the curve for reductions, part of the depth.
_HARD_SKEW = 0.75


@dataclass(frozen=True, slots=True)
class Scene:
    """The market that the bound is for; depth and equity constant.

    Attributes:
        depth: Value of the curve's depth at the index, D * P, quote.
        equity: Pool equity, quote.
        fee: Fees on a trade, fraction of its cost.
    """

    depth: float
    equity: float
    fee: float


class LayeredBound:
    """The bound for one parameter set in one market.

    Args:
        params: Parameters.
        scene: Market.
    """

    def __init__(self, params: LayeredParams, scene: Scene) -> None:
        self._p, self._scene = params, scene
        end = _HARD_SKEW * scene.depth
        self._levels: Floats = np.geomspace(scene.equity / 10_000, end, _LAYER_STEPS)
        self._weights = (1 - params.slow_weight / WAD, params.slow_weight / WAD, 1.0)
        self._taus = (
            params.fast_seconds / _HOUR,
            params.slow_seconds / _HOUR,
            params.skew_seconds / _HOUR,
        )
        self._times: Floats = np.concatenate(
            [np.linspace(0, 4, 801), np.geomspace(4, 40 * max(self._taus), 1_200)[1:]]
        )
        self._decays = [np.exp(-self._times / tau) for tau in self._taus]

    @cached_property
    def rest(self) -> float:
        """Rate of a market without position: the interest, where it lies inside the dead zone."""
        return self.target(0.0)[0]

    def target(self, position: float) -> tuple[float, float]:
        """Targets of the premium's layers and of the skew layer at a net position, quote."""
        skew = int(position / self._scene.depth * WAD)
        used = int(position / self._scene.equity * WAD)
        base = layered.premium_target(self._p, curve.premium(WAD, skew), self._p.interest)
        return base / WAD, layered.skew_target(self._p, used) / WAD

    def left_behind(self, position: float) -> float:
        """Area that a crowd of this net position leaves behind at most, beyond the resting rate."""
        base, skew = self.target(position)
        return sum(self._areas(abs(base - self.rest), abs(skew)))

    @cached_property
    def most_stored(self) -> float:
        """Area of layers that stand at their bounds."""
        return sum(self._areas(*self._caps))

    @cached_property
    def gift(self) -> float:
        """Most that the pool pays, per 8 h, to a position held for ever: interest inside the dead zone."""
        most = 0.0
        for level in np.linspace(0, self._levels[0] * 1_000, 4_001)[1:]:
            most = max(most, level * sum(self.target(-level)))
        return most

    @cached_property
    def cutoff(self) -> float | None:
        """The level L of the theorem, quote: deeper parts of a position never harvest their own fees.

        None: the condition of the theorem does not hold for this fee.
        """
        return self._cutoff(self._scene.fee)

    @cached_property
    def least_fee(self) -> float:
        """Lowest fee for which the condition holds, a fraction, to a hundredth of a bp."""
        low, high = 0.0, 0.1
        while high - low > 1e-6:
            middle = (low + high) / 2
            low, high = (low, middle) if self._cutoff(middle) is not None else (middle, high)
        return high

    def most(self, seconds: int, stored: float = 0.0) -> float:
        """Most that an attacker gains, quote, where the condition holds: L * (stored + rest * time)."""
        if self.cutoff is None:
            return float("inf")
        return self.cutoff * (stored + self.rest * seconds / _HOUR / _PERIOD)

    def stressed(self) -> "LayeredBound":
        """The same with the interest at its highest, as in very volatile times."""
        return LayeredBound(replace(self._p, interest=self._p.interest_max), self._scene)

    def figures(self) -> dict[str, float | None]:
        """Its numbers, for programs."""
        return {
            "cutoff": self.cutoff,
            "least_fee": self.least_fee,
            "gift": self.gift,
            "most_stored": self.most_stored,
        }

    @property
    def _caps(self) -> tuple[float, float]:
        head = self._p.kink_rate + self._p.slope_rate
        return (max(self._p.cap_longs_pay, self._p.cap_shorts_pay) - head) / WAD, head / WAD

    def _areas(self, base: float, skew: float) -> list[float]:
        values = (base, base, skew)
        parts = zip(self._weights, self._taus, values, strict=True)
        return [weight * tau * value / _PERIOD for weight, tau, value in parts]

    @cached_property
    def _harvests(self) -> Floats:
        """H per level: most area that one visit gets, whatever was before it; the better of both sides."""
        return np.array([max(self._harvest(level, 1), self._harvest(level, -1)) for level in self._levels])

    def _harvest(self, level: float, side: int) -> float:
        """From layers at their bounds, of the sign that `side` built, until the area is largest."""
        base, skew = (side * target for target in self.target(-side * level))
        top, steep = self._caps
        area: Floats = np.zeros_like(self._times)
        layers = zip(
            self._weights, self._taus, self._decays, (top, top, steep), (base, base, skew), strict=True
        )
        for weight, tau, decay, start, goal in layers:
            area += weight * (goal * self._times + (start - goal) * tau * (1 - decay))
        return float(area.max()) / _PERIOD

    @cached_property
    def _left(self) -> Floats:
        """A per level: the better of both sides."""
        return np.array([max(self.left_behind(level), self.left_behind(-level)) for level in self._levels])

    def _cutoff(self, fee: float) -> float | None:
        """Smallest level for which both conditions hold: sums lean to the side of the attacker."""
        levels, harvests = self._levels, self._harvests
        toll = 2 * fee / (1 + levels / self._scene.depth) ** 2
        widths = np.diff(levels, prepend=0.0)
        # The fee of the cells before the last, so that a position inside a cell is covered, too.
        tolls = np.concatenate([[0.0], np.cumsum(toll * widths)[:-1]])
        tolls[0] = toll[0] * levels[0]
        for first in np.flatnonzero(harvests <= toll):
            gains = np.concatenate([[0.0], harvests[:-1]]) * widths
            gains[: first + 1] = 0.0
            if np.all(levels[first] * self._left + np.cumsum(gains) <= tolls):
                return float(levels[first])
        return None
