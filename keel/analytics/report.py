"""One self-contained HTML page about a day: no script, no external resource."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from keel.analytics.page import page
from keel.analytics.plots import all_plots
from keel.analytics.record import DayRecord
from keel.analytics.tables import TIERS, by_tier, clock, percent, quote, rows
from keel.units import BPS, WAD

_TEMPLATE = Path(__file__).parent / "templates" / "report.html"


def render(record: DayRecord) -> str:
    """The page."""
    first, last = record.samples[0].time, record.samples[-1].time
    day = datetime.fromtimestamp(first, UTC).strftime("%d %B %Y")
    hours = f"{clock(first)} to {clock(last)} UTC"
    kind = "market data" if record.origin.real else "simulated prices"
    parts = {
        "title": f"Keel market day: {day}",
        "subtitle": f"{hours} · {escape(record.origin.source)} ({kind}) · seed {record.origin.seed}",
        "verdict_class": "holds" if record.proven else "fails",
        "verdict": "Books proven to the wei" if record.proven else "The books do not add up",
        "tiles": "".join(_tiles(record)),
        "prices_note": _prices_note(record),
        "proof": "".join(_proof(record)),
        "pool": "".join(_pool(record)),
        "events": _table(("time", "event"), _events(record)),
        "traders": _table(
            ("trader", "paid in", "equity", "result", "liquidated"), _traders(record), numeric=1
        ),
        "figures": _table((), rows(record)),
        "parameters": _table((), record.origin.parameters.items()),
        "disclosure": _disclosure(record),
    }
    return page(parts["title"], _TEMPLATE, parts | dict(all_plots(record)))


def _tiles(record: DayRecord) -> Iterator[str]:
    samples, tally = record.samples, record.tally
    low, high = min(s.index for s in samples), max(s.index for s in samples)
    rates = [s.rate for s in samples]
    tiers = ", ".join(f"{count} {name}" for name, count in by_tier(record).items())
    debt = tally.from_insurance + tally.from_pool
    insurance = samples[-1].insurance - samples[0].insurance
    tiles = (
        (f"{_fall(record)} %", "deepest fall of the index from a high"),
        (f"{quote(low)}", f"lowest index; highest {quote(high)}"),
        (f"{quote(tally.volume // 10**6, 1)} M", f"volume in {tally.trades} trades and all liquidations"),
        (str(len(record.liquidations)), f"liquidations: {tiers}"),
        (quote(debt), f"bad debt, {quote(tally.from_pool)} of it paid by the pool"),
        (f"{'+' if insurance > 0 else ''}{quote(insurance)}", "change of the insurance"),
        (f"{'+' if record.report.earned > 0 else ''}{quote(record.report.earned)}", "earned by the pool"),
        (f"{quote(min(rates) * BPS, 1)} to {quote(max(rates) * BPS, 1)}", "funding rate, bp per 8 h"),
    )
    for value, name in tiles:
        yield f'<div class="tile"><b>{escape(value)}</b><span>{escape(name)}</span></div>'


def _fall(record: DayRecord) -> str:
    """Deepest fall of the index from an earlier high, percent."""
    peak, deepest = record.samples[0].index, 0
    for sample in record.samples:
        peak = max(peak, sample.index)
        deepest = min(deepest, sample.index * WAD // peak - WAD)
    return percent(deepest)


def _prices_note(record: DayRecord) -> str:
    start, end = record.origin.outage
    seen = {sample.validity for sample in record.samples if start <= sample.time <= end}
    ladder = ", ".join(validity.name.replace("_", " ").lower() for validity in sorted(seen))
    return (
        f"Shaded: every read of the feed reverts from {clock(start)} to {clock(end)}; the stored price goes "
        f"down the validity ladder: {ladder} (the two stale steps are the contracts' two age limits). Strip: "
        "green valid, yellow stale, orange too stale for anything but margin, violet volatile, red invalid."
    )


def _proof(record: DayRecord) -> Iterator[str]:
    for check in record.checks:
        mark, kind = ("✓", "holds") if check.holds else ("✗", "fails")
        detail = f"<code>{escape(check.detail)}</code>" if check.detail else ""
        yield f'<tr><td class="{kind}">{mark}</td><td>{escape(check.name)}{detail}</td></tr>'


def _pool(record: DayRecord) -> Iterator[str]:
    report = record.report
    terms = (
        ("fees, without the insurance's part", report.fees),
        ("funding received as the counterparty of the net position", report.funding),
        ("trader PnL: index moves and fills", report.trader_pnl),
        ("curve gain: what changes of depth left", report.curve_gain),
        ("bad debt", report.bad_debt),
        ("paid in by liquidity providers", report.deposits),
        ("taken out, charges included", report.redemptions),
    )
    for name, amount in terms:
        yield f'<tr><td>{name}</td><td class="n">{quote(amount, 2)}</td></tr>'
    yield f'<tr class="sum"><td>equity</td><td class="n">{quote(report.total, 2)}</td></tr>'


def _events(record: DayRecord) -> list[tuple[str, str]]:
    start, end = record.origin.outage
    told = [(start, "the feed fails"), (end, "the feed is back"), *record.notes]
    for event in record.liquidations:
        text = (
            f"{event.trader}: {TIERS[event.tier]}, {quote(abs(event.size), 4)} at {quote(event.price, 1)}, "
            f"{quote(abs(event.left), 4)} left, penalty {quote(event.penalty, 2)}"
        )
        if event.absorbed:
            text += ", taken over by the insurance"
        if event.shortfall:
            text += f", bad debt {quote(event.shortfall, 2)}"
        told.append((event.time, text))
    return [(clock(time), text) for time, text in sorted(told, key=lambda item: item[0])]


def _traders(record: DayRecord) -> Iterator[Sequence[str]]:
    for trader in record.traders:
        result = trader.equity - trader.paid_in
        times = str(trader.liquidations) if trader.liquidations else ""
        yield trader.name, quote(trader.paid_in), quote(trader.equity), quote(result), times


def _disclosure(record: DayRecord) -> str:
    origin = record.origin
    source = escape(origin.source)
    prices = (
        f"Prices: candles of {source}; the path inside a candle (open, extremes, close) is an assumption."
        if origin.real
        else f"Prices: simulated, a {source}, calibrated to the published moves of that day; no market data."
    )
    lines = (
        prices,
        "Feed: a simulated Chainlink aggregator that anyone can set; its outage is injected.",
        f"People: {len(record.traders)} traders, liquidity providers and a staker are programs; sizes and "
        f"entries are drawn from seed {origin.seed}. Tokens have no value.",
        "Contracts: the real ones, deployed by the same code as on a testnet; keepers and traders act "
        "through ordinary transactions.",
    )
    return "".join(f"<p>{line}</p>" for line in lines)


def _table(head: Sequence[str], body: Iterable[Sequence[str]], numeric: int | None = None) -> str:
    """A table; columns from `numeric` on are aligned to the right."""

    def cell(tag: str, column: int, text: str) -> str:
        right = ' class="n"' if numeric is not None and column >= numeric else ""
        return f"<{tag}{right}>{escape(text)}</{tag}>"

    top = "".join(cell("th", i, text) for i, text in enumerate(head))
    lines = ("".join(cell("td", i, text) for i, text in enumerate(line)) for line in body)
    return (f"<tr>{top}</tr>" if head else "") + "".join(f"<tr>{line}</tr>" for line in lines)
