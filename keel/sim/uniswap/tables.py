"""The study in tables, for the screen and for pages."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import NamedTuple

from keel.config.deployment import load_deployment
from keel.sim.uniswap.doubt import Doubt
from keel.sim.uniswap.market import PRESET
from keel.sim.uniswap.push import Hold, toll
from keel.sim.uniswap.study import Study
from keel.sim.uniswap.words import KINDS, held, minutes, money, percent, times

_HOUR = 3_600


class StudyTable(NamedTuple):
    """A table: what it says, columns, rows, how to read it; the first `worded` columns are words."""

    title: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    worded: int
    note: str


def tables(study: Study) -> tuple[StudyTable, ...]:
    """All tables, in the order of the page."""
    return _costs(study), _checks(study), _gains(study), _break_evens(study), _doubts(study), _hours(study)


def _costs(study: Study) -> StudyTable:
    grid = study.grid
    liquidity = _shown(grid.liquidity)
    found = {
        (one.hold, one.move, one.arbitrage): one.cost for one in study.costs if one.liquidity == liquidity
    }
    rows = [
        (
            minutes(hold.window),
            held(hold),
            times(hold.spot(grid.moves[-1])),
            *(f"{money(found[hold, move, False])} / {money(found[hold, move, True])}" for move in grid.moves),
        )
        for hold in grid.all_holds
    ]
    return StudyTable(
        f"What a push costs: a pool with {money(liquidity)} quote per side",
        ("average", "held", f"spot x, {percent(grid.moves[-1])}", *(percent(move) for move in grid.moves)),
        rows,
        2,
        "Quote that the attacker loses at the pool, undisturbed / against arbitrage. Proportional to the "
        "liquidity. Spot x: factor on the spot price for the largest move.",
    )


def _checks(study: Study) -> StudyTable:
    """The shortest hold of each, where the closed form is most extreme."""
    move, blocks = study.grid.moves[-1], min(study.grid.holds)
    liquidity = _shown(study.grid.liquidity)
    rows = [
        (
            minutes(one.hold.window),
            held(one.hold),
            times(one.hold.spot(move)),
            percent(one.moved, 5),
            money(one.expected),
            money(one.cost),
        )
        for one in study.costs
        if (one.move, one.hold.blocks, one.liquidity, one.arbitrage) == (move, blocks, liquidity, False)
    ]
    return StudyTable(
        f"Closed form and measurement: {percent(move)}, the shortest hold, undisturbed",
        ("average", "held", "spot x, computed", "average moved by", "cost, computed", "cost, measured"),
        rows,
        2,
        f"Over all {len(study.costs):,} pushes the costs differ by at most {study.error:.1e} of themselves, "
        f"the moves by at most {percent(study.slip, 2)} of the price: a tick is 0.01 %.",
    )


def _gains(study: Study) -> StudyTable:
    rows = []
    for window in study.grid.windows:
        for equity in study.grid.equity:
            for name in KINDS:
                best = [
                    study.best(name, window=window, equity=equity, move=move) for move in study.grid.moves
                ]
                cells = [
                    f"{money(one.outcome.gain)} ({money(one.outcome.locked)})" if one else "-" for one in best
                ]
                rows.append((minutes(window), money(equity), name, *cells))
    return StudyTable(
        "What it brings where the average is the only source",
        ("average", "Keel's pool", "positions", *(percent(move) for move in study.grid.moves)),
        rows,
        3,
        "Quote that the attacker takes out of Keel beyond what he paid in, at the best hold and exit, "
        "without what he loses at the pool; in brackets the margin and losses that he carries until then.",
    )


def _break_evens(study: Study) -> StudyTable:
    names = KINDS[:3]
    rows = [
        (
            minutes(hold.window),
            held(hold),
            *(
                times(study.break_even((name,), arbitrage, **asdict(hold)))
                for arbitrage in (True, False)
                for name in names
            ),
        )
        for hold in study.grid.all_holds
    ]
    columns = ("arbitrage: limits", "crowd", "both sides", "undisturbed: limits", "crowd", "both sides")
    return StudyTable(
        "Liquidity at which it stops to pay, per side, in multiples of the equity of Keel's pool",
        ("average", "held", *columns),
        rows,
        2,
        "Gain over cost per unit of liquidity, the largest of all moves, by the attacker's positions. In a "
        "deeper pool none of them pays.",
    )


def _doubts(study: Study) -> StudyTable:
    return StudyTable(
        "The average beside feeds that say the true price",
        (
            "it is",
            "others",
            "pushed by",
            "stored price",
            "the hub says",
            "open",
            "close",
            "liquidate",
            "best gain",
        ),
        [_doubt(one) for one in study.doubts],
        3,
        "Pushed by -10 %: divided by 1.1. Liquidate: a position that the true price has made unhealthy. Best "
        "gain: of a position within the limits, at Keel; what the push costs is not in it.",
    )


def _doubt(one: Doubt) -> tuple[str, ...]:
    words = {True: "yes", False: "no"}
    return (
        str(one.form),
        "one silent" if one.silent else "alive",
        percent(one.move),
        percent(one.stored),
        ", ".join(one.defects) or "nothing",
        words[one.opens],
        words[one.closes],
        words[one.liquidates],
        "cannot close" if one.gain is None else money(one.gain),
    )


def _hours(study: Study) -> StudyTable:
    grid, liquidity = study.grid, _shown(study.grid.liquidity)
    least = float(load_deployment(PRESET).markets[0].feed.max_deviation) * 1.1
    moves = [least, *(move for move in grid.moves if move > least)]
    rows = [
        (
            minutes(window),
            f"{block} s",
            *(money(liquidity * _hour(study, window, block, move, True)) for move in moves),
            money(liquidity * _hour(study, window, block, least, False)),
        )
        for window in grid.windows
        for block in grid.blocks
    ]
    return StudyTable(
        f"An hour of an average that is off: a pool with {money(liquidity)} quote per side",
        ("average", "blocks", *(percent(move) for move in moves), f"{percent(least)}, undisturbed"),
        rows,
        2,
        "Quote, closed form, against arbitrage but for the last column: one push per window, since the "
        "average remembers it that long, at the cheapest of the holds.",
    )


def _hour(study: Study, window: int, block: int, move: float, arbitrage: bool) -> float:
    """Cost of an hour per unit of quote in the pool."""
    holds = (Hold(window, block, blocks) for blocks in study.grid.holds)
    return _HOUR / window * min(toll(hold, move, arbitrage) for hold in holds)


def _shown(values: Sequence[int]) -> int:
    """The one in the middle."""
    return values[len(values) // 2]
