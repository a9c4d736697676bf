"""Two days that a premium model must get right, on the files of a data folder that hold them.

1. A premium needs both prices at one moment. On 2021-05-19 the mean spot price of five minutes, against a
   perp that stands exactly at spot, makes a premium of some hundred basis points that nobody saw.
2. On 2020-03-13 and 14 BitMEX charged exactly its cap six times in a row. Nobody published the premium behind
   it, so one is made: by inverting the published rates, and in the capped hours from the smallest premium
   that reaches the cap to eight times it. What Deribit charged by the hour, inverted likewise, is the real
   series nearest to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from keel.analytics.funding_compare_folder import closes, published
from keel.analytics.funding_compare_inputs import steps
from keel.analytics.funding_compare_params import PREMIUM, CompareSettings, ModelSetting, at_once, exchange_at
from keel.analytics.funding_compare_run import run
from keel.analytics.funding_compare_series import Series, wads
from keel.model.funding import EIGHT_HOURS
from keel.units import WAD, parse_wad

_HOUR, _MINUTES = 3_600, 5
_DAY_OF_TWAP = int(datetime(2021, 5, 19, tzinfo=UTC).timestamp())
_SEEN = (_DAY_OF_TWAP + 12 * _HOUR, _DAY_OF_TWAP + 14 * _HOUR)
_BITMEX_CAP = "0.00375"
# BitMEX settles at 04:00, 12:00 and 20:00 UTC.
_BITMEX_OFFSET = 4 * _HOUR
_SATURATION = (
    int(datetime(2020, 3, 12, 4, tzinfo=UTC).timestamp()),
    int(datetime(2020, 3, 15, 20, tzinfo=UTC).timestamp()),
)


@dataclass(frozen=True, slots=True)
class SpotOnly:
    """What averaging the spot price alone does, on 2021-05-19.

    Attributes:
        lowest: Lowest false premium from 12:00 to 14:00 UTC, WAD; `highest` the highest.
        charged: By model, lowest rate that the false premium makes on that day, WAD per 8 h.
        resting: By model, lowest rate that the premium of simultaneous prices makes: zero all day.
    """

    lowest: int
    highest: int
    charged: Mapping[str, int]
    resting: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Saturation:
    """BitMEX in March 2020.

    Attributes:
        times: Settlements, Unix seconds.
        published: What BitMEX charged, WAD per 8 h.
        constructed: What the premium model charges for the made premium.
        deribit: What it charges for the premium behind Deribit's funding; empty without that file.
        cap: Its cap, WAD per 8 h.
    """

    times: tuple[int, ...]
    published: tuple[int, ...]
    constructed: tuple[int, ...]
    deribit: tuple[int, ...]
    cap: int


def spot_only(folder: Path, market: str, settings: CompareSettings) -> SpotOnly | None:
    """The first day, if the folder has the minutes of it."""
    found = closes(folder, f"{market.lower()}usdt_spot_binance_1m_*.csv*")
    if found is None or not found[0][0] <= _DAY_OF_TWAP < found[0][-1] - 16 * _HOUR:
        return None
    times, prices = tuple(found[0]), wads(found[1])
    false = [0] * len(times)
    for i in range(_MINUTES - 1, len(times)):
        false[i] = prices[i] * _MINUTES * WAD // sum(prices[i - _MINUTES + 1 : i + 1]) - WAD
    seen = [one for time, one in zip(times, false, strict=True) if _SEEN[0] < time <= _SEEN[1]]
    span = _DAY_OF_TWAP, _DAY_OF_TWAP + 16 * _HOUR
    series = Series("", times, tuple(false), (), {}).between(*span)
    calm = Series("", times, (0,) * len(times), (), {}).between(*span)
    return SpotOnly(min(seen), max(seen), _lowest(series, settings), _lowest(calm, settings))


def saturation(folder: Path, settings: CompareSettings) -> Saturation | None:
    """The second case, if the folder has BitMEX's funding."""
    charged = published(folder, "xbtusd_funding_bitmex_*.csv*", "fundingRate")
    first, last = _SATURATION
    times = range(first, last + 1, EIGHT_HOURS)
    if any(time not in charged for time in times):
        return None
    setting = exchange_at(settings.exchange, _BITMEX_CAP, _BITMEX_OFFSET)
    cap = parse_wad(_BITMEX_CAP)
    made = [
        _premium(settings, charged[time]) * (1 + hour if abs(charged[time]) >= cap else 1)
        for time in times
        for hour in range(8)
    ]
    deribit = published(folder, "btc_perp_funding_deribit_1h_*.csv*", "interest_1h")
    # The rate of an hour is stamped with its end; the premium behind it held before.
    hours = range(first - EIGHT_HOURS + _HOUR, last + 1, _HOUR)
    real = [_premium(settings, deribit[hour] * 8) for hour in hours] if hours[0] in deribit else []
    return Saturation(
        tuple(times),
        tuple(charged[time] for time in times),
        _charged(setting, made, first - EIGHT_HOURS, settings),
        _charged(setting, real, first - EIGHT_HOURS, settings) if real else (),
        cap,
    )


def _lowest(series: Series, settings: CompareSettings) -> dict[str, int]:
    inputs = steps(series, settings, 0)
    models = (at_once(settings.exchange), *settings.models)
    return {one.name: min(run(one, inputs, 0).rates) for one in models}


def _premium(settings: CompareSettings, rate: int) -> int:
    """A premium for which the dampened form charges a rate, inside the caps; WAD."""
    interest, deadzone = parse_wad(settings.exchange.interest), parse_wad(settings.exchange.deadzone)
    if rate == interest:
        return interest
    return rate + deadzone if rate > interest else rate - deadzone


def _charged(
    setting: ModelSetting, premiums: list[int], start: int, settings: CompareSettings
) -> tuple[int, ...]:
    """What hourly premiums from `start` on cost at each settlement."""
    times = tuple(start + _HOUR * i for i in range(len(premiums) + 1))
    series = Series(PREMIUM, times, (*premiums, premiums[-1]), (), {})
    return run(setting, steps(series, settings, _BITMEX_OFFSET), _BITMEX_OFFSET).paid
