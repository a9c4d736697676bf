"""Carries actions and probes out and checks what must hold after each."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from keel.sim.fuzz.action import Action
from keel.sim.fuzz.invariants.base import Check
from keel.sim.fuzz.invariants.catalogue import CHECKS
from keel.sim.fuzz.invariants.probes import PROBES
from keel.sim.fuzz.losses import SHARING
from keel.sim.fuzz.meet import leaned, met, shared
from keel.sim.fuzz.perform import PERFORM
from keel.sim.fuzz.stage import Stage, Step
from keel.sim.fuzz.windows import CLOSING

_ESCROW = {"EscrowHeld": "held", "EscrowReleased": "released"}


@dataclass(slots=True)
class Tally:
    """What has been done and checked.

    Attributes:
        actions: Successful actions by name.
        reverts: Refused ones by error.
        invariants: Checks by id.
        outcomes: What became of stretches of suspect prices and of claims on them, by event.
        liquidations: What liquidations met, by kind: see `keel.sim.fuzz.meet`.
        shared: What became of debts that nobody has paid, by kind: see there.
        collateral: What became of collateral that stands for debts, by kind: see there.
        protocol: Successful calls of the protocol: no warps, no feeds, no gifts, no probes.
    """

    actions: Counter[str] = field(default_factory=Counter)
    reverts: Counter[str] = field(default_factory=Counter)
    invariants: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    liquidations: Counter[str] = field(default_factory=Counter)
    shared: Counter[str] = field(default_factory=Counter)
    collateral: Counter[str] = field(default_factory=Counter)
    protocol: int = 0

    def add(self, other: "Tally") -> None:
        """Add another count to this one."""
        self.actions += other.actions
        self.reverts += other.reverts
        self.invariants += other.invariants
        self.outcomes += other.outcomes
        self.liquidations += other.liquidations
        self.shared += other.shared
        self.collateral += other.collateral
        self.protocol += other.protocol


class Examiner:
    """A stage on which nothing goes unchecked.

    Args:
        stage: The stage.
        checks: What to check after actions.
    """

    def __init__(self, stage: Stage, checks: tuple[Check, ...] = CHECKS) -> None:
        self.stage, self.tally = stage, Tally()
        self._after = {name: _select(checks, name, refused=False) for name in PERFORM}
        self._refused = {name: _select(checks, name, refused=True) for name in PERFORM}

    def do(self, action: Action) -> None:
        """Carry an action or a probe out, and check.

        Raises:
            Violation: An invariant does not hold.
        """
        name, tally = action.name, self.tally
        probe = PROBES.get(name)
        if probe is not None:
            tally.invariants[probe.invariant] += probe.run(self.stage, *action.args)
            return
        step = self.stage.apply(action)
        if step.refusal is None:
            tally.actions[name] += 1
            tally.protocol += PERFORM[name].protocol
            tally.outcomes.update(_outcomes(step))
            if name in CLOSING:
                tally.liquidations.update(met(step))
            if name in SHARING:
                tally.shared.update(shared(step))
                tally.collateral.update(leaned(step))
            checks = self._after[name]
        else:
            tally.reverts[step.refusal.error] += 1
            checks = self._refused[name]
        for check in checks:
            tally.invariants[check.invariant] += check.run(step)


def _outcomes(step: Step) -> Iterator[str]:
    """What the call's events say of funding at suspect prices."""
    for log in step.logs:
        if log.event == "EscrowClosed":
            yield "confirmed" if log.args["confirmed"] else "rejected"
        elif log.event in _ESCROW:
            yield _ESCROW[log.event]


def _select(checks: tuple[Check, ...], name: str, *, refused: bool) -> list[Check]:
    return [
        check for check in checks if check.refused == refused and (not check.actions or name in check.actions)
    ]
