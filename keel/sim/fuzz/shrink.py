"""From hundreds of actions to the few that matter: delta debugging on the list, then on the numbers."""

import time
from collections.abc import Callable, Sequence

from keel.sim.fuzz.action import Action
from keel.sim.fuzz.campaign import Finding, violated
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
        found = violated(stage, actions) if time.monotonic() < deadline else None
        return found if found is not None and found.invariant == finding.invariant else None

    return minimise(finding, fails)


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
