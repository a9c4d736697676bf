"""The carry trade: a perp here against spot outside, so that funding is all that is left.

Buy spot and sell the perp where longs pay, sell borrowed spot and buy the perp where shorts pay. The costs
of a round trip (fees and slippage of both legs, part of the notional) must come back out of funding: 20 bp
over 7 days need 20 / 21 = 0.95 bp per 8 h.
"""

from dataclasses import dataclass

from keel.keepers.actions import Action, Trade
from keel.sim.agents import View
from keel.units import RAY, WAD

EIGHT_HOURS = 28_800
_YEAR = 365 * 86_400


def break_even_rate(cost: int, seconds: int) -> int:
    """Rate per 8 h that pays for a round trip, WAD, ceil.

    Args:
        cost: Of the round trip, part of the notional, WAD.
        seconds: How long the position is held.
    """
    return -(-cost * EIGHT_HOURS // seconds)


def realised_yield(before: int, after: int, index: int, seconds: int) -> int:
    """What a short earned on its notional over a window, WAD per year, simple, floor; negative: it paid.

    Args:
        before: Net funding index (longs paid less shorts paid) at the beginning, RAY quote per base.
        after: The same at the end.
        index: Index price of the notional, WAD.
        seconds: Length of the window.
    """
    return (after - before) * WAD * WAD * _YEAR // (RAY * index * seconds)


@dataclass(frozen=True, slots=True)
class CarryDesk:
    """Opens while the rate pays for the round trip, and leaves when the position has begun to pay instead.

    Its spot leg is the opposite of its position, at the index of the same moment.

    Attributes:
        account: Account id.
        size: Base of either leg, WAD.
        cost: Of a round trip of both legs, part of the notional, WAD.
        seconds: How long it means to hold.
        borrow: Cost of borrowing spot to sell it, WAD per 8 h.
    """

    account: int
    size: int
    cost: int
    seconds: int
    borrow: int = 0

    def decide(self, view: View) -> list[Action]:
        """See Agent."""
        me = view.account
        if me is None or me.id != self.account:
            return []
        if me.size:
            earned = view.market.rate if me.size < 0 else -view.market.rate - self.borrow
            return [self._trade(view, -me.size)] if earned < 0 else []
        needed = break_even_rate(self.cost, self.seconds)
        if view.market.rate >= needed:
            return [self._trade(view, -self.size)]
        if -view.market.rate - self.borrow >= needed:
            return [self._trade(view, self.size)]
        return []

    def _trade(self, view: View, size: int) -> Trade:
        """No further from the index than half of the round trip's cost; beyond it the carry is gone."""
        slack = self.cost // 2 if size > 0 else -self.cost // 2
        return Trade(self.account, view.market.id, size, view.market.index * (WAD + slack) // WAD)
