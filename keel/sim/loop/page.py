"""One self-contained HTML page about the closed loop: no script, no external resource."""

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from keel.analytics.figures import BLUE, GREEN, MUTED, ORANGE, draw
from keel.analytics.page import page
from keel.sim.loop.compare import Outcome, Terms
from keel.sim.loop.run import LoopRecord
from keel.sim.loop.settings import BAND
from keel.sim.loop.tables import LoopTable, tables
from keel.units import BPS, WAD

_TEMPLATE = Path(__file__).parent / "page.html"
_WIDTH, _HEIGHT = 6.2, 3.1


def render(outcomes: Sequence[Outcome], terms: Terms) -> str:
    """The page."""
    gain = "each model's own gain" if terms.gain is None else f"gain {terms.gain / WAD:g} per hour"
    subtitle = f"{gain} · touched every {terms.touch_seconds} s · {terms.hours} hours · seed {terms.seed}"
    parts = {
        "subtitle": escape(subtitle),
        "tables": "".join(_table(table) for table in tables(outcomes)),
        "models": "".join(part for one in outcomes for part in _sections(one)),
    }
    return page("Keel: funding in a closed loop", _TEMPLATE, parts)


def _table(table: LoopTable) -> str:
    words = 2 if table.worded else 1

    def line(tag: str, cells: Sequence[str]) -> str:
        kinds = ["" if place < words else ' class="n"' for place in range(len(cells))]
        parts = (f"<{tag}{kind}>{escape(cell)}</{tag}>" for kind, cell in zip(kinds, cells, strict=True))
        return f"<tr>{''.join(parts)}</tr>"

    body = line("th", table.head) + "".join(line("td", cells) for cells in table.rows)
    scroll = f'<div class="scroll"><table>{body}</table></div><p class="note">{escape(table.note)}</p>'
    return f"<section><h2>{escape(table.title)}</h2>{scroll}</section>"


def _sections(outcome: Outcome) -> Iterator[str]:
    name = escape(outcome.name)
    alone = draw(f"{name} alone", _WIDTH, _HEIGHT, lambda figure: _alone(figure, outcome.alone))
    crowd = draw(f"{name}, crowd", _WIDTH, _HEIGHT, lambda figure: _crowd(figure, outcome))
    yield f"<section><h2>{name}: after a shock of 2 %</h2>{alone}</section>"
    yield f"<section><h2>{name}: against a crowd that keeps buying</h2>{crowd}</section>"


def _alone(figure: Figure, record: LoopRecord) -> None:
    premium, rate = _frame(figure)
    premium.plot(record.hours, _bps(record.premiums), color=ORANGE, label="premium")
    rate.plot(record.hours, [reading.rate / WAD * BPS for reading in record.readings], color=BLUE)


def _crowd(figure: Figure, outcome: Outcome) -> None:
    premium, rate = _frame(figure)
    without, record = outcome.without, outcome.crowd
    premium.plot(without.hours, _bps(without.premiums), color=MUTED, linewidth=0.8, label="without funding")
    premium.plot(record.hours, _bps(record.premiums), color=ORANGE, linewidth=0.8, label="with funding")
    premium.legend(loc="upper right", ncols=2, borderaxespad=0, handlelength=1.4)
    rate.plot(record.hours, [reading.rate / WAD * BPS for reading in record.readings], color=BLUE)


def _frame(figure: Figure) -> tuple[Axes, Axes]:
    """Premium above, rate below, over the same hours; the band shaded."""
    premium, rate = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    premium.axhspan(-BAND / WAD * BPS, BAND / WAD * BPS, color=GREEN, alpha=0.18, linewidth=0)
    premium.set_ylabel("premium, bp")
    rate.set_ylabel("rate, bp per 8 h")
    rate.set_xlabel("hours")
    for axes in (premium, rate):
        axes.margins(x=0)
    return premium, rate


def _bps(fractions: Sequence[float]) -> list[float]:
    return [value * BPS for value in fractions]
