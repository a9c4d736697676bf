"""Plots of a study, as SVG for the page."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from keel.analytics.figures import BLUE, GREEN, INK, ORANGE, RED, VIOLET, clock_axis, draw, moment
from keel.sim.stress.record import Moment, StressRecord
from keel.sim.stress.study import Hands, Study, by_hands
from keel.sim.stress.sweep import Line
from keel.sim.stress.tables import title
from keel.units import WAD

_COLOURS = (BLUE, ORANGE, GREEN, VIOLET, RED, INK)
_WIDTH, _HEIGHT = 6.2, 3.4
_MILLION = 10**6
_MOST_DROP = 0.25


def plots(study: Study) -> Iterator[tuple[str, str]]:
    """Titles and figures, in order."""
    for name, paint in _paints(study):
        yield name, draw(name, _WIDTH, _HEIGHT, paint)


def _paints(study: Study) -> Iterator[tuple[str, Callable[[Figure], None]]]:
    for record in study.records:
        for place, market in enumerate(record.settings.window.markets):
            yield f"{title(record)} {market}: index, mark, liquidations", partial(_prices, record.of(place))
        yield f"{title(record)}: fund, bad debt, pools", partial(_money, record)
        yield f"{title(record)}: the fund that a drop asks for", partial(_sizing, record)
    if study.frontier:
        yield "Leverage against bad debt", partial(_frontier, study.frontier)
    if study.hands:
        yield "Few or many hands", partial(_hands, by_hands(study.hands))


def _prices(moments: Sequence[Moment], figure: Figure) -> None:
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    times = [moment(one.time) for one in moments]
    top.plot(times, [one.index / WAD for one in moments], color=BLUE, linewidth=0.8, label="index")
    top.plot(times, [one.mark / WAD for one in moments], color=ORANGE, linewidth=0.8, label="mark")
    top.set_ylabel("quote per base")
    _legend(top)
    hits = [one for one in moments if one.count]
    values = [one.liquidated / WAD / _MILLION for one in hits]
    bottom.vlines([moment(one.time) for one in hits], 0, values, color=RED, linewidth=0.9)
    bottom.set_ylabel("liquidated, M")
    bottom.set_ylim(bottom=0)
    clock_axis(bottom)


def _money(record: StressRecord, figure: Figure) -> None:
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1))
    times = [moment(one.time) for one in record.moments]
    debt, total = 0, []
    for one in record.moments:
        debt += one.debt
        total.append(debt / WAD / 1_000)
    top.plot(times, [one.insurance / WAD / 1_000 for one in record.moments], color=GREEN, label="fund")
    top.plot(times, total, color=RED, label="bad debt, sum")
    top.set_ylabel("thousand quote")
    top.set_ylim(bottom=0)
    _legend(top)
    for place, market in enumerate(record.settings.window.markets):
        mine = record.of(place)
        equities = [one.equity / WAD / _MILLION for one in mine]
        bottom.plot(
            [moment(one.time) for one in mine], equities, color=_COLOURS[place], label=f"{market} pool"
        )
    bottom.set_ylabel("M quote")
    _legend(bottom)
    clock_axis(bottom)


def _sizing(record: StressRecord, figure: Figure) -> None:
    axes = figure.add_subplot()
    for sizing, name, colour in ((record.sizing, "opening", BLUE), (record.later, "later", ORANGE)):
        curve = [need for need in sizing.curve() if need.drop <= _MOST_DROP]
        drops = [need.drop * 100 for need in curve]
        axes.plot(drops, [need.fund / 1_000 for need in curve], color=colour, label=f"asked for, {name}")
    axes.axhline(record.sizing.fund / 1_000, color=GREEN, label="fund there is")
    axes.axvline(record.sizing.largest * 100, color=RED, linestyle="--", label="largest fall in one step")
    axes.set_xlabel("drop in one step, %")
    axes.set_ylabel("thousand quote")
    axes.set_ylim(bottom=0)
    axes.margins(x=0)
    _legend(axes, columns=2)


def _frontier(lines: Sequence[Line], figure: Figure) -> None:
    axes = figure.add_subplot()
    for colour, (name, group) in zip(_COLOURS, _groups(lines).items(), strict=False):
        leverages = [line.leverage for line in group]
        axes.plot(leverages, [line.debt / WAD / 1_000 for line in group], "o-", color=colour, label=name)
        asked = [line.required / 1_000 for line in group]
        axes.plot(leverages, asked, ":", color=colour, label=f"{name}, fund for the largest fall")
    axes.set_xscale("log")
    axes.set_xticks([line.leverage for line in lines])
    axes.set_xticklabels([f"{line.leverage}x" for line in lines])
    axes.minorticks_off()
    axes.set_xlabel("largest leverage allowed")
    axes.set_ylabel("thousand quote; solid: bad debt")
    axes.set_ylim(bottom=0)
    _legend(axes, columns=2)


def _hands(rows: Sequence[Hands], figure: Figure) -> None:
    axes = figure.add_subplot()
    groups: dict[str, list[Hands]] = {}
    for one in rows:
        groups.setdefault(f"{one.window} {one.entry}", []).append(one)
    for colour, (name, group) in zip(_COLOURS, groups.items(), strict=False):
        index = [one.concentration for one in group]
        axes.plot(
            index, [one.liquidated * 100 for one in group], "o-", color=colour, label=f"{name}, liquidated"
        )
        axes.plot(
            index, [one.burst * 100 for one in group], "s:", color=colour, label=f"{name}, largest burst"
        )
    axes.set_xscale("log")
    axes.set_xlabel("Herfindahl index of the open interest")
    axes.set_ylabel("% of open interest")
    axes.set_ylim(bottom=0)
    _legend(axes, columns=2)


def _groups(lines: Sequence[Line]) -> dict[str, list[Line]]:
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(f"{line.window} {line.entry}", []).append(line)
    return groups


def _legend(axes: Axes, columns: int = 3) -> None:
    axes.legend(loc="lower left", bbox_to_anchor=(0, 0.98), ncols=columns, borderaxespad=0, handlelength=1.4)
