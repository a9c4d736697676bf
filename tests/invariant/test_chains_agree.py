"""The same drawn actions on a node, through ape, and on revm in this process: every answer is the same."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis.stateful import run_state_machine_as_test
from support.machine import machine_on, profile
from support.pairchain import PairChain

from keel.sim.fuzz.campaign import open_stage
from keel.sim.fuzz.draws import RandomDraws
from keel.sim.fuzz.examine import Examiner
from keel.sim.fuzz.propose import Proposer

STEPS = 60


@pytest.fixture(scope="module")
def stage(networks):
    # The node is installed beside the interpreter, which need not be on the PATH.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", path)
        with networks.ethereum.local.use_provider("foundry"):
            yield open_stage(PairChain())


def test_the_fast_chain_does_what_the_node_does(stage):
    stage.reset()
    examiner, proposer = Examiner(stage), Proposer(stage, RandomDraws(3))
    for _ in range(STEPS):
        examiner.do(proposer.next())
    assert examiner.tally.protocol > STEPS // 3
    assert stage.world.chain.compared > 5 * STEPS


def test_no_sequence_breaks_an_invariant_on_the_node(stage):
    run_state_machine_as_test(machine_on(stage), settings=profile(examples=3, steps=10))
