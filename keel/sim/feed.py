"""The simulated Chainlink aggregator: the world outside publishes, and sometimes fails."""

from dataclasses import dataclass

from keel.sdk.protocol import Protocol
from keel.sim.candles import PRICE_DECIMALS
from keel.sim.paths import Step
from keel.units import rescale


@dataclass(frozen=True, slots=True)
class Outage:
    """A stretch in which every read of the feed reverts; seconds since 1970 UTC, the end excluded."""

    start: int
    end: int

    def covers(self, time: int) -> bool:
        """Whether the feed is down at that time."""
        return self.start <= time < self.end


class SimulatedFeed:
    """Publishes each step of a path on a local market's aggregator.

    Args:
        protocol: Deployed protocol; the market's aggregator must be one that anyone sets.
        market: Market id.
        outage: When it fails.
        sender: Address that publishes.
    """

    def __init__(self, protocol: Protocol, market: int, outage: Outage, sender: str) -> None:
        self._chain = protocol.chain
        self._aggregator = protocol.market_contracts(market).aggregators[0]
        self._decimals: int = self._chain.call(self._aggregator, "decimals")
        self._outage, self._sender = outage, sender
        self._broken = False

    def publish(self, step: Step) -> bool:
        """Publish the step's price, or fail; tells whether the feed is up."""
        down = self._outage.covers(step.time)
        if down != self._broken:
            self._chain.send(self._aggregator, "setBroken", down, sender=self._sender)
            self._broken = down
        if not down:
            answer = rescale(step.price, PRICE_DECIMALS, self._decimals, "floor")
            self._chain.send(self._aggregator, "set", answer, sender=self._sender)
        return not down
