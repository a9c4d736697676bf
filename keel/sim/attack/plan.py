"""A strategy as data: who trades what when. Nothing here knows a chain.

Sizes are bps of the pool's first equity, at the index: 100 of a pool of a million is a position of 10,000
quote. Positive is long.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

#: Not the attacker: traders whose behaviour is given.
HONEST = -1
#: Somebody stores a price at least this often: the heartbeat of the market under attack. Longer than the
#: preset's hour, so that plans of weeks play quickly; what accrues does not depend on it.
HEARTBEAT = 14_400


@dataclass(frozen=True, slots=True)
class Order:
    """One trade.

    Attributes:
        at: Seconds after the plan began.
        who: Number of one of the attacker's accounts, from 0, or HONEST.
        size: What is bought (positive) or sold, bps of pool equity.
    """

    at: int
    who: int
    size: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A strategy; all positions are closed by its last orders.

    Attributes:
        family: Kind of strategy.
        knobs: What it was made of.
        orders: Trades in the order of time.
        start: Seconds after a funding boundary (00:00, 08:00 or 16:00 UTC) at which it begins.
        touch: Longest time between two touches of the market, seconds; 0: nobody touches it but the traders.
    """

    family: str
    knobs: Mapping[str, int]
    orders: tuple[Order, ...]
    start: int = 0
    touch: int = HEARTBEAT

    @property
    def seconds(self) -> int:
        """Time from the attacker's first order to the last one."""
        times = [order.at for order in self.orders if order.who != HONEST]
        return times[-1] - times[0] if times else 0


def path(who: int, start: int, legs: Iterable[tuple[int, int]]) -> list[Order]:
    """Trades of one account through a sequence of positions, and out.

    Args:
        who: The account.
        start: When the first position is taken.
        legs: Position (bps of pool equity) and how long it is held, seconds.
    """
    orders, held, at = [], 0, start
    for position, seconds in (*legs, (0, 0)):
        if position != held:
            orders.append(Order(at, who, position - held))
        held, at = position, at + seconds
    return orders


def in_order(*parts: Sequence[Order]) -> tuple[Order, ...]:
    """Trades of several accounts by time, then in the order of the arguments; empty ones are left out."""
    orders = (order for part in parts for order in part if order.size != 0)
    return tuple(sorted(orders, key=lambda order: order.at))
