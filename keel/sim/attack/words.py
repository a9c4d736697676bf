"""Attacks in words and figures, for tables and pages."""

from collections.abc import Iterable
from typing import Any

from keel.sim.attack.campaign import Verdict
from keel.sim.attack.families import FAMILIES
from keel.sim.attack.outcome import Outcome
from keel.sim.attack.plan import Plan
from keel.sim.attack.search import ABANDONED, CARRY, PUSHES, Found
from keel.sim.attack.venue import POOL
from keel.units import BPS, WAD

HEAD = (
    "design",
    "best push",
    "pays below",
    "without fees",
    "left by others",
    "interest",
    "worst 8 h",
    "tried",
)
#: What the columns are.
LEGEND = (
    "Quote; the pool has a million. Best push: gain by own trades, fees paid. Pays below: the highest total "
    "fee at which a push would have paid. Without fees: the same gain, where trades are free. Left by "
    "others: gain after an honest crowd left. Interest: what waiting is paid per 8 h. Worst 8 h: most "
    "funding that the pool paid within 8 hours, fees not counted."
)

_HOUR, _DAY = 3_600, 86_400
_COUNTS = ("cycles", "pairs", "multiple")
_TIMES = ("before", "tau", "after", "wait", "lead", "tail")
_IDEAS = {family.name: family.idea for family in FAMILIES}


def quote(wad: int, decimals: int = 2) -> str:
    """Quote WAD for people."""
    return f"{wad / WAD:,.{decimals}f}"


def of_pool(wad: int) -> str:
    """Quote WAD in percent of the pool's first equity."""
    return f"{wad / WAD / POOL * 100:.2f} %"


def bps(fraction: float) -> str:
    """A fraction in bp."""
    return f"{fraction * BPS:.2f} bp"


def duration(seconds: int) -> str:
    """Seconds in the largest units that say it well."""
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 2 * _HOUR:
        return f"{seconds / 60:.3g} min"
    if seconds < 2 * _DAY:
        return f"{seconds / _HOUR:.4g} h"
    return f"{seconds / _DAY:.3g} days"


def knobs(plan: Plan) -> str:
    """The numbers of a plan, sizes in percent of pool equity."""
    told = ["against longs" if plan.knobs["side"] > 0 else "against shorts"]
    for name, value in plan.knobs.items():
        label = name.replace("_seconds", " for").replace("seconds", "for")
        if name in _COUNTS:
            told.append(f"{label} {value}")
        elif name.endswith("seconds") or name in _TIMES:
            told.append(f"{label} {duration(value)}")
        elif name != "side":
            told.append(f"{label} {value / 100:.3g} %")
    return ", ".join(told)


def idea(found: Found) -> str:
    """What an attack means to do."""
    return _IDEAS[found.plan.family]


def row(verdict: Verdict) -> tuple[str, ...]:
    """One line of the table, in the order of HEAD."""
    push, free, fastest = verdict.push, verdict.free.top(PUSHES), verdict.paid.fastest
    left = verdict.paid.best.get(ABANDONED)
    return (
        verdict.suspect.name,
        f"{quote(push.gain)} {push.plan.family}" if push.gain > 0 else "none",
        bps(verdict.break_even),
        f"{quote(free.gain)} {free.plan.family}" if free.gain > 0 else "none",
        quote(left.gain) if left and left.gain > 0 else "none",
        f"{verdict.interest:.2f}",
        f"{quote(fastest.outcome.worst, 0)} ({of_pool(fastest.outcome.worst)})" if fastest else "",
        f"{verdict.tried:,}",
    )


def as_json(verdicts: Iterable[Verdict]) -> list[dict[str, Any]]:
    """Everything that the search found, for programs; quote as text, fractions as numbers."""
    return [_verdict(verdict) for verdict in verdicts]


def _verdict(verdict: Verdict) -> dict[str, Any]:
    bound = verdict.bound
    return {
        "design": verdict.suspect.name,
        "model": verdict.suspect.funding.model,
        "tried": verdict.tried,
        "refused": dict(verdict.paid.refused + verdict.free.refused),
        "fee": verdict.fee,
        "break_even_fee": verdict.break_even,
        "interest_per_8h": verdict.interest,
        "fees_paid": {name: _found(found) for name, found in verdict.paid.best.items()},
        "no_fees": {name: _found(found) for name, found in verdict.free.best.items()},
        "fastest": _found(verdict.paid.fastest) if verdict.paid.fastest else None,
        "poorest": _found(verdict.paid.poorest) if verdict.paid.poorest else None,
        "bound": {"cutoff": bound.cutoff, "least_fee": bound.least_fee, "gift": bound.gift}
        if bound
        else None,
        "breaches": verdict.breaches(),
    }


def _found(found: Found) -> dict[str, Any]:
    return {
        "family": found.plan.family,
        "knobs": dict(found.plan.knobs),
        "touch": found.plan.touch,
        "gain": quote(found.gain, 6),
        "cover": found.cover,
        **_outcome(found.outcome),
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "profit": quote(outcome.profit, 6),
        "profit_bps": outcome.bps,
        "fees": quote(outcome.fees, 6),
        "seconds": outcome.seconds,
        "pool_funding": quote(outcome.pool_funding, 6),
        "pool_change": quote(outcome.pool_change, 6),
        "pool_worst_8h": quote(outcome.worst, 6),
        "exposure": quote(outcome.exposure, 2),
    }


def carry(verdict: Verdict) -> Found | None:
    """Best position that only waits, with fees."""
    return verdict.paid.best.get(CARRY)
