"""A study as tables for people: replays in columns, sweeps in rows."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from keel.analytics.tables import clock, percent, quote
from keel.model.liquidation import Tier
from keel.sim.stress.record import Moment, StressRecord, amplification, fall
from keel.sim.stress.sizing import DROPS, Sizing
from keel.sim.stress.study import Study, by_hands
from keel.sim.stress.sweep import Line
from keel.units import WAD

_TIERS = (Tier.TRIM, Tier.DELEVERAGE, Tier.CLOSE)


class StressTable(NamedTuple):
    """A table: the first column is a name, the rest are figures; `name` is for templates."""

    name: str
    title: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str


def _burst(record: StressRecord, place: int) -> Moment:
    return max(record.of(place), key=lambda moment: moment.liquidated)


def _refusals(record: StressRecord, place: int) -> str:
    refused = record.tallies[place].refusals
    return ", ".join(f"{count} {error}" for error, count in refused.most_common()) or "0"


_OfMarket = Callable[[StressRecord, int], str]
_MARKET_ROWS: Sequence[tuple[str, _OfMarket]] = (
    ("accounts, opened at UTC", lambda r, i: f"{len(r.openings[i].values)}, {clock(r.openings[i].time)}"),
    ("longs", lambda r, i: quote(r.openings[i].long_value)),
    ("shorts", lambda r, i: quote(r.openings[i].short_value)),
    ("equity of accounts", lambda r, i: quote(r.openings[i].margin)),
    ("highest leverage", lambda r, i: f"{r.openings[i].most_leverage / WAD:.1f}x"),
    ("limited by initial margin", lambda r, i: str(r.openings[i].limited)),
    ("utilization at opening", lambda r, i: f"{percent(r.openings[i].utilization)} %"),
    ("Herfindahl index", lambda r, i: f"{r.openings[i].concentration:.4f}"),
    ("index fell", lambda r, i: part(fall([moment.index for moment in r.of(i)]))),
    ("mark fell", lambda r, i: part(fall([moment.mark for moment in r.of(i)]))),
    ("amplification", lambda r, i: f"{amplification(r.of(i)):.2f}"),
    ("highest premium", lambda r, i: f"{percent(max(moment.premium for moment in r.of(i)))} %"),
    ("lowest premium", lambda r, i: f"{percent(min(moment.premium for moment in r.of(i)))} %"),
    ("liquidations", lambda r, i: str(r.tallies[i].count)),
    (
        "trim / deleverage / close",
        lambda r, i: " / ".join(str(r.tallies[i].tiers[int(tier)]) for tier in _TIERS),
    ),
    ("accounts liquidated", lambda r, i: str(len(r.tallies[i].accounts))),
    ("value liquidated", lambda r, i: quote(r.tallies[i].notional)),
    ("largest burst", lambda r, i: quote(_burst(r, i).liquidated)),
    ("in it, at UTC", lambda r, i: f"{_burst(r, i).count}, {clock(_burst(r, i).time)}"),
    ("penalties", lambda r, i: quote(r.tallies[i].penalty)),
    ("of it to the keeper", lambda r, i: quote(r.tallies[i].reward)),
    ("refused liquidations", _refusals),
    ("bad debt", lambda r, i: quote(r.tallies[i].debt)),
    ("pool at opening", lambda r, i: quote(r.openings[i].pool)),
    ("pool at the end", lambda r, i: quote(r.of(i)[-1].equity)),
    ("pool's deepest fall", lambda r, i: part(fall([moment.equity for moment in r.of(i)]), 2)),
)
_PAYER_ROWS: Sequence[tuple[str, Callable[[StressRecord], str]]] = (
    ("insurance", lambda r: "holds" if r.holds else "fails"),
    ("bad debt", lambda r: quote(r.debt)),
    ("insurance paid", lambda r: quote(sum(tally.from_insurance for tally in r.tallies))),
    ("pools paid", lambda r: quote(sum(tally.from_pool for tally in r.tallies))),
    ("still open", lambda r: quote(r.uncovered)),
    ("bad debt after insurance", lambda r: quote(r.after_insurance)),
    ("fund before", lambda r: quote(r.fund)),
    ("fund after", lambda r: quote(r.fund_end)),
    ("fund needed", lambda r: quote(r.needed)),
    ("unhealthy at the end", lambda r: str(r.unhealthy)),
)


def tables(study: Study) -> list[StressTable]:
    """Every table that the study has something for."""
    found = [_markets(study.records), _payers(study.records), _sizing(study.records)]
    if study.lines:
        found.append(_seeds(study.lines))
    if study.frontier:
        found.append(_frontier(study.frontier))
    if study.hands:
        found.append(_hands(study.hands))
    return found


def title(record: StressRecord) -> str:
    """A replay by name."""
    return f"{record.settings.window.name} {record.settings.entry.value}"


def pools_of(record: StressRecord) -> float:
    """Equity of all pools at the opening, quote."""
    return sum(opening.pool for opening in record.openings) / WAD


def part(value: float, decimals: int = 1) -> str:
    """A fraction in percent, to the nearest."""
    return f"{value * 100:.{decimals}f} %"


def _markets(records: Sequence[StressRecord]) -> StressTable:
    cells = [(record, place) for record in records for place in range(len(record.openings))]
    return StressTable(
        "markets",
        "Markets",
        ("", *(f"{title(record)} {record.settings.window.markets[place]}" for record, place in cells)),
        [(name, *(tell(record, place) for record, place in cells)) for name, tell in _MARKET_ROWS],
        "Amounts in quote; values at the index. Limited: accounts that the initial margin of the moment kept "
        "below the leverage they asked for. Amplification: fall of the mark over fall of the index, each "
        "from the high before. Burst: what one price sets off.",
    )


def _payers(records: Sequence[StressRecord]) -> StressTable:
    return StressTable(
        "payers",
        "Who paid the bad debt",
        ("", *map(title, records)),
        [(name, *map(tell, records)) for name, tell in _PAYER_ROWS],
        "Quote. Still open: negative equity that nobody has closed by the end. Fund needed: what the "
        "insurance needed at the opening to pay all of it, its income of the day counted as it came.",
    )


def _sizing(records: Sequence[StressRecord]) -> StressTable:
    sizings = [sizing for record in records for sizing in (record.sizing, record.later)]
    columns = [sizing.needs() for sizing in sizings]
    staked = [pools_of(record) for record in records for _ in range(2)]
    rows = [
        (part(drop), *(f"{column[place].fund:,.0f}" for column in columns))
        for place, drop in enumerate(sorted(DROPS))
    ]
    rows += [
        ("largest fall in one step", *(part(one.largest) for one in sizings)),
        ("fund for that fall", *(f"{one.required():,.0f}" for one in sizings)),
        (
            "of the pools",
            *(part(one.required() / pools, 2) for one, pools in zip(sizings, staked, strict=True)),
        ),
        ("fund there is", *(f"{one.fund:,.0f}" for one in sizings)),
        ("carries a drop of", *map(_carried, sizings)),
    ]
    names = [f"{title(record)}, {when}" for record in records for when in ("opening", "later")]
    return StressTable(
        "sizing",
        "Fund that a drop in one step asks for",
        ("drop", *names),
        rows,
        "Quote, all markets falling at once: what the positions below maintenance after the drop lack when "
        "they close together along the curve. Opening: the positions as they opened. Later: those left just "
        "before the largest fall from one price to the next.",
    )


def _seeds(lines: Sequence[Line]) -> StressTable:
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(f"{line.window} {line.entry}", []).append(line)
    rows = []
    for name, group in groups.items():
        debts, needed = sorted(line.debt for line in group), sorted(line.needed for line in group)
        rows.append(
            (
                name,
                str(len(group)),
                quote(debts[0]),
                quote(debts[len(debts) // 2]),
                quote(debts[-1]),
                quote(needed[len(needed) // 2]),
                quote(needed[-1]),
                quote(min(line.fund for line in group)),
                str(sum(1 for line in group if line.after_insurance)),
            )
        )
    return StressTable(
        "seeds",
        "Over the seeds",
        (
            *("replay", "seeds", "least bad debt", "median", "most", "fund needed, median", "most"),
            *("fund there is", "failed"),
        ),
        rows,
        "Quote. A seed draws sizes, sides and leverages; prices are the same. Median: the upper one.",
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
            quote(line.needed),
            f"{line.required:,.0f}",
        )
        for line in lines
    ]
    head = (
        *("allowed", "mean", "liquidated", "liquidations", "bad debt", "after insurance", "fund needed"),
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
