"""What a closed loop is made of: a funding model, a crowd, arbitrageurs.

Premiums and rates are WAD, rates per 8 h; gains and speeds are per hour.
"""

from dataclasses import dataclass

from keel.config.funding import AnyFunding, PremiumSettings
from keel.errors import ConfigError
from keel.units import BPS, WAD

HOUR = 3_600
BP = WAD // BPS
#: The premium is anchored where it is no further than this from the index.
BAND = 10 * BP

_LONGEST_HOURS = 24 * 90
_INTERVALS = ("interval", "weighted_interval")


@dataclass(frozen=True, slots=True)
class Crowd:
    """Traders who do not care about funding, by what they do to the premium, WAD.

    Attributes:
        shock: Premium at the beginning.
        push: A one-sided crowd's purchases, premium per hour; negative: sales.
        noise: Largest random move over an hour, of moves that grow with the root of time.
        reversion: Part of the premium that disappears by itself, per hour.
    """

    shock: int = 0
    push: int = 0
    noise: int = 0
    reversion: int = 0


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """One run of the loop.

    Attributes:
        name: What people call the funding model.
        funding: The funding model.
        crowd: The crowd.
        gain: Gain of arbitrage: an hour of rate r above the interest draws gain * r off the premium, WAD.
        touch_seconds: Time between two touches of the market, at which everybody trades.
        hours: Length of the run.
        seed: Seed of the noise.
        latency: Touches between seeing a rate and trading on it.
        foresight: Whether arbitrageurs trade on the rate of the moment also where an interval pays at its
            end; without, they trade on what the last interval paid.
    """

    name: str
    funding: AnyFunding
    crowd: Crowd
    gain: int
    touch_seconds: int = 300
    hours: int = 48
    seed: int = 7
    latency: int = 1
    foresight: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.touch_seconds <= HOUR:
            raise ConfigError(f"touches every {self.touch_seconds} s", f"give 1 to {HOUR}")
        if not 1 <= self.hours <= _LONGEST_HOURS:
            raise ConfigError(f"{self.hours} hours", f"give 1 to {_LONGEST_HOURS}")
        if self.gain < 0 or self.latency < 0:
            raise ConfigError("a negative gain or latency", "give zero or more")

    @property
    def touches(self) -> int:
        """How often the market is touched."""
        return self.hours * HOUR // self.touch_seconds

    @property
    def window(self) -> int:
        """Length of the interval whose payment arbitrageurs trade on, seconds; 0: it is the rate now."""
        f = self.funding
        held = isinstance(f, PremiumSettings) and f.smoothing in _INTERVALS and not self.foresight
        return f.smoothing_seconds if held and isinstance(f, PremiumSettings) else 0
