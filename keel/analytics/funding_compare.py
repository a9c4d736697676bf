"""All funding models over one series of premiums: what each would have charged, what an exchange did."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from keel.analytics.funding_compare_cases import Saturation, SpotOnly, saturation, spot_only
from keel.analytics.funding_compare_folder import fine_series, read_folder
from keel.analytics.funding_compare_inputs import steps
from keel.analytics.funding_compare_params import CompareSettings
from keel.analytics.funding_compare_run import Follow, Run, run
from keel.analytics.funding_compare_series import Series, read_series
from keel.analytics.funding_compare_stats import Figures, figures
from keel.analytics.funding_compare_windows import WINDOWS, Replay, finest, replay
from keel.errors import DataError
from keel.model.funding import EIGHT_HOURS, FundingInput
from keel.units import parse_wad

PUBLISHED = "published"


@dataclass(frozen=True, slots=True)
class Sources:
    """What a comparison reads.

    Attributes:
        series: The premiums that are compared.
        fine: Finer series that cover a crash or two.
        folder: Where the series are from; None for a file of one's own.
    """

    series: Series
    fine: tuple[Series, ...] = ()
    folder: Path | None = None

    def between(self, start: int | None, end: int | None) -> Self:
        """The compared series cut to times from `start` to `end`, Unix seconds; None is unbounded."""
        return replace(self, series=self.series.between(start, end))


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came out.

    Attributes:
        market: Base currency.
        series: The premiums.
        settings: Parameters.
        runs: By model, and `PUBLISHED` where something is.
        figures: The same, as statistics.
        replays: The crashes that the series covers.
        spot_only: The case of 2021-05-19, if the folder has it.
        saturation: The case of March 2020, if the folder has it.
    """

    market: str
    series: Series
    settings: CompareSettings
    runs: Mapping[str, Run]
    figures: Mapping[str, Figures]
    replays: tuple[Replay, ...]
    spot_only: SpotOnly | None
    saturation: Saturation | None


def file_source(path: Path) -> Sources:
    """A file with columns time, premium (or perp and spot), and published where it is known."""
    return Sources(read_series(path))


def folder_source(folder: Path, market: str) -> Sources:
    """A folder of an exchange's candles and funding rates."""
    return Sources(read_folder(folder, market), tuple(fine_series(folder, market)), folder)


def compare(
    sources: Sources,
    market: str,
    settings: CompareSettings,
    follow: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Run every model and measure it.

    Args:
        sources: What to read.
        market: Base currency.
        settings: Parameters of the models.
        follow: Is told the steps done and the steps in all.

    Raises:
        DataError: The series has no whole 8-hour window, or its published rates settle at other times.
    """
    series, offset = sources.series, settings.exchange.offset_seconds
    inputs = steps(series, settings, offset)
    candidates = [series, *(replace(fine, published=series.published) for fine in sources.fine)]
    windows = [(window, finest(window, candidates)) for window in WINDOWS if window.covered(series)]
    replayed = [(window, fine, steps(fine, settings, offset)) for window, fine in windows]
    total = len(settings.models) * sum(map(len, [inputs, *(crash for _, _, crash in replayed)]))
    told = _Progress(total, follow)
    runs = _runs(series, inputs, settings, told)
    if not runs[settings.models[0].name].settled:
        raise DataError(f"{series.source} has no whole window of 8 hours", "give a longer series")
    replays = tuple(
        replay(window, fine, _runs(fine, crash, settings, told)) for window, fine, crash in replayed
    )
    return Comparison(
        market=market,
        series=series,
        settings=settings,
        runs=runs,
        figures={name: figures(one, _others(name, series), replays) for name, one in runs.items()},
        replays=replays,
        spot_only=spot_only(sources.folder, market, settings) if sources.folder else None,
        saturation=saturation(sources.folder, settings) if sources.folder else None,
    )


class _Progress:
    """Counts steps."""

    def __init__(self, total: int, follow: Callable[[int, int], None] | None) -> None:
        self._done, self._total, self._follow = 0, total, follow

    def __call__(self, steps_done: int) -> None:
        self._done += steps_done
        if self._follow:
            self._follow(self._done, self._total)


def _runs(
    series: Series, inputs: Sequence[FundingInput], settings: CompareSettings, told: Follow
) -> dict[str, Run]:
    offset = settings.exchange.offset_seconds
    runs = {one.name: run(one, inputs, offset, told) for one in settings.models}
    charged = _published(series, settings)
    return runs if charged is None else {PUBLISHED: charged, **runs}


def _published(series: Series, settings: CompareSettings) -> Run | None:
    """What the exchange charged, as if it were a model; None where nothing is published."""
    if not series.published:
        return None
    offset, first = settings.exchange.offset_seconds, series.times[0] + EIGHT_HOURS
    times = tuple(t for t in sorted(series.published) if (t - offset) % EIGHT_HOURS == 0 and t >= first)
    if not times:
        raise DataError(
            f"{series.source}: no rate is published at 00:00, 08:00 or 16:00 UTC plus {offset} seconds",
            "set offset_seconds below [premium] in a --params file",
        )
    rates = tuple(series.published[time] for time in times)
    exchange = settings.exchange
    caps = parse_wad(exchange.cap_longs_pay), parse_wad(exchange.cap_shorts_pay)
    interests = (parse_wad(exchange.interest),) * len(times)
    return Run(PUBLISHED, times, rates, interests, caps, times, rates)


def _others(name: str, series: Series) -> Mapping[int, int]:
    """What a run is compared with: the published rates, which are not compared with themselves."""
    return {} if name == PUBLISHED else series.published
