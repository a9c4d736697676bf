"""The funding designs that are attacked, each with the parameters of its source."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from keel.config.funding import AdaptiveSettings, AnyFunding, PremiumSettings, load_funding
from keel.errors import ConfigError
from keel.units import parse_wad

DEFAULT = "layered"
EIGHT_HOURS = 28_800

_INTERVALS = ("interval", "weighted_interval")
_DYDX_CAP = "0.0075"
# Half the depth of the market under attack (400 base): the skew scale at which Synthetix's own premium,
# skew / skewScale, is as steep as Keel's curve.
_SKEW_SCALE = "200"


@dataclass(frozen=True, slots=True)
class Suspect:
    """A funding design under attack.

    Attributes:
        name: What commands and tables call it.
        design: Whose it is, and what its rate does.
        funding: Model and parameters.
    """

    name: str
    design: str
    funding: AnyFunding

    @property
    def cap(self) -> int:
        """Most that either side pays, WAD per 8 h."""
        funding = self.funding
        if isinstance(funding, AdaptiveSettings):
            return parse_wad(funding.rate_max)
        return parse_wad(max(funding.cap_longs_pay, funding.cap_shorts_pay))

    @property
    def interval(self) -> int:
        """Length of an interval that pays once, at its end, seconds; 0 where funding runs all the time."""
        funding = self.funding
        if isinstance(funding, PremiumSettings) and funding.smoothing in _INTERVALS:
            return funding.smoothing_seconds
        return 0

    def payable(self, start: int, end: int) -> int:
        """Seconds of funding that an accrual from `start` to `end` (seconds since 1970) can charge."""
        if self.interval == 0:
            return end - start
        return (end // self.interval - start // self.interval) * self.interval


@dataclass(frozen=True, slots=True)
class _Design:
    design: str
    preset: str
    changes: Mapping[str, str | int] = field(default_factory=dict)


_DESIGNS: Mapping[str, _Design] = MappingProxyType(
    {
        "layered": _Design("Keel's own, as shipped", "layered"),
        "premium-spot": _Design(
            "Binance's formula of the premium at every moment, charged at every moment",
            "premium",
            {"smoothing": "spot"},
        ),
        "premium-exponential": _Design("the same of the premium's 1 h average", "premium-exponential"),
        "premium-slew": _Design(
            "dYdX v1: the rate follows at limited speed, from cap to cap in 45 minutes",
            "premium",
            {
                "smoothing": "slew",
                "smoothing_seconds": 2_700,
                "cap_longs_pay": _DYDX_CAP,
                "cap_shorts_pay": _DYDX_CAP,
            },
        ),
        "premium-slew-day": _Design(
            "the same in a day",
            "premium",
            {
                "smoothing": "slew",
                "smoothing_seconds": 86_400,
                "cap_longs_pay": _DYDX_CAP,
                "cap_shorts_pay": _DYDX_CAP,
            },
        ),
        "premium-interval": _Design(
            "BitMEX: the average of 8 h, paid by the positions held at its end",
            "premium",
            {"smoothing": "interval"},
        ),
        "premium-weighted": _Design("Binance: the same, later samples weigh more", "premium"),
        "velocity": _Design(
            "Synthetix v2: the rate drifts with the skew, without cap or leak",
            "velocity",
            {"skew_scale": _SKEW_SCALE},
        ),
        "velocity-deadband": _Design(
            "Synthetix BFP: the same, at rest below 1 % of full skew",
            "velocity",
            {"skew_scale": _SKEW_SCALE, "deadband": "0.01"},
        ),
        "velocity-leak": _Design(
            "the same without dead band, capped, leaking in a day",
            "velocity",
            {
                "skew_scale": _SKEW_SCALE,
                "leak_seconds": 86_400,
                "cap_longs_pay": _DYDX_CAP,
                "cap_shorts_pay": _DYDX_CAP,
            },
        ),
        "adaptive": _Design(
            "GMX v2: the rate rises while the sides differ; but here the pool pays what is missing",
            "adaptive",
        ),
    }
)
NAMES = tuple(_DESIGNS)


def load_suspect(name: str) -> Suspect:
    """A design by name.

    Raises:
        ConfigError: None has that name.
    """
    if name not in _DESIGNS:
        raise ConfigError(f"no design is called {name!r}", f"use all, or one of {', '.join(NAMES)}")
    found = _DESIGNS[name]
    return Suspect(name, found.design, load_funding(found.preset, changes=found.changes))
