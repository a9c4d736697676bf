"""Outcomes of the loop as tables for people and as dictionaries for programs."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from keel.sim.loop.compare import Outcome
from keel.sim.loop.run import LoopRecord
from keel.units import BPS, WAD, format_wad


class LoopTable(NamedTuple):
    """A table: the first column is a name, the second one more word where `worded`, the rest are figures."""

    title: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    worded: bool
    note: str


def tables(outcomes: Sequence[Outcome]) -> tuple[LoopTable, LoopTable]:
    """What the loop does alone, and what it does to a crowd."""
    return _alone(outcomes), _crowd(outcomes)


def as_json(outcome: Outcome) -> dict[str, Any]:
    """An outcome for programs: fractions as numbers, amounts as exact decimal text."""
    alone, crowd, without = outcome.measures
    return {
        "model": outcome.name,
        "gain": outcome.gain,
        "critical_gain": outcome.critical,
        "alone": asdict(alone),
        "crowd": asdict(crowd) | _trading(outcome.crowd),
        "without_funding": asdict(without),
    }


def _alone(outcomes: Sequence[Outcome]) -> LoopTable:
    rows = []
    for outcome in outcomes:
        alone, _, _ = outcome.measures
        rows.append(
            (
                outcome.name,
                alone.verdict,
                f"{outcome.gain:g}",
                _figure(outcome.critical, "{:.2f}"),
                _figure(alone.half_life, "{:.1f}"),
                _figure(alone.anchored_after, "{:.1f}"),
                f"{alone.overshoot:.0%}",
                _figure(alone.growth, "{:+.3f}"),
            )
        )
    return LoopTable(
        "After a shock of 2 %, alone",
        ("model", "ends", "gain", "critical", "halved", "within", "over", "growth"),
        rows,
        True,
        "gain of arbitrage per hour, and the critical one of linear theory (- where none fits the model); "
        "hours until the premium has halved for good, and until it stays within 10 bp for one; largest "
        "premium on the other side over the shock; growth of the swings per hour",
    )


def _crowd(outcomes: Sequence[Outcome]) -> LoopTable:
    rows = []
    for outcome in outcomes:
        _, crowd, without = outcome.measures
        beyond = (f"{crowd.beyond:.0%}", f"{without.beyond:.0%}")
        mean = (f"{crowd.mean * BPS:.1f}", f"{without.mean * BPS:.1f}")
        rows.append((outcome.name, *beyond, *mean, f"{outcome.crowd.result / WAD:,.0f}"))
    return LoopTable(
        "Against a crowd that keeps buying",
        ("model", "beyond 10 bp", "without", "mean, bp", "without", "arbitrage"),
        rows,
        False,
        "share of time beyond 10 bp and mean premium, with funding and without; what arbitrage earned, quote",
    )


def _trading(record: LoopRecord) -> dict[str, str]:
    turnover, result = format_wad(record.turnover), format_wad(record.result)
    return {"arbitrage_turnover": turnover, "arbitrage_result": result}


def _figure(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)
