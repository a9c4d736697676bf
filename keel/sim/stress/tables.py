"""A study as tables for people: replays in columns, sweeps in rows."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from keel.analytics.tables import quote
from keel.sim.stress.record import StressRecord
from keel.sim.stress.rows import MARKET_ROWS, PAYER_ROWS, part
from keel.sim.stress.sizing import DROPS, Sizing
from keel.sim.stress.study import Study, by_hands
from keel.sim.stress.sweep import Line
from keel.units import WAD

_BPS = 10_000


class StressTable(NamedTuple):
    """A table: the first column is a name, the rest are figures; `name` is for templates."""

    name: str
    title: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str


def tables(study: Study) -> list[StressTable]:
    """Every table that the study has something for."""
    found = [_markets(study.records), _payers(study.records), _sizing(study.records)]
    if study.lines:
        found.append(_seeds(study.lines))
    if study.frontier:
        found.append(_frontier(study.frontier))
    if study.stakes:
        found.append(_stakes(study.stakes))
    if study.rallies:
        found.append(_rallies(study.rallies))
    if study.hands:
        found.append(_hands(study.hands))
    return found


def title(record: StressRecord) -> str:
    """A replay by name."""
    return f"{record.settings.window.name} {record.settings.entry.value}"


def pools_of(record: StressRecord) -> float:
    """Equity of all pools at the opening, quote."""
    return sum(opening.pool for opening in record.openings) / WAD


def _markets(records: Sequence[StressRecord]) -> StressTable:
    cells = [(record, place) for record in records for place in range(len(record.openings))]
    return StressTable(
        "markets",
        "Markets",
        ("", *(f"{title(record)} {record.settings.window.markets[place]}" for record, place in cells)),
        [(name, *(tell(record, place) for record, place in cells)) for name, tell in MARKET_ROWS],
        "Amounts in quote; values at the index of the moment. Limited: accounts that the initial margin of "
        "the moment kept below the leverage they asked for. Herfindahl index: sum of the squared shares in "
        "the open interest. Falls are from the highest price before; amplification is that of the mark over "
        "that of the index. Burst: what one price sets off, with the number of liquidations in it. "
        "Liquidations count what the insurance took over, too; absorbed is that part of them. Refused "
        "pieces: the curve was too far from the index (UnwindTooDear), or the window full (WindowFull); "
        "tried again after the next price.",
    )


def _payers(records: Sequence[StressRecord]) -> StressTable:
    return StressTable(
        "payers",
        "Who paid the bad debt",
        ("", *map(title, records)),
        [(name, *map(tell, records)) for name, tell in PAYER_ROWS],
        "Quote. Beyond the pools' cap: advanced by the pool, given back by winners out of their profits. "
        "Still open: negative equity that nobody has closed by the end, the insurance's own included. Fund "
        "before, with its fees of the opening, plus what came in less what went out is the fund after. Fund "
        "used: the most by which what it could pay with, or its worth, stood below the fund before, and what "
        "the pools had paid by then; a larger fund takes over more, and may use more.",
    )


def _sizing(records: Sequence[StressRecord]) -> StressTable:
    columns = [column for record in records for column in _sizing_columns(record)]
    names = [f"{title(record)}, {when}" for record in records for when in ("opening", "bound", "later")]
    drops = [part(drop) for drop in sorted(DROPS)]
    heads = [*drops, *("largest fall in one step", "fund for that fall", "of the pools", "fund there is")]
    heads.append("carries a drop of")
    return StressTable(
        "sizing",
        "Fund that a drop in one step asks for",
        ("drop", *names),
        list(zip(heads, *columns, strict=True)),
        "Quote, all markets falling at once: what the positions below maintenance after the drop lack when "
        "they close together along the curve. Opening: the positions as they opened. Bound: what the "
        "liquidation lens says on chain at that moment, from the open interest alone: every position of the "
        "larger side at the lowest maintenance. Later: the positions left just before the largest fall from "
        "one price to the next.",
    )


def _sizing_columns(record: StressRecord) -> Iterator[list[str]]:
    """The positions as they opened, the lens's bound for them, and those left later."""
    bounds, pools = record.bounds, pools_of(record)
    for sizing in (record.sizing, None, record.later):
        if sizing is None:
            needs = [bounds.at(drop) for drop in sorted(DROPS)]
            largest, required = record.sizing.largest, bounds.at(record.sizing.largest)
            carried = part(bounds.carries)
        else:
            needs = [need.fund for need in sizing.needs()]
            largest, required, carried = sizing.largest, sizing.required(), _carried(sizing)
        yield [
            *(f"{need:,.0f}" for need in needs),
            *(part(largest), f"{required:,.0f}", part(required / pools, 2)),
            *(quote(record.fund), carried),
        ]


def _seeds(lines: Sequence[Line]) -> StressTable:
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(f"{line.window} {line.entry}", []).append(line)
    rows = []
    for name, group in groups.items():
        debts, used = sorted(line.debt for line in group), sorted(line.used for line in group)
        absorbed = sorted(line.absorbed / line.liquidated if line.liquidated else 0.0 for line in group)
        rows.append(
            (
                name,
                str(len(group)),
                quote(debts[0]),
                quote(debts[len(debts) // 2]),
                quote(debts[-1]),
                part(absorbed[len(absorbed) // 2]),
                part(absorbed[-1]),
                quote(used[len(used) // 2]),
                quote(used[-1]),
                quote(min(line.fund for line in group)),
                str(sum(1 for line in group if line.after_insurance)),
            )
        )
    return StressTable(
        "seeds",
        "Over the seeds",
        (
            *("replay", "seeds", "least bad debt", "median", "most"),
            *("absorbed, median", "most", "fund used, median", "most", "fund there is", "failed"),
        ),
        rows,
        "Quote. A seed draws sizes, sides and leverages; prices are the same. Absorbed: part of the value "
        "liquidated. Median: the upper one.",
    )


def _frontier(lines: Sequence[Line]) -> StressTable:
    rows = [
        (
            f"{line.window} {line.entry}",
            f"{line.leverage}x",
            f"{line.open_interest / line.margin:.1f}x",
            part(line.liquidated_part),
            str(line.liquidations),
            quote(line.debt),
            quote(line.after_insurance),
            quote(line.used),
            f"{line.required:,.0f}",
        )
        for line in lines
    ]
    head = (
        *("allowed", "mean", "liquidated", "liquidations", "bad debt", "after insurance", "fund used"),
        "fund for the largest fall",
    )
    return StressTable(
        "frontier",
        "Leverage against bad debt",
        ("replay", *head),
        rows,
        "The same open interest; no initial margin below 1 / allowed, the crowd log-uniform up to it. Mean: "
        "value over equity at the opening; volatility raises the initial margin further. Liquidated: value "
        "over open interest; amounts in quote. Last column: had the largest fall in one step come at once.",
    )


def _stakes(lines: Sequence[Line]) -> StressTable:
    rows = [
        (
            f"{line.window} {line.entry}",
            part(line.stake_bps / _BPS),
            quote(line.fund),
            part(line.absorbed / line.liquidated if line.liquidated else 0.0),
            quote(line.debt),
            quote(line.used),
            quote(line.after_insurance),
        )
        for line in lines
    ]
    head = ("stake", "fund there is", "absorbed", "bad debt", "fund used", "after insurance")
    return StressTable(
        "stakes",
        "The stake of the insurance",
        ("replay", *head),
        rows,
        "The same crowd and prices. Stake: of the pools; fees of the opening come on top. Absorbed: part of "
        "the value liquidated. Amounts in quote.",
    )


def _rallies(lines: Sequence[Line]) -> StressTable:
    groups: dict[tuple[str, str, int], list[Line]] = {}
    for line in lines:
        groups.setdefault((line.window, line.entry, line.depth), []).append(line)
    rows = []
    for (window, entry, depth), group in groups.items():
        worst = max(group, key=lambda line: (line.after_insurance, line.used))
        failed = sum(1 for line in group if line.after_insurance)
        rows.append(
            (
                f"{window} {entry}",
                str(depth),
                part(max(line.premium for line in group)),
                *(quote(worst.liquidated), quote(worst.absorbed), quote(worst.unwound)),
                *(quote(worst.debt), quote(worst.used), quote(worst.fund), quote(worst.after_insurance)),
                f"{failed} of {len(group)}",
            )
        )
    head = (
        *("depth", "highest premium", "liquidated", "absorbed", "worked off"),
        *("bad debt", "fund used", "fund there is", "after insurance", "failed"),
    )
    return StressTable(
        "rallies",
        "Mirrored windows",
        ("replay", *head),
        rows,
        "Quote. Depth: of the curve, for each quote in the pool. Highest premium and failed over the seeds, "
        "the other figures of the worst of them. Where more was used than there is and nothing is left after "
        "insurance, its own positions stood beyond its means in between, and came back.",
    )


def _hands(lines: Sequence[Line]) -> StressTable:
    rows = [
        (
            f"{one.window} {one.entry}",
            str(one.accounts),
            f"{one.concentration:.4f}",
            part(one.liquidated),
            part(one.worst),
            part(one.burst),
            part(one.worst_burst),
            quote(one.debt),
        )
        for one in by_hands(lines)
    ]
    head = ("accounts", "Herfindahl", "liquidated", "worst draw", "largest burst", "worst draw", "bad debt")
    return StressTable(
        "hands",
        "The same open interest in few or many hands",
        ("replay", *head),
        rows,
        f"Parts of the open interest, mean of {len(lines) // max(len(rows), 1)} draws and the worst of them; "
        "bad debt in quote. All accounts of a side are equally large; few accounts draw few leverages.",
    )


def _carried(sizing: Sizing) -> str:
    carried = sizing.carries()
    return f"{part(carried)} or more" if carried >= sizing.curve()[-1].drop else part(carried)
