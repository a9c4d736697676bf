"""The pages about a study: Markdown with the method beside the tables, and HTML with the plots."""

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from string import Template

from keel.analytics.page import page
from keel.analytics.tables import quote
from keel.config.deployment import MarketSettings
from keel.sim.stress.plots import plots
from keel.sim.stress.record import StressRecord
from keel.sim.stress.rows import part
from keel.sim.stress.settings import depth_of
from keel.sim.stress.study import Hands, Study, by_hands
from keel.sim.stress.sweep import Line
from keel.sim.stress.tables import StressTable, pools_of, tables, title

_TEMPLATES = Path(__file__).parent / "templates"
_EMPTY = "Not asked for."


def html(study: Study, command: str) -> str:
    """One self-contained page: tables, and plots as SVG; no script, no external resource."""
    parts = {
        "command": escape(command),
        "verdict_class": "fails" if study.failed else "holds",
        "verdict": escape(_verdict(study)),
        "summary": "".join(f"<li>{escape(line).replace('`', '')}</li>" for line in _summary(study)),
        "method": "".join(f"<p>{escape(line)}</p>" for line in _method(study)),
        "tables": "".join(_section(table) for table in tables(study)),
        "plots": "".join(f"<section><h2>{escape(name)}</h2>{svg}</section>" for name, svg in plots(study)),
    }
    return page("Keel: stress replay", _TEMPLATES / "stress.html", parts)


def markdown(study: Study, command: str) -> str:
    """The document; the same study gives the same text."""
    found = {table.name: table for table in tables(study)}
    names = ("markets", "payers", "sizing", "seeds", "frontier", "stakes", "rallies", "hands")
    parts = {name: "\n".join(_marked(found[name])) if name in found else _EMPTY for name in names}
    parts |= {
        "command": command,
        "verdict": _verdict(study),
        "summary": "\n".join(f"- {line}" for line in _summary(study)),
        "method": "\n".join(f"- {line}" for line in _method(study)),
        "parameters": "\n".join(_parameters(study.records[0].settings.deployment.markets[0])),
    }
    return Template((_TEMPLATES / "stress.md.template").read_text()).substitute(parts)


def _verdict(study: Study) -> str:
    if study.failed:
        return f"The insurance does not hold: {'; '.join(study.failed)}."
    paid = "The insurance paid every bad debt: after it, zero in every replay"
    failed = sum(1 for line in study.rallies if line.after_insurance)
    if not failed:
        return f"{paid}."
    return f"{paid} of these falls. Mirrored, as rallies, it did not in {failed} of {len(study.rallies)}."


def _summary(study: Study) -> Iterator[str]:
    """What was found, in sentences made from the figures."""
    for record in study.records:
        fallen = max(
            (moments[0].index - min(one.index for one in moments)) / moments[0].index
            for moments in (record.of(place) for place in range(len(record.openings)))
        )
        yield (
            f"{title(record)}: prices fell up to {part(fallen)} below the first one; "
            f"{quote(record.notional)} of {quote(record.open_interest)} liquidated, "
            f"{quote(record.total('absorbed'))} of it absorbed by the insurance, "
            f"whose own positions brought {quote(record.total('own_result'))} and "
            f"{quote(record.fund_end - record.cash_end)} more that is not realised; bad debt "
            f"{quote(record.debt)}, after insurance {quote(record.after_insurance)}; of the fund of "
            f"{quote(record.fund)} at most {quote(record.used)} was used at once."
        )
    yield _at_once(max(study.records, key=lambda record: record.sizing.required() / max(record.fund, 1)))
    if study.lines:
        yield (
            f"Over all seeds the most that a replay used is {part(study.used)} of the fund it had; "
            f"{len(study.failed)} of {len(study.lines)} failed."
        )
    if study.frontier:
        most = max(study.frontier, key=lambda line: line.debt)
        after = quote(sum(line.after_insurance for line in study.frontier))
        yield (
            f"Largest bad debt on the leverage frontier: {quote(most.debt)} at {most.leverage}x "
            f"({most.window} {most.entry}); after insurance {after} over all of it."
        )
    if study.rallies:
        yield _rallies(study.rallies)
    if study.hands:
        yield _concentration(by_hands(study.hands))


def _at_once(record: StressRecord) -> str:
    sizing = record.sizing
    asked = sizing.required()
    return (
        f"Had the largest fall from one price to the next of {title(record)}, {part(sizing.largest)}, come "
        "at once, before the leverage of the opening was worked off, it would have asked for a fund of "
        f"{asked:,.0f}, {part(asked / pools_of(record))} of the pools; there were {sizing.fund:,.0f}, which "
        f"carry {part(sizing.carries())}. By the bound of the lens, which sees only open interest, "
        f"it is {record.bounds.at(sizing.largest):,.0f}, and the fund carries {part(record.bounds.carries)}."
    )


def _rallies(lines: Sequence[Line]) -> str:
    """How often the insurance failed in a rally, for each depth."""
    depths: dict[int, list[int]] = {}
    for line in lines:
        depths.setdefault(line.depth, []).append(line.after_insurance)
    told = "; ".join(
        f"{sum(1 for one in after if one)} of {len(after)} with a curve of {depth} quote for each quote in "
        f"the pool, the worst with {quote(max(after))} after insurance"
        for depth, after in depths.items()
    )
    return f"Mirrored, with prices that rise as these fall and the same crowd, it failed in {told}."


def _concentration(rows: Sequence[Hands]) -> str:
    groups: dict[tuple[str, str], list[Hands]] = {}
    for one in rows:
        groups.setdefault((one.window, one.entry), []).append(one)
    ends = [
        (min(group, key=lambda one: one.concentration), max(group, key=lambda one: one.concentration))
        for group in groups.values()
    ]
    many, few = ends[0]
    growth = ", ".join(part(last.burst / first.burst - 1, 0) for first, last in ends)
    total = ", ".join(part(last.liquidated / first.liquidated - 1, 0) for first, last in ends)
    return (
        f"The same open interest in {few.accounts} accounts instead of {many.accounts}: the largest burst "
        f"grows by {growth}, the value liquidated by {total} (replays in the order of the table)."
    )


def _method(study: Study) -> Iterator[str]:
    """What the settings were, in sentences."""
    for record in _windows(study.records):
        window = record.settings.window
        sources = ", ".join(f"{name}: {candles.source}" for name, candles in window.candles.items())
        kind = "market data" if window.real else "simulated, no market data"
        yield f"{window.name}: a candle every {window.interval} seconds ({kind}; {sources})."
    first = study.records[0].settings
    crowd, money = first.crowd, first.money
    yield (
        f"{crowd.accounts} accounts, leverage {crowd.least}x to {crowd.most}x log-uniform, "
        f"{crowd.short_percent} % of the open interest short, sizes log-normal (standard deviation "
        f"{crowd.spread_percent} %); together {money.fill_percent} % utilization. Seed {first.seed}."
    )
    yield (
        f"Pools of {money.pool:,} quote each; the insurance staked with {part(money.insurance_bps / 10_000)} "
        "of all pools."
    )
    yield f"Latency of the liquidation keeper: {first.latency} steps."


def _windows(records: Sequence[StressRecord]) -> list[StressRecord]:
    return list({record.settings.window.name: record for record in records}.values())


def _parameters(market: MarketSettings) -> Iterator[str]:
    yield "| position value up to | maintenance | initial |"
    yield "|---|---:|---:|"
    for bracket in market.brackets:
        limit = f"{bracket.up_to:,}" if bracket.up_to else "beyond"
        yield f"| {limit} | {part(float(bracket.maintenance))} | {part(float(bracket.initial))} |"
    yield ""
    yield (
        f"Penalty {part(float(market.penalty_min))} to {part(float(market.penalty_max))}, "
        f"{part(float(market.keeper_share), 0)} of it to the keeper; insurance share of fees "
        f"{part(float(market.insurance_fee_share), 0)}; largest net position {float(market.max_exposure):g} "
        f"times the pool, largest side {float(market.max_side):g} times. The curve is {depth_of(market)} "
        f"quote deep for each quote in the pool at the first price. Liquidation window "
        f"{part(float(market.window))} of the depth; the pool pays at most "
        f"{part(float(market.loss_cap), 0)} of its equity a day."
    )


def _marked(table: StressTable) -> Iterator[str]:
    yield "| " + " | ".join(table.head) + " |"
    yield "|---|" + "---:|" * (len(table.head) - 1)
    for row in table.rows:
        yield "| " + " | ".join(row) + " |"
    yield ""
    yield table.note


def _section(table: StressTable) -> str:
    def line(tag: str, cells: Sequence[str]) -> str:
        kinds = ["", *[' class="n"'] * (len(cells) - 1)]
        parts = (f"<{tag}{kind}>{escape(cell)}</{tag}>" for kind, cell in zip(kinds, cells, strict=True))
        return f"<tr>{''.join(parts)}</tr>"

    body = line("th", table.head) + "".join(line("td", cells) for cells in table.rows)
    note = f'<p class="note">{escape(table.note)}</p>'
    return (
        f'<section class="wide"><h2>{escape(table.title)}</h2>'
        f'<div class="scroll"><table>{body}</table></div>{note}</section>'
    )
