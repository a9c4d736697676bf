"""One run of the loop: at every touch the funding is accrued, then the crowd trades, then arbitrage."""

from dataclasses import dataclass

from keel.sim.loop.market import ARBITRAGE, CROWD, LoopMarket, Reading
from keel.sim.loop.people import Arbitrageurs, CrowdTraders
from keel.sim.loop.settings import HOUR, LoopSettings
from keel.units import WAD


@dataclass(frozen=True, slots=True)
class LoopRecord:
    """What happened.

    Attributes:
        settings: The run.
        readings: The market at every touch, before the trades of that touch; the first after the shock.
        depth: Depth of the curve, base.
        turnover: Base that arbitrageurs traded, WAD.
        result: What arbitrageurs gained, quote WAD: funding and premium, less fees.
    """

    settings: LoopSettings
    readings: tuple[Reading, ...]
    depth: float
    turnover: int
    result: int

    @property
    def hours(self) -> list[float]:
        """Time of every reading, hours since the first."""
        start = self.readings[0].time
        return [(reading.time - start) / HOUR for reading in self.readings]

    @property
    def premiums(self) -> list[float]:
        """Premium of every reading, as a fraction."""
        return [reading.premium / WAD for reading in self.readings]


def run_loop(settings: LoopSettings) -> LoopRecord:
    """Run on a fresh chain in this process; the same settings give the same record."""
    market = LoopMarket(settings.funding)
    crowd = CrowdTraders(settings.crowd, settings.touch_seconds, settings.seed)
    arbitrage = Arbitrageurs(settings)
    margin = _equity(market)
    market.move(CROWD, settings.crowd.shock)
    readings, turnover = [market.read()], 0
    for _ in range(settings.touches):
        reading = market.touch(settings.touch_seconds)
        readings.append(reading)
        market.move(CROWD, crowd.wants(reading.premium))
        turnover += abs(market.move(ARBITRAGE, arbitrage.wants(reading)))
    return LoopRecord(settings, tuple(readings), market.depth / WAD, turnover, _equity(market) - margin)


def _equity(market: LoopMarket) -> int:
    equity: int = market.protocol.account(market.account_ids[ARBITRAGE]).health.equity
    return equity
