"""The page about the study: Markdown, and a plot of costs against gains."""

import io
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from string import Template
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from keel.analytics.figures import BLUE, GREEN, ORANGE, RED, VIOLET
from keel.config.deployment import load_deployment
from keel.sim.uniswap.market import PRESET, PRICE
from keel.sim.uniswap.plans import ALONE, BOTH_SIDES, CROWDED
from keel.sim.uniswap.pool import FEE
from keel.sim.uniswap.push import Hold, toll
from keel.sim.uniswap.study import Study
from keel.sim.uniswap.tables import StudyTable, tables
from keel.sim.uniswap.words import KINDS, held, minutes, money, percent, times

_TEMPLATE = Path(__file__).parent / "templates" / "oracle-manipulation.md.template"
_NAMES = ("costs", "checks", "gains", "evens", "doubts", "hours")
_CURVE = 60
_COLOURS = {ALONE.name: GREEN, CROWDED.name: ORANGE, BOTH_SIDES.name: RED}


class _World(NamedTuple):
    """Whether others push back, the longest hold in blocks, and moves beyond the pool's fee or not."""

    arbitrage: bool
    most: int
    beyond: tuple[bool, ...]


_WORLDS = {
    "arbitrage": _World(arbitrage=True, most=10**9, beyond=(True,)),
    "inside the fee": _World(arbitrage=True, most=10**9, beyond=(False,)),
    "two blocks": _World(arbitrage=False, most=2, beyond=(True, False)),
}


def markdown(study: Study, command: str, picture: str) -> str:
    """The document.

    Args:
        study: What was measured.
        command: What measured it.
        picture: File name of the plot, beside the page.
    """
    market = load_deployment(PRESET).markets[0]
    parts = {name: "\n".join(_table(one)) for name, one in zip(_NAMES, tables(study), strict=True)}
    return Template(_TEMPLATE.read_text()).substitute(
        parts,
        command=command,
        picture=picture,
        price=f"{PRICE:,}",
        pool_fee=percent(FEE / 1e6),
        liquidity=", ".join(money(one) for one in study.grid.liquidity),
        equity=" and ".join(money(one) for one in study.grid.equity),
        fee=percent(float(market.taker_fee + market.deviation_fee)),
        deviation=percent(float(market.feed.max_deviation)),
        volatile=percent(float(market.feed.max_volatile)),
        clamp=percent(float(market.feed.clamp)),
        max_side=f"{market.max_side:f}",
        verdicts="\n".join(_verdicts(study)),
    )


def plot(study: Study) -> bytes:
    """Costs and gains over the move, for the longest average and the smallest market: a PNG."""
    figure = Figure(figsize=(10, 4.2), layout="constrained", dpi=110)
    FigureCanvasAgg(figure)
    window, equity = study.grid.windows[-1], study.grid.equity[0]
    liquidity = study.grid.liquidity[len(study.grid.liquidity) // 2]
    for axes, arbitrage in zip(figure.subplots(1, 2, sharey=True), (True, False), strict=True):
        _costs(axes, study, window, liquidity, arbitrage)
        for name, colour in _COLOURS.items():
            best = [study.best(name, window=window, equity=equity, move=move) for move in study.grid.moves]
            points = [(one.move * 100, one.outcome.gain) for one in best if one and one.outcome.gain > 0]
            if points:
                axes.plot(*zip(*points, strict=True), "o-", color=colour, label=f"gain: {name}")
        axes.set(xscale="log", yscale="log", ylim=(1e2, 1e9), xlabel="move of the average, %")
        axes.set_title("honest arbitrage in every block" if arbitrage else "undisturbed", fontsize=10)
        axes.grid(visible=True, alpha=0.3)
    figure.axes[0].set_ylabel(f"quote; {money(liquidity)} per side, Keel's pool {money(equity)}")
    figure.axes[1].legend(fontsize=7.5, frameon=False)
    figure.suptitle(f"An average of {minutes(window)}: what a move costs, what it brings", fontsize=11)
    out = io.BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _costs(axes: Axes, study: Study, window: int, liquidity: int, arbitrage: bool) -> None:
    """Lines of the closed form, dots of the measurements, one colour per hold."""
    block, holds = study.grid.blocks[0], sorted(study.grid.holds)
    low, high = 0.001, study.grid.moves[-1]
    moves = [low * (high / low) ** (step / _CURVE) for step in range(_CURVE + 1)]
    for blocks, style in ((holds[0], ":"), (holds[-2], "--"), (holds[-1], "-")):
        hold = Hold(window, block, blocks)
        line = [toll(hold, move, arbitrage) * liquidity for move in moves]
        colour = VIOLET if blocks == holds[0] else BLUE
        axes.plot([move * 100 for move in moves], line, style, color=colour, label=f"cost: held {held(hold)}")
        dots = [
            (one.move * 100, one.cost)
            for one in study.costs
            if (one.hold, one.liquidity, one.arbitrage) == (hold, liquidity, arbitrage)
        ]
        axes.plot(*zip(*dots, strict=True), "x", color=colour, markersize=5)


def _table(one: StudyTable) -> Iterator[str]:
    yield f"**{one.title}**"
    yield ""
    yield "| " + " | ".join(one.head) + " |"
    yield "|" + "".join("---|" if place < one.worded else "---:|" for place in range(len(one.head)))
    for row in one.rows:
        yield "| " + " | ".join(row) + " |"
    yield ""
    yield one.note


def _verdicts(study: Study) -> Iterator[str]:
    """One row per window: liquidity that would be safe, by who pushes back and what the attacker holds."""
    kinds = {KINDS[0]: KINDS[:1], "any positions": KINDS}
    yield "| average | " + " | ".join(f"{who}: {name}" for who in _WORLDS for name in kinds) + " |"
    yield "|---|" + "---:|" * (len(kinds) * len(_WORLDS))
    for window in study.grid.windows:
        cells = [
            times(_even(study, names, window, world))
            for world in _WORLDS.values()
            for names in kinds.values()
        ]
        yield f"| {minutes(window)} | " + " | ".join(cells) + " |"


def _even(study: Study, names: Sequence[str], window: int, world: _World) -> float:
    grid = study.grid
    cases = product(
        [blocks for blocks in grid.holds if blocks <= world.most],
        [move for move in grid.moves if (move > FEE / 1e6) in world.beyond],
    )
    evens = (
        study.break_even(names, world.arbitrage, window=window, blocks=blocks, move=move)
        for blocks, move in cases
    )
    return max(evens, default=0.0)
