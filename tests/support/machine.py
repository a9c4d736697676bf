"""The actions of a campaign as a state machine of hypothesis: one rule for each kind of proposal."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from keel.sim.fuzz.examine import Examiner
from keel.sim.fuzz.propose import WEIGHTS


class HypothesisDraws:
    """Implements `Draws` on a hypothesis data object, so that hypothesis shrinks what is drawn."""

    def __init__(self, data):
        self._draw = data.draw

    def integer(self, low, high):
        return self._draw(st.integers(low, high))

    def pick(self, options):
        return self._draw(st.sampled_from(list(options)))

    def chance(self, percent):
        return self._draw(st.integers(0, 99)) < percent


class Machine(RuleBasedStateMachine):
    """A world under attack; the invariants are checked inside every step."""

    stage = None

    def __init__(self):
        super().__init__()
        self.stage.reset()
        self.examiner = Examiner(self.stage)

    def attempt(self, plan, data):
        for action in plan(self.stage, HypothesisDraws(data)):
            self.examiner.do(action)


def machine_on(stage):
    """A machine class whose worlds live on that stage."""
    rules = {f"{plan.__module__.rsplit('_', 1)[-1]}_{plan.__name__}": _rule_of(plan) for plan in WEIGHTS}
    return type("MachineOnStage", (Machine,), {"stage": stage, **rules})


def profile(examples, steps):
    """Settings: always the same examples, slow ones allowed."""
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        derandomize=True,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


def _rule_of(plan):
    def step(self, data):
        self.attempt(plan, data)

    return rule(data=st.data())(step)
