"""From hundreds of actions to the few that matter: whole kinds first, then delta debugging."""

import time
from collections.abc import Callable, Sequence

from keel.sim.fuzz.action import Action
from keel.sim.fuzz.campaign import Finding, violated
from keel.sim.fuzz.invariants.twin import TWIN
from keel.sim.fuzz.stage import Stage

Fails = Callable[[Sequence[Action]], Finding | None]

_SECONDS = 30.0


def shrink(stage: Stage, finding: Finding, seconds: float = _SECONDS) -> Finding:
    """The same violation in fewer actions; as few as the time allows.

    Args:
        stage: Where to try; it is reset for every attempt.
        finding: What to shrink.
        seconds: When to stop.
    """
    deadline = time.monotonic() + seconds

    def fails(actions: Sequence[Action]) -> Finding | None:
        twin = finding.invariant == TWIN
        found = violated(stage, actions, twin=twin) if time.monotonic() < deadline else None
        return found if found is not None and found.invariant == finding.invariant else None

    return minimise(without_kinds(finding, fails), fails)


def without_kinds(finding: Finding, fails: Fails) -> Finding:
    """A finding from which no kind of action, and no sender, can be left out: the quick first cut."""
    best = finding
    for width in (0, 1):
        for kind in sorted({_kind(action, width) for action in finding.actions}):
            rest = tuple(action for action in best.actions if _kind(action, width) != kind)
            best = (fails(rest) if rest else None) or best
    return best


def _kind(action: Action, width: int) -> tuple[str, tuple[int, ...]]:
    return action.name, action.args[:width]


def minimise(finding: Finding, fails: Fails) -> Finding:
    """A finding from which no single action can be left out (Zeller's ddmin).

    Args:
        finding: What to shrink.
        fails: Gives the finding that some actions lead to, if they still do.
    """
    best, parts = finding, 2
    while len(best.actions) > 1:
        left = best.actions
        size = -(-len(left) // parts)
        tries = (fails(left[:at] + left[at + size :]) for at in range(0, len(left), size))
        rest = next((found for found in tries if found is not None), None)
        if rest is not None:
            best, parts = rest, max(parts - 1, 2)
        elif size == 1:
            break
        else:
            parts = min(2 * parts, len(left))
    return best
