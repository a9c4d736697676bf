"""A day in figures: one table for people, one dictionary for programs."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from keel.analytics.record import DayRecord
from keel.model.liquidation import Tier
from keel.units import BPS, WAD, format_wad

TIERS = {int(tier): tier.name.lower() for tier in (Tier.TRIM, Tier.DELEVERAGE, Tier.CLOSE)}


class Row(NamedTuple):
    """One line of the table: group, name and value."""

    group: str
    name: str
    value: str


def quote(wad: int, decimals: int = 0) -> str:
    """Quote WAD with separators, floor of the magnitude."""
    scaled = abs(wad) * 10**decimals // WAD
    whole, fraction = divmod(scaled, 10**decimals)
    sign = "-" if wad < 0 and scaled else ""
    return f"{sign}{whole:,}" + (f".{fraction:0{decimals}d}" if decimals else "")


def bps(wad: int) -> str:
    """A fraction WAD in bps with two decimals, floor of the magnitude."""
    return quote(wad * BPS, 2)


def percent(wad: int) -> str:
    """A fraction WAD in percent with two decimals, floor of the magnitude."""
    return quote(wad * 100, 2)


def clock(time: int) -> str:
    """Time of day, UTC."""
    return datetime.fromtimestamp(time, UTC).strftime("%H:%M")


def rows(record: DayRecord) -> list[Row]:
    """The table of the day; a group is named in its first row only."""
    table: list[Row] = []
    for group in (_market_rows(record), _risk_rows(record), _pool_rows(record)):
        first, *others = group
        table += [first, *(Row("", row.name, row.value) for row in others)]
    return table


def by_tier(record: DayRecord) -> dict[str, int]:
    """Number of liquidations by tier."""
    found = Counter(event.tier for event in record.liquidations)
    return {name: found[tier] for tier, name in TIERS.items()}


def summary(record: DayRecord) -> dict[str, Any]:
    """The day for programs: amounts as exact decimal text, counts as numbers, times as Unix seconds."""
    last, tally, report = record.samples[-1], record.tally, record.report
    terms = ("fees", "funding", "trader_pnl", "curve_gain", "bad_debt", "deposits", "redemptions")
    return {
        "source": record.origin.source,
        "real_data": record.origin.real,
        "seed": record.origin.seed,
        "from": record.samples[0].time,
        "to": last.time,
        "steps": tally.steps,
        "transactions": tally.transactions,
        "outage": list(record.origin.outage),
        "index": format_wad(last.index),
        "mark": format_wad(last.mark),
        "funding_rate_8h": format_wad(last.rate),
        "long_interest": format_wad(last.long_interest),
        "short_interest": format_wad(last.short_interest),
        "utilization_peak": format_wad(max(sample.utilization for sample in record.samples)),
        "trades": tally.trades,
        "volume": format_wad(tally.volume),
        "liquidations": by_tier(record),
        "bad_debt": {
            "insurance": format_wad(tally.from_insurance),
            "pool": format_wad(tally.from_pool),
        },
        "insurance": format_wad(last.insurance),
        "pool_equity": format_wad(last.equity),
        "pool": {name: format_wad(getattr(report, name)) for name in terms},
        "refused": {f"{action}: {error}": n for (action, error), n in sorted(tally.refusals.items())},
        "proof": {check.name: check.holds for check in record.checks},
        "proven": record.proven,
    }


def _market_rows(record: DayRecord) -> Iterator[Row]:
    samples, last, tally = record.samples, record.samples[-1], record.tally
    group = "market"
    low, high = min(s.index for s in samples), max(s.index for s in samples)
    yield Row(group, "index, last (low to high)", f"{quote(last.index)} ({quote(low)} to {quote(high)})")
    premiums = [s.premium for s in samples]
    yield Row(group, "mark, last", f"{quote(last.mark)}, premium {bps(last.premium)} bp")
    yield Row(group, "premium, range", f"{bps(min(premiums))} to {bps(max(premiums))} bp")
    rates = [s.rate for s in samples]
    yield Row(group, "funding rate per 8 h", f"{bps(last.rate)} bp ({bps(min(rates))} to {bps(max(rates))})")
    interest = f"{quote(last.long_interest, 2)} long, {quote(last.short_interest, 2)} short"
    yield Row(group, "open interest, base", interest)
    yield Row(group, "trades and volume", f"{tally.trades}, {quote(tally.volume)}")


def _risk_rows(record: DayRecord) -> Iterator[Row]:
    samples, tally = record.samples, record.tally
    group = "risk"
    peak = max(s.utilization for s in samples)
    yield Row(group, "utilization, last and peak", f"{percent(samples[-1].utilization)} %, {percent(peak)} %")
    counts = ", ".join(f"{count} {name}" for name, count in by_tier(record).items())
    yield Row(group, "liquidations", f"{len(record.liquidations)}: {counts}")
    yield Row(group, "penalties", f"{quote(tally.penalties, 2)}, of it {quote(tally.rewards, 2)} to keepers")
    covered = f"{quote(tally.from_insurance, 2)} by insurance, {quote(tally.from_pool, 2)} by the pool"
    yield Row(group, "bad debt", covered)
    yield Row(
        group, "insurance, first and last", f"{quote(samples[0].insurance)} to {quote(samples[-1].insurance)}"
    )
    refused = sum(tally.refusals.values())
    reasons = Counter[str]()
    for (_, error), count in tally.refusals.items():
        reasons[error] += count
    detail = ", ".join(f"{count} {error}" for error, count in reasons.most_common())
    yield Row(group, "refused actions", f"{refused}: {detail}" if refused else "0")


def _pool_rows(record: DayRecord) -> Iterator[Row]:
    report = record.report
    group = "pool"
    yield Row(group, "equity", quote(record.samples[-1].equity, 2))
    for name, amount in (
        ("fees", report.fees),
        ("funding", report.funding),
        ("trader PnL, seen by the pool", report.trader_pnl),
        ("curve gain", report.curve_gain),
        ("bad debt", report.bad_debt),
    ):
        yield Row(group, name, quote(amount, 2))
    yield Row(group, "earned in all", quote(report.earned, 2))
    flows = f"{quote(report.deposits, 2)} in, {quote(-report.redemptions, 2)} out"
    yield Row(group, "liquidity providers", flows)
