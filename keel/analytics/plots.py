"""The plots of a day: small multiples over one time axis, the feed's outage shaded in all of them."""

from collections.abc import Callable, Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from keel.analytics.figures import (
    BLUE,
    GREEN,
    GRID,
    INK,
    MUTED,
    ORANGE,
    RED,
    VIOLET,
    clock_axis,
    draw,
    moment,
)
from keel.analytics.record import DayRecord, Sample
from keel.analytics.tables import TIERS
from keel.model.validity import Validity
from keel.units import BPS, WAD

_WIDE, _HALF, _HEIGHT = 12.6, 6.2, 2.15
_TIER_MARKS = {1: ("v", GREEN), 2: ("s", ORANGE), 3: ("X", RED)}
_VALIDITY_COLOURS = {
    Validity.VALID: GREEN,
    Validity.STALE10: "#c9b13b",
    Validity.SHORT_TWAP: BLUE,
    Validity.STALE60: ORANGE,
    Validity.UNCERTAIN: BLUE,
    Validity.VOLATILE: VIOLET,
    Validity.SEQUENCER_GRACE: BLUE,
    Validity.INVALID: RED,
}
_RATIO_RANGE = (0.25, 60.0)


def all_plots(record: DayRecord) -> Mapping[str, str]:
    """Every plot as an SVG element, by name."""
    plots: Mapping[str, tuple[str, float, float, Callable[[Figure, DayRecord], None]]] = {
        "prices": ("Index, mark and TWAP; validity of the price", _WIDE, 3.3, _prices),
        "ratios": ("Margin ratios and liquidations", _WIDE, 2.9, _ratios),
        "premium": ("Premium of mark over index", _HALF, _HEIGHT, _premium),
        "rate": ("Funding rate, its layers and its interest", _HALF, _HEIGHT, _rate),
        "net_index": ("Cumulative funding per base", _HALF, _HEIGHT, _net_index),
        "interest": ("Open interest", _HALF, _HEIGHT, _interest),
        "utilization": ("Pool utilization", _HALF, _HEIGHT, _utilization),
        "earned": ("What the pool earned", _HALF, _HEIGHT, _earned),
        "insurance": ("Insurance", _HALF, _HEIGHT, _insurance),
        "sigma": ("Volatility seen by the oracle", _HALF, _HEIGHT, _sigma),
    }
    return {
        name: draw(title, width, height, lambda figure, paint=paint: paint(figure, record))  # type: ignore[misc]
        for name, (title, width, height, paint) in plots.items()
    }


def _times(record: DayRecord) -> list[float]:
    return [moment(sample.time) for sample in record.samples]


def _series(record: DayRecord, pick: Callable[[Sample], int], unit: float = 1.0) -> list[float]:
    return [pick(sample) / WAD * unit for sample in record.samples]


def _axes(figure: Figure, record: DayRecord, label: str) -> Axes:
    axes = figure.add_subplot()
    _furnish(axes, record, label)
    return axes


def _furnish(axes: Axes, record: DayRecord, label: str) -> None:
    axes.set_ylabel(label)
    start, end = record.origin.outage
    axes.axvspan(moment(start), moment(end), color=MUTED, alpha=0.13, linewidth=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    clock_axis(axes)


def _legend(axes: Axes, columns: int = 4) -> None:
    axes.legend(loc="lower left", bbox_to_anchor=(0, 0.98), ncols=columns, borderaxespad=0, handlelength=1.4)


def _prices(figure: Figure, record: DayRecord) -> None:
    top, strip = figure.subplots(2, 1, sharex=True, height_ratios=(9, 1))
    times = _times(record)
    _furnish(top, record, "quote per base")
    top.plot(
        times,
        _series(record, lambda s: s.outside),
        color=MUTED,
        linewidth=0.7,
        linestyle=":",
        label="outside",
    )
    top.plot(times, _series(record, lambda s: s.twap), color=GREEN, label="TWAP, 5 min")
    top.plot(times, _series(record, lambda s: s.mark), color=ORANGE, label="mark")
    top.plot(times, _series(record, lambda s: s.index), color=BLUE, label="index")
    _legend(top)
    strip.set_yticks([])
    strip.grid(visible=False)
    strip.set_ylabel("validity", rotation=0, ha="right", va="center")
    for start, end, validity in _stretches(record.samples):
        strip.axvspan(moment(start), moment(end), color=_VALIDITY_COLOURS[validity], linewidth=0)
    clock_axis(strip)


def _stretches(samples: Sequence[Sample]) -> list[tuple[int, int, Validity]]:
    """Start, end and validity of every stretch without a change."""
    found: list[tuple[int, int, Validity]] = []
    for sample in samples:
        if found and found[-1][2] is sample.validity:
            found[-1] = (found[-1][0], sample.time, sample.validity)
        else:
            if found:
                found[-1] = (found[-1][0], sample.time, found[-1][2])
            found.append((sample.time, sample.time, sample.validity))
    return found


def _ratios(figure: Figure, record: DayRecord) -> None:
    axes = _axes(figure, record, "equity / maintenance")
    times, (low, high) = _times(record), _RATIO_RANGE
    for i, trader in enumerate(record.traders):
        ratios = [s.ratios[i] for s in record.samples]
        shown = [float("nan") if r is None else min(max(r / WAD, low), high) for r in ratios]
        hit = trader.liquidations > 0
        axes.plot(times, shown, color=BLUE if hit else MUTED, linewidth=0.8, alpha=0.9 if hit else 0.45)
    axes.axhline(1, color=RED, linewidth=0.8, linestyle="--")
    for tier, (marker, colour) in _TIER_MARKS.items():
        events = [event for event in record.liquidations if event.tier == tier]
        axes.plot(
            [moment(event.time) for event in events],
            [min(max(event.ratio / WAD, low), high) for event in events],
            marker,
            color=colour,
            markersize=5,
            label=TIERS[tier],
            zorder=5,
        )
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.set_yticks([0.5, 1, 2, 5, 10, 20, 50])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    _legend(axes)


def _premium(figure: Figure, record: DayRecord) -> None:
    axes = _axes(figure, record, "bp")
    axes.fill_between(
        _times(record), _series(record, lambda s: s.premium, BPS), color=ORANGE, alpha=0.35, linewidth=0
    )
    axes.plot(_times(record), _series(record, lambda s: s.premium, BPS), color=ORANGE)


def _rate(figure: Figure, record: DayRecord) -> None:
    axes = _axes(figure, record, "bp per 8 h")
    times = _times(record)
    for place, (name, colour) in enumerate((("fast", BLUE), ("slow", GREEN), ("skew", VIOLET))):
        values = [sample.layers[place] / WAD * BPS for sample in record.samples]
        axes.plot(times, values, color=colour, linewidth=0.9, label=name)
    interest = _series(record, lambda s: s.interest, BPS)
    axes.plot(times, interest, color=MUTED, linewidth=0.9, linestyle="--", label="interest")
    axes.plot(times, _series(record, lambda s: s.rate, BPS), color=INK, linewidth=1.4, label="rate")
    _legend(axes)


def _net_index(figure: Figure, record: DayRecord) -> None:
    axes = _axes(figure, record, "quote per base")
    axes.plot(_times(record), _series(record, lambda s: s.net_index), color=BLUE)


def _interest(figure: Figure, record: DayRecord) -> None:
    axes = _axes(figure, record, "base")
    times = _times(record)
    longs = _series(record, lambda s: s.long_interest)
    shorts = _series(record, lambda s: -s.short_interest)
    net = [up + down for up, down in zip(longs, shorts, strict=True)]
    axes.fill_between(times, longs, color=GREEN, alpha=0.4, linewidth=0, step="post", label="long")
    axes.fill_between(times, shorts, color=RED, alpha=0.4, linewidth=0, step="post", label="short")
    axes.plot(times, net, color=INK, drawstyle="steps-post", label="net")
    _legend(axes)


def _utilization(figure: Figure, record: DayRecord) -> None:
    axes = _axes(figure, record, "% of capacity")
    axes.plot(_times(record), _series(record, lambda s: s.utilization, 100), color=VIOLET)
    axes.set_ylim(bottom=0)


def _earned(figure: Figure, record: DayRecord) -> None:
    axes = _axes(figure, record, "thousand quote")
    times = _times(record)
    terms: Sequence[tuple[str, str, Callable[[Sample], int]]] = (
        ("trader PnL", ORANGE, lambda s: s.earned.trader_pnl),
        ("fees", BLUE, lambda s: s.earned.fees),
        ("funding", GREEN, lambda s: s.earned.funding),
        ("curve gain", VIOLET, lambda s: s.earned.curve_gain),
    )
    for name, colour, pick in terms:
        axes.plot(times, _series(record, pick, 1e-3), color=colour, linewidth=0.9, label=name)
    axes.plot(times, _series(record, lambda s: s.earned.earned, 1e-3), color=INK, linewidth=1.4, label="all")
    _legend(axes, 5)


def _insurance(figure: Figure, record: DayRecord) -> None:
    axes = _axes(figure, record, "thousand quote")
    axes.plot(
        _times(record), _series(record, lambda s: s.insurance, 1e-3), color=GREEN, drawstyle="steps-post"
    )


def _sigma(figure: Figure, record: DayRecord) -> None:
    axes = _axes(figure, record, "% a year")
    axes.plot(_times(record), _series(record, lambda s: s.sigma, 100), color=RED)
    axes.axhline(0, color=GRID, linewidth=0.5)
