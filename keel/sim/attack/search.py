"""The search for attacks: a grid, Hypothesis with the gain as its target, and a climb from the best of both.

Every figure comes from trades on the bytecode; there is no shortcut.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice, permutations, product, zip_longest
from time import monotonic
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings, strategies, target

from keel.errors import Reverted
from keel.sim.attack.families import FAMILIES, Family, Knob
from keel.sim.attack.outcome import Outcome
from keel.sim.attack.plan import HEARTBEAT, Plan
from keel.sim.attack.suspects import Suspect
from keel.sim.attack.venue import Venue
from keel.units import WAD

#: Families that manipulate nothing: the interest that the pool pays, and the rate that honest traders left.
CARRY, ABANDONED = "carry", "abandoned"
#: Families that move the rate by the attacker's own trades.
PUSHES = tuple(family.name for family in FAMILIES if family.parts)

_FACTORS = (1 / 3, 1 / 1.4, 1 / 1.1, 1.1, 1.4, 3)
_TRADES = (1.4, 3)
_SCALE = 1_000
_TOUCHES = (HEARTBEAT, 0)


@dataclass(frozen=True, slots=True)
class Found:
    """An attack and what it came to.

    Attributes:
        plan: What was done.
        outcome: What it came to.
        gain: Profit beyond what the attacker would have had without the manipulation (the same plan without
            one of its parts, or the best known position that just waits as long), quote WAD.
        cover: Part of his fees that the funding of the manipulation pays; 0 where trades are free.
    """

    plan: Plan
    outcome: Outcome
    gain: int
    cover: float

    @property
    def score(self) -> float:
        """What the search climbs: the gain in quote; where there is none, how near it is."""
        if self.gain > 0 or not self.outcome.fees:
            return self.gain / WAD
        return min(self.cover, 1.0) - 1.0


@dataclass(slots=True)
class Result:
    """What a search of one design found.

    Attributes:
        suspect: The design.
        free: Whether trades were free of fees.
        tried: Number of plans played.
        refused: Plans that the protocol refused, by error.
        best: Best attack by family.
        fastest: Plan that took most funding from the pool within 8 hours.
        poorest: Plan that left the pool with least, the fees it earned included.
        over_cap: See `Outcome.over_cap`; the worst of all.
        exposure: Largest net position, quote WAD.
        cover: By family, the largest part of the fees that funding paid (see `Found.cover`).
    """

    suspect: Suspect
    free: bool
    tried: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    best: dict[str, Found] = field(default_factory=dict)
    fastest: Found | None = None
    poorest: Found | None = None
    over_cap: int = 0
    exposure: int = 0
    cover: dict[str, float] = field(default_factory=dict)

    def top(self, families: Iterable[str]) -> Found:
        """Best attack of some families."""
        return max((self.best[name] for name in families if name in self.best), key=lambda found: found.score)


class Search:
    """Attacks on one design, in the order of the methods; each goes on where the last one stopped.

    Args:
        suspect: The design.
        free: Whether trades are free of fees.
        until: Time on the monotonic clock at which to stop; None: never.
        families: Kinds of attack.
    """

    def __init__(
        self,
        suspect: Suspect,
        *,
        free: bool = False,
        until: float | None = None,
        families: tuple[Family, ...] = FAMILIES,
    ) -> None:
        self._venue = Venue(suspect, free=free)
        self._until = until
        self._families = families
        self.result = Result(suspect, free)

    @property
    def fee(self) -> float:
        """Fees on a trade, fraction of its cost."""
        return self._venue.fee

    def grid(self, every: int = 1) -> None:
        """All plans of the families' grids, or every n-th; by turns, but first those that only wait."""
        waiting = [family for family in self._families if not family.parts]
        pushing = [family for family in self._families if family.parts]
        for families in (waiting, pushing):
            grids = [[(family, plan) for plan in _every(family, every)] for family in families]
            for number, turn in enumerate(zip_longest(*grids)):
                # One plan of each family in any case: every design gets its verdict.
                if number and self.over:
                    return
                for one in turn:
                    if one is not None:
                        self._try(*one)

    def explore(self, examples: int, seed_: int) -> None:
        """Hypothesis draws the knobs of each family and climbs towards the gain."""
        for family in self._families:
            _explore(family, examples, seed_, partial(self._score, family))

    def climb(self, rounds: int = 12) -> None:
        """From the best plan of each family: scale its knobs while it helps."""
        left = list(self._families)
        for _ in range(rounds):
            left = [family for family in left if self._step(family)]

    def _step(self, family: Family) -> bool:
        found = self.result.best.get(family.name)
        if found is None:
            return False
        for plan in _neighbours(family, found.plan):
            if self.over:
                return False
            self._try(family, plan)
        return self.result.best[family.name] is not found

    def _score(self, family: Family, plan: Plan) -> float | None:
        if self.over:
            return None
        found = self._try(family, plan)
        return found.score if found else None

    def _try(self, family: Family, plan: Plan) -> Found | None:
        """Play a plan, its baseline, and keep what is worth keeping; None: the protocol refused it."""
        result = self.result
        result.tried += 1
        try:
            outcome = self._venue.play(plan)
            profit, funding = self._usual(family, plan) if outcome.funding > 0 else (0, 0)
        except Reverted as refusal:
            result.refused[refusal.error] += 1
            return None
        cover = (outcome.funding - funding) / outcome.fees if outcome.fees else 0.0
        found = Found(plan, outcome, outcome.profit - profit, cover)
        self._keep(family.name, found)
        return found

    def _usual(self, family: Family, plan: Plan) -> tuple[int, int]:
        """Most profit and most funding to be had without the manipulation, at least nothing."""
        others = [self._venue.play(other) for other in family.baselines(plan) if other.orders]
        profits, fundings = [other.profit for other in others], [other.funding for other in others]
        waiting = self.result.best.get(CARRY)
        if waiting is not None and family.name != CARRY:
            earned = waiting.outcome.funding * plan.seconds // waiting.plan.seconds
            profits.append(earned - waiting.outcome.fees)
            fundings.append(earned)
        return max(0, *profits, 0), max(0, *fundings, 0)

    def _keep(self, name: str, found: Found) -> None:
        result, outcome = self.result, found.outcome
        result.over_cap = max(result.over_cap, outcome.over_cap)
        result.exposure = max(result.exposure, outcome.exposure)
        result.cover[name] = max(result.cover.get(name, 0.0), found.cover)
        if name not in result.best or found.score > result.best[name].score:
            result.best[name] = found
        if result.fastest is None or outcome.worst > result.fastest.outcome.worst:
            result.fastest = found
        if result.poorest is None or outcome.pool_change < result.poorest.outcome.pool_change:
            result.poorest = found

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return self._until is not None and monotonic() > self._until


def _every(family: Family, number: int) -> Iterator[Plan]:
    """Every n-th plan of a grid; all of those that the others are measured by."""
    return islice(family.grid(), 0, None, 1 if family.name == CARRY else number)


def _neighbours(family: Family, plan: Plan) -> Iterator[Plan]:
    """The plan with one knob scaled, with one for another, or with the other habit of touching."""
    for touch in _TOUCHES:
        if touch != plan.touch:
            yield replace(plan, touch=touch)
    moves = [{name: factor} for name, factor in product(family.knobs, _FACTORS)]
    pairs = product(permutations(family.knobs, 2), _TRADES)
    moves += [{more: factor, less: 1 / factor} for (more, less), factor in pairs]
    for move in moves:
        scaled = {name: _clamped(family.knobs[name], plan.knobs[name] * move[name]) for name in move}
        if any(plan.knobs[name] != value for name, value in scaled.items()):
            yield replace(family.plan({**plan.knobs, **scaled}), touch=plan.touch)


def _clamped(knob: Knob, value: float) -> int:
    return max(knob.low, min(round(value), knob.high))


def _explore(family: Family, examples: int, seed_: int, score: Callable[[Plan], float | None]) -> None:
    drawn = strategies.fixed_dictionaries(
        {"side": strategies.sampled_from((1, -1)), "touch": strategies.sampled_from(_TOUCHES)}
        | {name: strategies.integers(0, _SCALE) for name in family.knobs}
    )

    @seed(seed_)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.target),
        suppress_health_check=tuple(HealthCheck),
    )
    @given(drawn)
    def attempt(numbers: dict[str, Any]) -> None:
        knobs = {name: _value(knob, numbers[name]) for name, knob in family.knobs.items()}
        plan = family.plan({"side": numbers["side"], **knobs})
        reached = score(replace(plan, touch=numbers["touch"]))
        if reached is not None:
            target(reached)

    attempt()


def _value(knob: Knob, step: int) -> int:
    """Knob at a step of a logarithmic scale."""
    ratio: float = (knob.high / knob.low) ** (step / _SCALE)
    return round(knob.low * ratio)
