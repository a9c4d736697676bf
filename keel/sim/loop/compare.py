"""A model in the loop, twice: alone with a shock, and against a crowd, with its funding and without."""

from dataclasses import dataclass

from keel.config.funding import AnyFunding
from keel.sim.loop.critical import critical_gain
from keel.sim.loop.entrants import declared_gain, off
from keel.sim.loop.measure import Measures, measure
from keel.sim.loop.run import LoopRecord, run_loop
from keel.sim.loop.settings import BP, Crowd, LoopSettings
from keel.units import WAD

#: Nothing but arbitrage and funding: what the loop does by itself.
SHOCK = Crowd(shock=200 * BP)
#: Buyers who push and trades at random, and the slowest reversion of a real basis (half-life 77 minutes).
CROWD = Crowd(shock=100 * BP, push=10 * BP, noise=15 * BP, reversion=54 * WAD // 100)


@dataclass(frozen=True, slots=True)
class Terms:
    """What all models of a comparison share.

    Attributes:
        gain: Gain of arbitrage, per hour, WAD; None takes each set's own.
        touch_seconds: Time between touches.
        hours: Length of every run.
        seed: Seed of the crowd's noise.
    """

    gain: int | None = None
    touch_seconds: int = 300
    hours: int = 72
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the loop did with one model.

    Attributes:
        alone: After a shock, without a crowd.
        crowd: Against the crowd.
        without: Against the same crowd, without funding.
        critical: Gain at which linear theory sees swings that do not fade, per hour; see `critical_gain`.
    """

    alone: LoopRecord
    crowd: LoopRecord
    without: LoopRecord
    critical: float | None

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.alone.settings.name

    @property
    def gain(self) -> float:
        """Gain of arbitrage, per hour."""
        return self.alone.settings.gain / WAD

    @property
    def measures(self) -> tuple[Measures, Measures, Measures]:
        """Of the run alone, against the crowd, and without funding."""
        return measure(self.alone), measure(self.crowd), measure(self.without)


def play(name: str, funding: AnyFunding, terms: Terms) -> Outcome:
    """Run one model; the same terms give the same outcome."""
    gain = declared_gain(funding) if terms.gain is None else terms.gain

    def settings(crowd: Crowd, model: AnyFunding = funding) -> LoopSettings:
        return LoopSettings(name, model, crowd, gain, terms.touch_seconds, terms.hours, terms.seed)

    alone = run_loop(settings(SHOCK))
    return Outcome(
        alone,
        run_loop(settings(CROWD)),
        run_loop(settings(CROWD, off())),
        critical_gain(alone.settings, alone.depth),
    )
