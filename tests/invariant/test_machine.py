"""The same actions as in a campaign, drawn by hypothesis: one rule for each kind of proposal."""

from functools import cache

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from support.drawn import HypothesisDraws

from keel.sim.fuzz.campaign import open_stage
from keel.sim.fuzz.examine import Examiner
from keel.sim.fuzz.propose import WEIGHTS


@cache
def one_stage():
    return open_stage()


class Machine(RuleBasedStateMachine):
    """A world under attack; the invariants are checked inside every step."""

    @initialize()
    def begin(self):
        self.stage = one_stage()
        self.stage.reset()
        self.examiner = Examiner(self.stage)

    def attempt(self, plan, data):
        for action in plan(self.stage, HypothesisDraws(data)):
            self.examiner.do(action)


def _rule_of(plan):
    def step(self, data):
        self.attempt(plan, data)

    return rule(data=st.data())(step)


for _plan in WEIGHTS:
    setattr(Machine, f"{_plan.__module__.rsplit('_', 1)[-1]}_{_plan.__name__}", _rule_of(_plan))

TestMachine = Machine.TestCase
TestMachine.settings = settings(
    max_examples=40,
    stateful_step_count=40,
    derandomize=True,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
