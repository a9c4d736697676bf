"""The price keeper: pushes what the feed says into the market, and says when the feed is dead."""

from dataclasses import dataclass

from keel.keepers.actions import Accrue, Action, UpdatePrice
from keel.keepers.snapshot import Snapshot
from keel.model.validity import Defect
from keel.units import BPS


@dataclass(frozen=True, slots=True)
class PriceKeeper:
    """Updates on a deviation, an age or a doubt, and accrues funding while the feed is silent.

    A doubt is reported at once, so that nobody opens at a price that may be wrong and funding waits in
    escrow; so is its end, which decides what becomes of that funding.

    A feed that fails is not reported at once: `updatePrice` would mark the price invalid, which also stops
    reductions and liquidations, and a hiccup is not worth that. Once the price is so old that the age alone
    forbids them, reporting costs nobody anything.

    Attributes:
        deviation_bps: Move of the feed against the stored index that is pushed at once.
        max_age: Age of the stored price from which a usable answer is pushed, seconds.
        report_factor: Multiple of the market's stale limit after which a failing feed is reported.
    """

    deviation_bps: int = 5
    max_age: int = 45
    report_factor: int = 2

    def decide(self, seen: Snapshot) -> list[Action]:
        """What to do now; nothing twice in a block."""
        market = seen.market
        if seen.price_age <= 0:
            return []
        if not seen.feed_flags & Defect.INVALID:
            moved = abs(seen.feed_price - market.index) * BPS >= market.index * self.deviation_bps
            doubted = bool(seen.feed_flags & Defect.UNCERTAIN) or market.flags != 0
            due = moved or seen.price_age >= self.max_age or doubted
            return [UpdatePrice(market.id)] if due else []
        unreported = not market.flags & Defect.INVALID
        if unreported and seen.price_age > self.report_factor * market.stale_seconds:
            return [UpdatePrice(market.id)]
        return [Accrue(market.id)]
