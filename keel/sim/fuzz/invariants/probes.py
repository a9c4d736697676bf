"""Checks that are actions of their own: they look at all, or do something twice, and leave no trace."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from keel.sim.fuzz.invariants import (
    closed_set,
    collateral_sales,
    liveness,
    losses,
    order,
    passes,
    poking,
    portfolio,
    twice,
    views,
)
from keel.sim.fuzz.invariants.base import Broken, Violation
from keel.sim.fuzz.stage import Stage


@dataclass(frozen=True, slots=True)
class Probe:
    """A check that takes a stage and integers.

    Attributes:
        invariant: Id in the catalogue.
        function: Gives how often it has checked; raises Broken.
    """

    invariant: str
    function: Callable[..., int]

    @property
    def sentence(self) -> str:
        """What must hold, in words."""
        return (self.function.__doc__ or "").strip().splitlines()[0]

    def run(self, stage: Stage, *args: int) -> int:
        """Check; raises Violation."""
        try:
            return self.function(stage, *args)
        except Broken as broken:
            raise Violation(self.invariant, f"{self.sentence} {broken}") from None


PROBES: Mapping[str, Probe] = MappingProxyType(
    {
        "probe_books": Probe("INV-34", views.books),
        "probe_totals": Probe("INV-03", views.totals),
        "probe_equities": Probe("INV-06", views.equities),
        "probe_healths": Probe("INV-25", views.healths),
        "probe_accruals": Probe("INV-16", views.accruals),
        "probe_pools": Probe("INV-07", views.pools),
        "probe_claims": Probe("INV-64", views.claims),
        "probe_utilizations": Probe("INV-10", views.utilizations),
        "probe_insurance": Probe("INV-71", views.insurance),
        "probe_worths": Probe("INV-75", collateral_sales.worths),
        "probe_losses": Probe("INV-39", losses.shown),
        "probe_resolve": Probe("INV-38", passes.orders),
        "probe_end": Probe("INV-58", passes.end),
        "probe_margins": Probe("INV-67", portfolio.together),
        "probe_tiers": Probe("INV-27", portfolio.tiers),
        "probe_restricted": Probe("INV-59", liveness.restricted),
        "probe_grief": Probe("INV-62", liveness.grief),
        "probe_first": Probe("INV-46", liveness.first),
        "probe_scale": Probe("INV-61", liveness.scale),
        "probe_batch": Probe("INV-25", twice.batch),
        "probe_order": Probe("INV-17", order.order),
        "probe_wait": Probe("INV-53", order.wait),
        "probe_supplies": Probe("INV-43", views.supplies),
        "probe_together": Probe("INV-49", twice.together),
        "probe_poke": Probe("INV-15", poking.poke),
        "probe_path": Probe("INV-20", twice.path),
        "probe_split": Probe("INV-54", twice.split),
        "probe_self_liquidation": Probe("INV-33", twice.self_liquidation),
        "probe_leave": Probe("INV-58", twice.leave),
        "probe_no_gain": Probe("INV-52", closed_set.no_gain),
    }
)
