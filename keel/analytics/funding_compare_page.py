"""One self-contained HTML page about a comparison: no script, no external resource."""

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path

from keel.analytics.funding_compare import Comparison
from keel.analytics.funding_compare_cases import Saturation, SpotOnly
from keel.analytics.funding_compare_plots import all_plots, crash_plot, moving_days
from keel.analytics.funding_compare_tables import MODEL_HEAD, bp, crash_tables, day, minute, model_rows
from keel.analytics.funding_compare_windows import Replay
from keel.analytics.page import page
from keel.units import BPS

_TEMPLATE = Path(__file__).parent / "templates" / "funding_compare.html"
_CORRELATION, _ERROR = MODEL_HEAD.index("correlation"), MODEL_HEAD.index("mean error")


def render(comparison: Comparison) -> str:
    """The page."""
    series = comparison.series
    days = moving_days(comparison)
    windows = len(next(iter(comparison.runs.values())).settled)
    parts = {
        "title": f"Funding models compared: {escape(series.source)}",
        "subtitle": f"{day(series.times[0])} to {day(series.times[-1])} UTC · {len(series.times):,} samples, "
        f"{series.gaps} gaps · {windows:,} windows of 8 hours",
        "models": _models(comparison),
        "moving_days": "a day" if days == 1 else f"{days} days",
        "crash_tables": "".join(_crash_tables(comparison)),
        "crashes": "".join(_crashes(comparison.replays)),
        "spot_only": _spot_only(comparison.spot_only),
        "saturation": _saturation(comparison.saturation),
        "method": "".join(f"<p>{line}</p>" for line in _method(comparison)),
        "parameters": "".join(_parameters(comparison)),
    }
    plots = all_plots(comparison)
    parts |= {name: plots[name] for name in ("cumulative", "moving")}
    known = "calibration" in plots
    parts["distribution"] = _section(
        "Distribution of the 8-hour rates", plots["distribution"], wide=not known
    )
    parts["calibration"] = _section("Rate against the published rate", plots["calibration"]) if known else ""
    return page(f"Funding models compared: {series.source}", _TEMPLATE, parts)


def _models(comparison: Comparison) -> str:
    rivals = {name: one for name, one in comparison.figures.items() if one.correlation is not None}
    best = {}
    if rivals:
        best[_CORRELATION] = max(rivals, key=lambda name: rivals[name].correlation or -1)
        best[_ERROR] = min(rivals, key=lambda name: rivals[name].error or 0)
    lines = (
        "".join(_cell(text, column, best=best.get(column) == row[0]) for column, text in enumerate(row))
        for row in model_rows(comparison)
    )
    return _head(MODEL_HEAD) + "".join(f"<tr>{line}</tr>" for line in lines)


def _crash_tables(comparison: Comparison) -> Iterator[str]:
    for one in crash_tables(comparison):
        yield _section(one.title, _noted(one.note, one.head, one.rows))


def _crashes(replays: Iterable[Replay]) -> Iterator[str]:
    for one in replays:
        note = (
            f"{escape(one.series.source)}: a sample every {one.series.interval // 60} minutes. Dotted: the "
            f"extreme of the basis, {bp(one.extreme)} bp at {minute(one.extreme_at)} UTC. Stepped: paid at "
            "the end of the step."
        )
        title = f"{day(one.window.start)} to {day(one.window.end)}: basis and rates"
        yield _section(title, f'<p class="note">{note}</p>{crash_plot(one)}')


def _spot_only(case: SpotOnly | None) -> str:
    if case is None:
        return ""
    note = (
        "19 May 2021, by the minute. Let the perp stand exactly at spot and average the spot price alone "
        f"over five minutes: from 12:00 to 14:00 UTC the false premium runs from {bp(case.lowest)} to "
        f"{bp(case.highest)} bp. From simultaneous prices the premium is zero all day. Lowest rate in "
        "force that day until 16:00, bp per 8 h:"
    )
    lines = ((name, bp(rate), bp(case.resting[name])) for name, rate in case.charged.items())
    table = _noted(note, ("model", "spot-only average", "simultaneous prices"), lines)
    return _section("A premium needs both prices at one moment", table)


def _saturation(case: Saturation | None) -> str:
    if case is None:
        return ""
    note = (
        f"BitMEX charged exactly {bp(-case.cap)} bp {case.published.count(-case.cap)} times in a row. The "
        "premium behind it was not published. Constructed: a premium that inverts the published rates, "
        "and in the capped windows runs from the smallest that reaches the cap to eight times it. "
        "Deribit: the premium behind what Deribit charged by the hour. Both through the premium model "
        "with BitMEX's cap and times, bp per 8 h:"
    )
    kinds = {"BitMEX, published": case.published, "model, constructed": case.constructed}
    if case.deribit:
        kinds["model, Deribit"] = case.deribit
    lines = ((name, *map(bp, rates)) for name, rates in kinds.items())
    table = _noted(note, ("settlement, UTC", *(minute(time)[5:] for time in case.times)), lines)
    return _section("Saturation: March 2020", table, wide=True)


def _method(comparison: Comparison) -> Iterator[str]:
    series, skew = comparison.series, comparison.settings.skew
    full = (skew.full_premium * BPS).normalize()
    yield (
        f"Premium: perp / spot - 1, a sample every {series.interval // 60} minutes; each holds until the "
        "next, as between two touches of a market. Closes from just before a halt of either leg are left "
        "out: they are older than the price of the leg that went on."
    )
    yield (
        "Premium model: the exchange's form, the mean premium of 8 hours, paid at their end. Weighted: later "
        "samples weigh more (1, 2, ..., n)."
    )
    yield (
        "Skew: exchanges publish none. The net position is the one that has the premium on Keel's own "
        "curve, q = 1 - 1 / sqrt(1 + p), with depth 1. Layered sees the utilization q over the band of "
        f"{skew.max_skew:f}. Velocity and Adaptive take a premium of {full:f} bp as a "
        "market with one side only: longs less shorts are q, their sum is the q of that premium, or |q| "
        "if that is more."
    )
    volatility = (
        "the oracle's average of spot returns" if series.spots else "the base volatility: no spot prices"
    )
    yield f"Volatility, for the interest of Layered: {volatility}."
    yield (
        "The loop is open: the premium is what the exchange's own funding left of it, and does not answer "
        "to the model shown. Models that integrate the skew wander further here than in a market of their "
        "own."
    )


def _parameters(comparison: Comparison) -> Iterator[str]:
    for one in comparison.settings.models:
        values = one.settings.model_dump(exclude={"model"}, exclude_none=True)
        text = " · ".join(
            f"{name} {value if isinstance(value, int | str) else format(value, 'f')}"
            for name, value in values.items()
        )
        yield f'<tr><td class="key">{escape(one.name)}</td><td class="params">{escape(text)}</td></tr>'


def _noted(note: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ("".join(_cell(text, column) for column, text in enumerate(row)) for row in rows)
    table = _head(head) + "".join(f"<tr>{line}</tr>" for line in lines)
    return f'<p class="note">{note}</p><div class="scroll"><table>{table}</table></div>'


def _section(title: str, body: str, *, wide: bool = False) -> str:
    kind = ' class="wide"' if wide else ""
    return f"<section{kind}><h2>{title}</h2>{body}</section>\n"


def _head(names: Sequence[str]) -> str:
    first, *others = names
    return (
        f"<tr><th>{escape(first)}</th>{''.join(f'<th class=n>{escape(name)}</th>' for name in others)}</tr>"
    )


def _cell(text: str, column: int, *, best: bool = False) -> str:
    kinds = (["n"] if column else []) + (["best"] if best else [])
    return f'<td class="{" ".join(kinds)}">{escape(text)}</td>' if kinds else f"<td>{escape(text)}</td>"
