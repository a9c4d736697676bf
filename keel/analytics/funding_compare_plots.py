"""The plots of a comparison."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from functools import partial

import numpy as np
from matplotlib import dates
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from keel.analytics.figures import BLUE, GREEN, INK, MUTED, ORANGE, RED, VIOLET, draw, moment
from keel.analytics.funding_compare import PUBLISHED, Comparison
from keel.analytics.funding_compare_params import ADAPTIVE, LAYERED, PREMIUM, VELOCITY, WEIGHTED
from keel.analytics.funding_compare_stats import Floats, bp
from keel.analytics.funding_compare_windows import Replay

_WIDE, _HALF = 12.6, 6.2
_COLOURS = {
    PUBLISHED: INK,
    PREMIUM: BLUE,
    WEIGHTED: BLUE,
    VELOCITY: ORANGE,
    ADAPTIVE: GREEN,
    LAYERED: VIOLET,
}
# Windows of 8 hours in a day.
_PER_DAY = 3
_BUCKETS = 40
_GROUPS = 50


def all_plots(comparison: Comparison) -> Mapping[str, str]:
    """The plots of the whole series as SVG elements, by name; calibration only if something is published."""
    known = PUBLISHED in comparison.runs
    plots: dict[str, tuple[str, float, float, Callable[[Figure, Comparison], None]]] = {
        "cumulative": ("Cumulative funding paid by a long", _WIDE, 3.0, _cumulative),
        "moving": ("Moving mean of the rate", _WIDE, 2.8, _moving),
        "distribution": ("Distribution of the rates", _HALF if known else _WIDE, 2.9, _distribution),
    }
    if known:
        plots["calibration"] = ("Rate against the published rate", _HALF, 2.9, _calibration)
    return {
        name: draw(title, width, height, partial(_paint, paint, comparison))
        for name, (title, width, height, paint) in plots.items()
    }


def moving_days(comparison: Comparison) -> int:
    """Length of the moving mean: a month where there are three of them."""
    windows = max(len(run.paid) for run in comparison.runs.values())
    return 30 if windows >= 90 * _PER_DAY else 1


def crash_plot(replay: Replay) -> str:
    """Basis above, rates below, over one crash."""
    return draw(f"Basis and rates in {replay.window.name}", _HALF, 3.3, partial(_crash, replay))


def _paint(paint: Callable[[Figure, Comparison], None], comparison: Comparison, figure: Figure) -> None:
    paint(figure, comparison)


def _cumulative(figure: Figure, comparison: Comparison) -> None:
    axes = _axes(figure, "% of notional")
    for name, run in comparison.runs.items():
        paid = np.cumsum(bp(run.paid)) / 100
        _line(axes, name, _moments(run.settled)[::_PER_DAY], paid[::_PER_DAY])
    _dates(axes, "%Y" if _years(comparison) > 2 else "%d %b %y")
    _legend(axes)


def _moving(figure: Figure, comparison: Comparison) -> None:
    axes = _axes(figure, "bp per 8 h")
    for name, run in comparison.runs.items():
        width = min(moving_days(comparison) * _PER_DAY, len(run.paid))
        means = np.convolve(bp(run.paid), np.ones(width) / width, mode="valid")
        _line(axes, name, _moments(run.settled)[width - 1 :: _PER_DAY], means[::_PER_DAY])
    _dates(axes, "%Y" if _years(comparison) > 2 else "%d %b %y")
    _legend(axes)


def _distribution(figure: Figure, comparison: Comparison) -> None:
    axes = _axes(figure, "share of windows, %")
    everything = np.concatenate([bp(run.paid) for run in comparison.runs.values()])
    low, high = np.percentile(everything, (0.05, 99.95))
    edges = np.linspace(min(low, -1.0), max(high, 2.0), _BUCKETS + 1)
    for name, run in comparison.runs.items():
        counts, _ = np.histogram(np.clip(bp(run.paid), edges[0], edges[-1]), edges)
        shares = 100 * counts / len(run.paid)
        axes.stairs(shares, edges, color=_COLOURS[name], linewidth=1.0, linestyle=_style(name), label=name)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlabel("bp per 8 h; the outermost buckets hold what lies beyond")
    _legend(axes, 3)


def _calibration(figure: Figure, comparison: Comparison) -> None:
    axes = _axes(figure, "model, bp per 8 h")
    axes.set_xlabel("published, bp per 8 h; means over groups of settlements")
    published = comparison.series.published
    for name, run in comparison.runs.items():
        pairs = [
            (published[t], rate) for t, rate in zip(run.settled, run.paid, strict=True) if t in published
        ]
        if name == PUBLISHED or not pairs:
            continue
        theirs, ours = (bp(rates) for rates in zip(*pairs, strict=True))
        # A third of the settlements are exactly at the interest: ties stay in one group.
        group = np.digitize(theirs, np.unique(np.quantile(theirs, np.linspace(0, 1, _GROUPS)))[1:-1])
        means = [(theirs[group == g].mean(), ours[group == g].mean()) for g in np.unique(group)]
        line = axes.plot(*np.array(means).T, color=_COLOURS[name], linestyle=_style(name), label=name)
        line[0].set(marker="o", markersize=1.5)
    low, high = axes.get_xlim()
    axes.plot((low, high), (low, high), color=MUTED, linewidth=0.7, linestyle=":", label="equal")
    _legend(axes, 3)


def _crash(replay: Replay, figure: Figure) -> None:
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(2, 3))
    start, end = replay.window.start, replay.window.end
    seen = [place for place, time in enumerate(replay.series.times) if start <= time <= end]
    times = _moments([replay.series.times[place] for place in seen])
    basis = bp([replay.series.premiums[place] for place in seen])
    top.fill_between(times, basis, color=RED, alpha=0.3, linewidth=0, step="post")
    top.plot(times, basis, color=RED, linewidth=0.8, drawstyle="steps-post")
    top.set_ylabel("basis, bp")
    for name, run in replay.runs.items():
        inside = [place for place, time in enumerate(run.times) if start <= time <= end]
        _line(
            bottom,
            name,
            _moments([run.times[place] for place in inside]),
            bp([run.rates[place] for place in inside]),
            steps=len(run.times) == len(run.settled),
        )
    bottom.set_ylabel("rate, bp per 8 h")
    for axes in (top, bottom):
        axes.axvline(moment(replay.extreme_at), color=MUTED, linewidth=0.8, linestyle=":")
        axes.axhline(0, color=MUTED, linewidth=0.4)
    _dates(bottom, "%d %b", 6)
    figure.legend(*bottom.get_legend_handles_labels(), loc="outside lower left", ncols=6, handlelength=1.4)


def _axes(figure: Figure, label: str) -> Axes:
    axes = figure.add_subplot()
    axes.set_ylabel(label)
    axes.axhline(0, color=MUTED, linewidth=0.4)
    return axes


def _line(axes: Axes, name: str, times: Floats, values: Floats, *, steps: bool = False) -> None:
    axes.plot(
        times,
        values,
        color=_COLOURS[name],
        linewidth=1.5 if name == PUBLISHED else 1.0,
        linestyle=_style(name),
        drawstyle="steps-pre" if steps else "default",
        label=name,
        zorder=3 if name == PUBLISHED else 2,
    )


def _style(name: str) -> str:
    return "--" if name == WEIGHTED else "-"


def _legend(axes: Axes, columns: int = 6) -> None:
    axes.legend(loc="lower left", bbox_to_anchor=(0, 0.99), ncols=columns, borderaxespad=0, handlelength=1.4)


def _dates(axes: Axes, form: str, most: int = 10) -> None:
    locator = dates.AutoDateLocator(tz=UTC, minticks=3, maxticks=most)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.DateFormatter(form, tz=UTC))  # type: ignore[no-untyped-call]
    axes.margins(x=0)


def _moments(times: Sequence[int]) -> Floats:
    return np.array([moment(time) for time in times], dtype=np.float64)


def _years(comparison: Comparison) -> float:
    times = comparison.series.times
    return (times[-1] - times[0]) / (365 * 86_400)
