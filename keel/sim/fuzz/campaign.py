"""A campaign: one world after the other, as many actions as the time allows, violations collected.

Every few hundred actions the world goes back to its beginning: the engine's journal grows with each
transaction, and an old world (everyone broke, pools drained) is a dull one.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from keel.config.deployment import load_deployment
from keel.evm.engines import open_chain
from keel.sim.fuzz.action import Action
from keel.sim.fuzz.draws import RandomDraws
from keel.sim.fuzz.examine import Examiner, Tally
from keel.sim.fuzz.invariants.base import Check, Violation
from keel.sim.fuzz.invariants.catalogue import CHECKS
from keel.sim.fuzz.invariants.twin import TWIN_CHECKS
from keel.sim.fuzz.propose import Proposer
from keel.sim.fuzz.raw import RawChain
from keel.sim.fuzz.stage import Stage

PRESET = "fuzz"

# Actions between two resets, by profile.
EPISODES = {"short": 120, "deep": 600}
_REPORT_SECONDS = 0.25

Progress = Callable[[float, Tally, int], None]


@dataclass(frozen=True, slots=True)
class Options:
    """How a campaign runs.

    Attributes:
        profile: `short` or `deep`: how long a world lives.
        twin: Let the model predict every call as well.
        only: Ids of the checks to run after actions; None runs all.
    """

    profile: str = "short"
    twin: bool = False
    only: frozenset[str] | None = None

    def all_checks(self) -> tuple[Check, ...]:
        """The checks to run after actions."""
        checks = CHECKS + TWIN_CHECKS if self.twin else CHECKS
        return tuple(check for check in checks if self.only is None or check.invariant in self.only)


DEFAULT = Options()


@dataclass(frozen=True, slots=True)
class Finding:
    """A violation and the way to it.

    Attributes:
        invariant: Id of the invariant.
        message: The numbers that show it.
        actions: What led to it, from the beginning of a world.
    """

    invariant: str
    message: str
    actions: tuple[Action, ...]


@dataclass(slots=True)
class Report:
    """What a campaign did.

    Attributes:
        seed: Its seed.
        seconds: How long it took, without setting up and shrinking.
        cpu_seconds: Processor time it took.
        tally: What was done and checked.
        findings: The first violation of each invariant.
        violations: How often each was violated.
    """

    seed: int
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    tally: Tally = field(default_factory=Tally)
    findings: list[Finding] = field(default_factory=list)
    violations: dict[str, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Successful calls of the protocol per second."""
        return self.tally.protocol / self.seconds if self.seconds else 0.0

    @property
    def cpu_rate(self) -> float:
        """Successful calls of the protocol per second of processor time: what a core to itself would do."""
        return self.tally.protocol / self.cpu_seconds if self.cpu_seconds else 0.0


def open_stage(chain: RawChain | None = None) -> Stage:
    """A fresh stage: on revm in this process, or on the given chain."""
    return Stage(chain or open_raw_chain(), load_deployment(PRESET))


def open_raw_chain() -> RawChain:
    """The engine that campaigns run on."""
    chain: RawChain = open_chain("revm")  # type: ignore[assignment]
    return chain


class Campaign:
    """Runs until time or actions are over.

    Args:
        stage: Where to run.
        seed: Same seed and same limit of actions: same campaign.
        options: How to run.
    """

    def __init__(self, stage: Stage, seed: int, options: Options = DEFAULT) -> None:
        self._examiner = Examiner(stage, options.all_checks())
        self._proposer = Proposer(stage, RandomDraws(seed))
        self._stage, self._length = stage, EPISODES[options.profile]
        self.report = Report(seed, tally=self._examiner.tally)

    def run(
        self,
        seconds: float | None = None,
        actions: int | None = None,
        *,
        until: frozenset[str] = frozenset(),
        progress: Progress | None = None,
    ) -> Report:
        """Run.

        Args:
            seconds: Stop after that time.
            actions: Stop after that many actions, refused ones and probes included.
            until: Stop at the first violation of one of these invariants.
            progress: Told about four times a second.
        """
        report, begun, done = self.report, time.monotonic(), 0
        shown, processor = begun, time.process_time()
        while not until & report.violations.keys() and (actions is None or done < actions):
            done += self._episode(self._length if actions is None else min(self._length, actions - done))
            now = time.monotonic()
            report.seconds, report.cpu_seconds = now - begun, time.process_time() - processor
            if progress is not None and now - shown > _REPORT_SECONDS:
                shown = now
                progress(report.seconds, report.tally, sum(report.violations.values()))
            if seconds is not None and report.seconds >= seconds:
                break
        return report

    def _episode(self, length: int) -> int:
        """One world from its beginning, up to a violation; gives the number of actions."""
        self._stage.reset()
        self._proposer.forget(length)
        history: list[Action] = []
        for _ in range(length):
            history.append(self._proposer.next())
            try:
                self._examiner.do(history[-1])
            except Violation as violation:
                self._found(violation, history)
                break
        return len(history)

    def _found(self, violation: Violation, history: list[Action]) -> None:
        counts, name = self.report.violations, violation.invariant
        if name not in counts:
            self.report.findings.append(Finding(name, violation.message, tuple(history)))
        counts[name] = counts.get(name, 0) + 1


def violated(stage: Stage, actions: Iterable[Action], *, twin: bool = False) -> Finding | None:
    """The first violation when these actions are carried out from the beginning of a world.

    Args:
        stage: Where; it is reset.
        actions: What to do.
        twin: Let the model predict every call as well.
    """
    stage.reset()
    examiner, history = Examiner(stage, CHECKS + TWIN_CHECKS if twin else CHECKS), []
    for action in actions:
        history.append(action)
        try:
            examiner.do(action)
        except Violation as violation:
            return Finding(violation.invariant, violation.message, tuple(history))
    return None
