"""Every checker can fail: a fault planted in the source is caught, by name, with a fixed seed."""

import pytest
from support.mutants import compile_all, manifest_with
from support.planted import MUTANTS

from keel.artifacts import manifest_path
from keel.sim.fuzz.campaign import Campaign, open_stage

SEED = 1
ACTIONS = 12_000


@pytest.fixture(scope="module")
def compiled():
    compile_all(MUTANTS)


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_a_planted_fault_is_caught(mutant, compiled, tmp_path, monkeypatch):
    monkeypatch.setenv("KEEL_BUILD", str(manifest_with(mutant, manifest_path(), tmp_path)))
    campaign = Campaign(open_stage(), SEED)
    report = campaign.run(actions=ACTIONS, until=mutant.caught_by)
    assert mutant.caught_by & report.violations.keys(), report.violations
