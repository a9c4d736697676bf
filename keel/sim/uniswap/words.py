"""Amounts and measures of the study in words, and its figures for programs."""

from dataclasses import asdict
from math import log10
from typing import Any

from keel.sim.uniswap.plans import ALONE, BOTH_SIDES, CROWDED, HUNT
from keel.sim.uniswap.push import Hold
from keel.sim.uniswap.study import Study

#: Kinds of plans by name, in the order of the tables.
KINDS = (ALONE.name, CROWDED.name, BOTH_SIDES.name, HUNT.name)

_HUGE = 1e12
# From where a unit is used, and the unit.
_UNITS = ((1e9, 1e9, " bn"), (1e6, 1e6, " M"), (1e4, 1e3, " k"))


def money(quote: float) -> str:
    """An amount for people: three digits; a power of ten where nobody has that much."""
    size = abs(quote)
    if size >= _HUGE:
        return f"10^{log10(size):.1f}"
    for least, unit, name in _UNITS:
        if size >= least:
            return f"{quote / unit:.3g}{name}"
    return f"{quote:,.0f}"


def times(factor: float) -> str:
    """A factor for people."""
    if factor >= 1e5:
        return f"10^{log10(factor):.1f}"
    return f"{factor:,.0f}" if factor >= 10 else f"{factor:.2g}"


def percent(fraction: float, digits: int = 3) -> str:
    """A fraction in percent."""
    return f"{fraction * 100:.{digits}g} %" if fraction else "0 %"


def minutes(window: int) -> str:
    """The length of an average."""
    return f"{window / 60:g} min"


def held(hold: Hold) -> str:
    """How long the spot price is held."""
    return f"{hold.blocks} x {hold.block} s"


def as_json(study: Study) -> dict[str, Any]:
    """Its figures for programs: fractions, seconds, quote."""
    even = [
        {
            "plan": name,
            "arbitrage": arbitrage,
            **asdict(hold),
            "times_equity": study.break_even((name,), arbitrage, **asdict(hold)),
        }
        for hold in study.grid.all_holds
        for name in KINDS
        for arbitrage in (True, False)
    ]
    return {
        "grid": asdict(study.grid),
        "largest_error_of_closed_form": study.error,
        "costs": [asdict(cost) for cost in study.costs],
        "gains": [asdict(gain) for gain in study.gains],
        "break_even": even,
        "other_forms": [asdict(doubt) for doubt in study.doubts],
    }
