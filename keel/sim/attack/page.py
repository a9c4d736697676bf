"""The pages about a search: Markdown with the theory beside the figures, and HTML with the figures."""

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from string import Template

from matplotlib.figure import Figure

from keel.analytics.figures import BLUE, GREEN, MUTED, RED, draw
from keel.analytics.page import page
from keel.errors import ConfigError
from keel.sim.attack.campaign import Verdict
from keel.sim.attack.families import FAMILIES
from keel.sim.attack.search import ABANDONED, PUSHES, Found
from keel.sim.attack.suspects import DEFAULT
from keel.sim.attack.venue import DEPTH, INDEX, MAX_SIDE, POOL
from keel.sim.attack.words import HEAD, LEGEND, bps, carry, duration, idea, knobs, of_pool, quote, row
from keel.units import BPS, WAD

_TEMPLATES = Path(__file__).parent / "templates"
# Hard end of the curve for reductions, part of the depth.
_HARD_SKEW = 0.75


def markdown(verdicts: Sequence[Verdict], command: str, seconds: float) -> str:
    """The document; needs the layered design among the verdicts.

    Raises:
        ConfigError: It is not.
    """
    layered = next((verdict for verdict in verdicts if verdict.suspect.name == DEFAULT), None)
    if layered is None:
        raise ConfigError("the document is about the layered design", "attack all, or write .html")
    parts = {
        "command": command,
        "seconds": f"{seconds:g}",
        "tried": f"{sum(verdict.tried for verdict in verdicts):,}",
        "families": "\n".join(f"- `{family.name}`: {family.idea}" for family in FAMILIES),
        "legend": LEGEND,
        "table": "\n".join(_table(verdicts)),
        "details": "\n".join(_details(verdicts)),
    }
    text = (_TEMPLATES / "manipulation.md.template").read_text()
    return Template(text).substitute(parts | _market(layered) | _theory(layered) | _speed(layered))


def html(verdicts: Sequence[Verdict], command: str, seconds: float) -> str:
    """One self-contained page with the figures."""
    head = "".join(f"<th>{escape(name)}</th>" for name in HEAD)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row(verdict)) + "</tr>"
        for verdict in verdicts
    )
    parts = {
        "command": escape(command),
        "seconds": f"{seconds:g}",
        "tried": f"{sum(verdict.tried for verdict in verdicts):,}",
        "table": f"<table><tr>{head}</tr>{body}</table>",
        "fees": draw(
            "Highest fee at which a push would have paid", 9, 0.6 + 0.34 * len(verdicts), _Fees(verdicts)
        ),
        "legend": LEGEND,
        "details": "".join(f"<li>{escape(line[2:]).replace('`', '')}</li>" for line in _details(verdicts)),
        "broken": "".join(f"<p>{escape(what)}</p>" for verdict in verdicts for what in verdict.breaches())
        or "<p>every claim holds</p>",
    }
    return page("Keel: attacks on funding", _TEMPLATES / "manipulation.html", parts)


class _Fees:
    """Bars of the break-even fees, and the shipped fee."""

    def __init__(self, verdicts: Sequence[Verdict]) -> None:
        self._verdicts = list(reversed(verdicts))

    def __call__(self, figure: Figure) -> None:
        axes = figure.subplots()
        values = [verdict.break_even * BPS for verdict in self._verdicts]
        fee = self._verdicts[0].fee
        colours = [RED if verdict.break_even > fee else GREEN for verdict in self._verdicts]
        axes.barh([verdict.suspect.name for verdict in self._verdicts], values, color=colours, height=0.6)
        axes.axvline(fee * BPS, color=BLUE)
        axes.set_xlabel("bp of a trade; the line is the shipped fee", color=MUTED)
        axes.grid(visible=False, axis="y")


def _market(layered: Verdict) -> dict[str, str]:
    return {
        "index": f"{INDEX:,}",
        "pool": f"{POOL:,}",
        "depth": f"{DEPTH:,}",
        "worth": f"{DEPTH * INDEX:,}",
        "fee": bps(layered.fee),
    }


def _theory(layered: Verdict) -> dict[str, str]:
    bound = layered.bound
    if bound is None or bound.cutoff is None:
        raise ConfigError(
            "the theorem's condition does not hold for these fees", "raise the fees of the preset"
        )
    left, push, free = layered.paid.best[ABANDONED], layered.push, layered.free.top(PUSHES)
    return {
        "cutoff": f"{bound.cutoff:,.0f}",
        "cutoff_share": f"{bound.cutoff / POOL * 100:.1f} %",
        "least_fee": bps(bound.least_fee),
        "least_fee_stressed": bps(bound.stressed().least_fee),
        "gift": f"{bound.gift:.2f}",
        "most_stored": bps(bound.most_stored),
        "most_left": f"{bound.most(0, bound.most_stored):,.0f}",
        "found_push": quote(push.gain) if push.gain > 0 else "none gains",
        "cover": f"{layered.break_even / layered.fee * 100:.1f} %",
        "break_even": bps(layered.break_even),
        "found_left": quote(left.outcome.profit),
        "bound_left": f"{layered.allowed(left):,.0f}",
        "found_carry": f"{layered.interest:.2f}",
        "free_push": _told(free),
    }


def _speed(layered: Verdict) -> dict[str, str]:
    fastest, cap = layered.paid.fastest, layered.suspect.cap / WAD
    if fastest is None:
        raise ConfigError("no plan was played", "give the search more --seconds")
    outcome, hard = fastest.outcome, _HARD_SKEW * DEPTH * INDEX / POOL
    return {
        "cap_exposure": f"{cap * POOL:,.0f}",
        "cap_share": f"{cap * 100:.2f} %",
        "max_side": f"{MAX_SIDE:g}",
        "side_cap_share": f"{cap * MAX_SIDE * 100:.2f} %",
        "hard_exposure": f"{hard:g}",
        "exposure": f"{max(layered.paid.exposure, layered.free.exposure) / WAD / POOL:.1f}",
        "fastest": quote(outcome.worst, 0),
        "fastest_share": of_pool(outcome.worst),
        "fastest_profit": quote(outcome.profit, 0),
        "fastest_pool": quote(outcome.pool_change, 0),
    }


def _table(verdicts: Sequence[Verdict]) -> Iterator[str]:
    yield "| " + " | ".join(HEAD) + " |"
    yield "|---" * len(HEAD) + "|"
    for verdict in verdicts:
        yield "| " + " | ".join(row(verdict)) + " |"


def _details(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """One list item per design."""
    for verdict in verdicts:
        told = [f"- `{verdict.suspect.name}`, {verdict.suspect.design}."]
        push, left, waiting = verdict.push, verdict.paid.best.get(ABANDONED), carry(verdict)
        share = verdict.break_even / verdict.fee * 100
        if push.gain > 0:
            told.append(f"**Breaks**: {_told(push)}.")
        else:
            told.append(f"No push gained; funding covered at most {share:.1f} % of its fees.")
        if left and left.gain > 0:
            told.append(f"After an honest crowd: {_told(left)}.")
        if waiting and waiting.gain > 0:
            told.append(f"Waiting: {_told(waiting)}.")
        yield " ".join(told)


def _told(found: Found) -> str:
    """An attack in words: what, how much, what the pool lost and how fast."""
    outcome = found.outcome
    hours = max(outcome.seconds, 1) / 3_600
    lost = f"the pool's funding {quote(outcome.pool_funding)}, with its fees {quote(outcome.pool_change)}"
    rate = f"{quote(int(outcome.pool_change / hours))} an hour" if hours >= 1 else "at once"
    return (
        f"{idea(found)} ({knobs(found.plan)}) gains {quote(found.gain)}, "
        f"{outcome.bps:.2f} bp of the position, in {duration(outcome.seconds)}; {lost} ({rate})"
    )
