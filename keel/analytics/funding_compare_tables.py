"""The figures of a comparison as text: rows for terminal and page, and an object for programs."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from keel.analytics.funding_compare import Comparison
from keel.analytics.funding_compare_cases import Saturation, SpotOnly
from keel.analytics.funding_compare_stats import WindowFigures
from keel.analytics.funding_compare_windows import HORIZON
from keel.units import BPS, WAD

MODEL_HEAD = ("model", "mean", "sd", "at interest", "at cap", "correlation", "mean error")
NONE = "–"


@dataclass(frozen=True, slots=True)
class CrashTable:
    """A table for people.

    Attributes:
        title: What it shows, with the unit.
        note: How it is measured.
        head: Names of the columns.
        rows: Cells, one row per crash.
    """

    title: str
    note: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def model_rows(comparison: Comparison) -> Iterator[tuple[str, ...]]:
    """Rates in bp per 8 h, shares in percent of all 8-hour windows."""
    for one in comparison.figures.values():
        yield (
            one.name,
            f"{one.mean:.2f}",
            f"{one.sd:.2f}",
            NONE if one.at_interest is None else f"{one.at_interest * 100:.1f} %",
            f"{one.at_cap * 100:.2f} %",
            NONE if one.correlation is None else f"{one.correlation:.3f}",
            NONE if one.error is None else f"{one.error:.2f}",
        )


def crash_tables(comparison: Comparison) -> Iterator[CrashTable]:
    """What crashes did: a row for each, a column for each model."""
    if not comparison.replays:
        return
    hours = HORIZON // 3600
    for title, note, show in (
        ("Cost of five days, bp", "What a long paid in all, of notional.", lambda one: f"{one.cost:.1f}"),
        ("Lowest 8 hours, bp", "Lowest mean rate of a window.", lambda one: f"{one.lowest_paid:.2f}"),
        ("Lowest rate in force, bp per 8 h", "At any sample.", lambda one: f"{one.lowest:.2f}"),
        (
            "Lag, minutes",
            f"From the extreme of the basis to the rate's own, within {hours} h; to one sample.",
            _lag,
        ),
    ):
        yield CrashTable(title, note, ("crash", *comparison.figures), tuple(_crash_rows(comparison, show)))


def _crash_rows(comparison: Comparison, show: Callable[[WindowFigures], str]) -> Iterator[tuple[str, ...]]:
    for crash in comparison.replays:
        name = crash.window.name
        found = (one.windows.get(name) for one in comparison.figures.values())
        yield (name, *(NONE if one is None else show(one) for one in found))


def _lag(one: WindowFigures) -> str:
    return f"> {HORIZON // 60}" if one.lag_minutes is None else f"{one.lag_minutes:.0f}"


def summary(comparison: Comparison) -> dict[str, Any]:
    """Everything for programs: rates in bp per 8 h, shares as fractions, times as Unix seconds."""
    series, settings = comparison.series, comparison.settings
    return {
        "source": series.source,
        "market": comparison.market,
        "from": series.times[0],
        "to": series.times[-1],
        "samples": len(series.times),
        "sample_seconds": series.interval,
        "gaps": series.gaps,
        "models": {name: asdict(one) for name, one in comparison.figures.items()},
        "crashes": {
            crash.window.name: {
                "from": crash.window.start,
                "to": crash.window.end,
                "basis_extreme": _bp(crash.extreme),
                "basis_extreme_at": crash.extreme_at,
                "lags_from": crash.series.source,
                "lag_resolution_minutes": crash.series.interval / 60,
            }
            for crash in comparison.replays
        },
        "spot_only_twap": _spot_only(comparison.spot_only),
        "saturation": _saturation(comparison.saturation),
        "parameters": {
            "skew": settings.skew.model_dump(mode="json"),
            **{one.name: one.settings.model_dump(mode="json") for one in settings.models},
        },
    }


def day(time: int) -> str:
    """Date, UTC."""
    return datetime.fromtimestamp(time, UTC).strftime("%d %b %Y")


def minute(time: int) -> str:
    """Date and time of day, UTC."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M")


def bp(rate: int) -> str:
    """WAD in basis points with two decimals."""
    return f"{_bp(rate):.2f}"


def _bp(rate: int) -> float:
    return rate * BPS / WAD


def _bps(rates: Mapping[str, int]) -> dict[str, float]:
    return {name: _bp(rate) for name, rate in rates.items()}


def _spot_only(case: SpotOnly | None) -> dict[str, Any] | None:
    if case is None:
        return None
    return {
        "false_premium": [_bp(case.lowest), _bp(case.highest)],
        "lowest_rate": _bps(case.charged),
        "lowest_rate_synchronous": _bps(case.resting),
    }


def _saturation(case: Saturation | None) -> dict[str, Any] | None:
    if case is None:
        return None
    return {
        "cap": _bp(case.cap),
        "settlements": list(case.times),
        "bitmex": [_bp(rate) for rate in case.published],
        "constructed": [_bp(rate) for rate in case.constructed],
        "deribit": [_bp(rate) for rate in case.deribit],
    }
