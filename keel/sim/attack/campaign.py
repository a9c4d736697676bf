"""One design against the whole search, with fees and without, and whether what is claimed of it holds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import monotonic

from keel.config.funding import LayeredSettings
from keel.model.layered import LayeredParams
from keel.sim.attack.bound import LayeredBound, Scene
from keel.sim.attack.search import ABANDONED, CARRY, PUSHES, Found, Result, Search
from keel.sim.attack.suspects import EIGHT_HOURS, Suspect, load_suspect
from keel.sim.attack.venue import DEPTH, INDEX, POOL
from keel.units import BPS, WAD

_EXAMPLES = 60
# Below this much time for one search the grid is thinned.
_WHOLE_GRID_SECONDS = 20
_THIN = 7


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the search found against one design.

    Attributes:
        paid: With the fees of the preset.
        free: Without fees: funding alone.
        fee: The fees, fraction of a trade's cost.
        bound: What theory allows; None: there is no theorem for this design.
    """

    paid: Result
    free: Result
    fee: float
    bound: LayeredBound | None

    @property
    def suspect(self) -> Suspect:
        """The design."""
        return self.paid.suspect

    @property
    def tried(self) -> int:
        """Plans played, with and without fees."""
        return self.paid.tried + self.free.tried

    @property
    def push(self) -> Found:
        """Best attack by the attacker's own trades, with fees."""
        return self.paid.top(PUSHES)

    @property
    def break_even(self) -> float:
        """Highest fee at which an attack by own trades would have paid, a fraction."""
        return self.fee * max((self.paid.cover.get(name, 0.0) for name in PUSHES), default=0.0)

    @property
    def interest(self) -> float:
        """Most that waiting is paid by the pool, quote per 8 h; at least 0."""
        found = self.free.best.get(CARRY)
        return max(0.0, found.outcome.funding / WAD * EIGHT_HOURS / found.outcome.seconds) if found else 0.0

    def breaches(self) -> list[str]:
        """Every claim that does not hold, in words.

        Of all designs: no accrual takes more from the pool than the cap allows. Of the layered one: no attack
        by own trades gains, and no attack on a market without other positions gains more than the bound.
        """
        broken = []
        if max(self.paid.over_cap, self.free.over_cap) > 0:
            broken.append("an accrual took more from the pool than the cap allows")
        if self.bound is None:
            return broken
        if self.push.gain > 0:
            broken.append(f"{self.push.plan.family} gains {self.push.gain / WAD:,.2f}")
        for name in (CARRY, ABANDONED, *PUSHES):
            found = self.paid.best.get(name)
            if found and name != "squeeze" and found.outcome.profit / WAD > self.allowed(found):
                broken.append(f"{name} gains {found.outcome.profit / WAD:,.2f}, beyond the bound")
        return broken

    def allowed(self, found: Found) -> float:
        """Most that theory lets an attack on an otherwise empty market gain, quote."""
        if self.bound is None:
            return float("inf")
        crowd = found.plan.knobs.get("crowd", 0) * found.plan.knobs["side"] * POOL / BPS
        return self.bound.most(found.outcome.seconds, self.bound.left_behind(crowd) if crowd else 0.0)


def attack(name: str, *, seconds: float, seed: int) -> Verdict:
    """Search for attacks on a design for about that long.

    Args:
        name: Name of the design.
        seconds: Time for both halves, with and without fees.
        seed: Of what Hypothesis draws.

    Raises:
        ConfigError: No design has that name.
    """
    suspect = load_suspect(name)
    halves = []
    for free in (False, True):
        until = monotonic() + seconds / 2
        search = Search(suspect, free=free, until=until)
        search.grid(1 if seconds / 2 >= _WHOLE_GRID_SECONDS else _THIN)
        number = seed
        while not search.over:
            search.climb()
            search.explore(_EXAMPLES, number)
            number += 1
        halves.append(search)
    paid, free_ = halves
    return judge(paid.result, free_.result, paid.fee)


def judge(paid: Result, free: Result, fee: float) -> Verdict:
    """Verdict of two finished searches."""
    funding, bound = paid.suspect.funding, None
    if isinstance(funding, LayeredSettings):
        scene = Scene(float(DEPTH * INDEX), float(POOL), fee)
        bound = LayeredBound(LayeredParams(*funding.abi().values()), scene)
    return Verdict(paid, free, fee, bound)


def campaign(names: Iterable[str], seconds: float, seed: int, told: Callable[[str], None]) -> list[Verdict]:
    """Attack designs one after the other; the time is shared.

    Args:
        names: Designs.
        seconds: For all of them.
        seed: Of what Hypothesis draws.
        told: Called with the name of each design as its turn comes.

    Raises:
        ConfigError: A name is unknown; nothing is attacked then.
    """
    chosen = [load_suspect(name).name for name in names]
    verdicts = []
    for name in chosen:
        told(name)
        verdicts.append(attack(name, seconds=seconds / len(chosen), seed=seed))
    return verdicts
