"""Who may be liquidatable: a screen over what was read last, then the core's own word.

Reading five hundred accounts after every price would be most of the work. Positions change only when they
are liquidated, so between two full reads an account can only become unhealthy by an adverse move, by funding,
which is capped, or by growing maintenance. An account whose margin covers all of that is not asked.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keel.sim.stress.world import World
from keel.units import WAD

# Everybody is read again after this time, or after a move of the index beyond this part.
_EVERY = 900
_MOVE = 0.03
# How much maintenance may grow meanwhile, through brackets and multipliers.
_GROWTH = 1.2


@dataclass(slots=True)
class _Rows:
    """Accounts as read last: side, and the adverse move that it takes at least to make each unhealthy."""

    side: NDArray[np.float64]
    distance: NDArray[np.float64]


class Watch:
    """The open accounts of one market.

    Args:
        world: Where they are.
        market: Market id.
        ids: Their ids.
        screen: Whether to screen; without it everybody is asked after every price.
    """

    def __init__(self, world: World, market: int, ids: Iterable[int], *, screen: bool = True) -> None:
        self._world, self._market, self._screen = world, market, screen
        self.ids = list(ids)
        self._cap = world.funding_cap(market)
        self._rows = _Rows(np.zeros(0), np.zeros(0))
        self._read_at = self._read_index = 0

    def weak(self, index: int) -> list[int]:
        """Accounts below maintenance at the stored price, by the core's own word.

        Args:
            index: The stored price, WAD.
        """
        near = self._near(index) if self._screen else self.ids
        return [account for account, ratio in self._world.margin_ratios(near).items() if ratio < WAD]

    def touched(self) -> None:
        """Something was liquidated: read everybody before the next answer."""
        self._read_index = 0

    def read(self, index: int) -> list[Any]:
        """Read everybody; gives the views of the accounts that still hold a position.

        Args:
            index: The stored price, WAD.
        """
        views = [view for view in self._world.accounts(self.ids) if view.positions]
        self.ids = [view.id for view in views]
        sizes = np.array([view.positions[0].position.size / WAD for view in views])
        value = np.abs(sizes) * (index / WAD)
        equity = np.array([view.health.equity / WAD for view in views])
        maintenance = np.array([view.health.maintenance / WAD for view in views])
        self._rows = _Rows(np.sign(sizes), (equity - _GROWTH * maintenance) / np.maximum(value, 1e-9))
        self._read_at, self._read_index = self._world.time, index
        return views

    def _near(self, index: int) -> list[int]:
        elapsed = self._world.time - self._read_at
        if not self._read_index or elapsed > _EVERY or abs(index / self._read_index - 1) > _MOVE:
            self.read(index)
            elapsed = 0
        adverse = -self._rows.side * (index / self._read_index - 1)
        near = adverse + self._cap * elapsed >= self._rows.distance
        return [self.ids[place] for place in np.flatnonzero(near)]
