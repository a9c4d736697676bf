"""Every checker can fail: each one alone notices the fault that is planted for it, with a fixed seed."""

import pytest
from support.mutants import compile_all, fits, manifest_with, roomy_chain
from support.planted import MUTANTS

from keel.artifacts import manifest_path
from keel.sim.fuzz.campaign import Campaign, Options, open_stage

SEED = 1
ACTIONS = 300_000
PAIRS = [pytest.param(mutant, i, id=f"{mutant}-{i}") for mutant in MUTANTS for i in mutant.caught_by]


@pytest.fixture(scope="module")
def compiled():
    compile_all(MUTANTS)


def test_every_fault_can_still_be_planted():
    assert [mutant.name for mutant in MUTANTS if not fits(mutant)] == []


@pytest.mark.parametrize(("mutant", "invariant"), PAIRS)
def test_a_planted_fault_is_caught(mutant, invariant, compiled, tmp_path, monkeypatch):
    monkeypatch.setenv("KEEL_BUILD", str(manifest_with(mutant, manifest_path(), tmp_path)))
    alone = frozenset({invariant})
    report = Campaign(open_stage(roomy_chain()), SEED, Options("deep", only=alone)).run(
        actions=ACTIONS, until=alone
    )
    assert invariant in report.violations
