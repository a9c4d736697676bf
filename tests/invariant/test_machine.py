"""The same actions as in a campaign, drawn by hypothesis."""

from hypothesis.stateful import run_state_machine_as_test
from support.machine import machine_on, profile

from keel.sim.fuzz.campaign import open_stage


def test_no_sequence_breaks_an_invariant():
    stage = open_stage()
    run_state_machine_as_test(machine_on(stage), settings=profile(examples=100, steps=40))
