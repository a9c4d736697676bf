"""Campaigns repeat, findings shrink, scripts replay, and the command says all of it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.mutants import manifest_with
from support.planted import MUTANTS

from keel.artifacts import manifest_path
from keel.cli.fuzz import command
from keel.sim.fuzz.campaign import Campaign, Options, open_stage, violated
from keel.sim.fuzz.invariants.catalogue import CHECKS, NOT_CHECKED
from keel.sim.fuzz.invariants.probes import PROBES
from keel.sim.fuzz.perform import PERFORM
from keel.sim.fuzz.script import write_script
from keel.sim.fuzz.shrink import shrink

FAULT = next(mutant for mutant in MUTANTS if mutant.name == "anybody_is_liquidated")


@pytest.fixture(scope="module")
def stage():
    return open_stage()


@pytest.fixture
def faulty(tmp_path, monkeypatch):
    """A manifest with a planted fault; stages that are opened from now on have it."""
    path = manifest_with(FAULT, manifest_path(), tmp_path, small=True)
    monkeypatch.setenv("KEEL_BUILD", str(path))
    return path


@pytest.mark.parametrize("seed", [2, 3])
def test_a_campaign_finds_nothing_and_tries_everything(stage, seed):
    report = Campaign(stage, seed, Options("deep")).run(actions=12_000)
    assert report.findings == []
    done = report.tally.actions
    # Nobody gets through, and what seldom succeeds need not have succeeded within so few actions.
    assert set(PERFORM) - set(done) <= {"intrude", "deleverage", "set_hub", "cover"}
    assert report.tally.protocol > 6_000
    # Every way of a liquidation is gone, and the insurance's positions are worked off.
    met = report.tally.liquidations
    assert all(
        met[kind] > 3 for kind in ("curve", "absorbed: equity", "absorbed: window", "close", "unwound")
    )
    assert all(
        met[kind]
        for kind in (
            *("trim", "deleverage", "partial", "chosen", "hedged", "forced", "bad debt"),
            "absorbed: cost",
        )
    )
    # Losses go beyond what pools may pay, winners give, and markets end with positions in them.
    shared = report.tally.shared
    assert all(
        shared[kind] > 3
        for kind in ("paid by a pool", "deficit", "begun", "counted", "cut", "gave", "ended with its market")
    )
    # Collateral is sold, refused for each reason, and kinds are full at times.
    assert done["collateral_buy"] > 20
    sold = report.tally.collateral
    assert all(sold[f"sold: {what}"] for what in ("unhealthy", "indebted", "at the least discount", "all"))
    assert sold["backed"]
    refused = report.tally.reverts
    assert all(refused[name] > 2 for name in ("CapExceeded", "PegLost", "NothingToSell", "PriceNotGoodFor"))
    # Suspect prices are confirmed and rejected, with funding of somebody in between.
    assert all(report.tally.outcomes[name] > 10 for name in ("held", "confirmed", "rejected", "released"))


def test_the_model_predicts_every_call(stage):
    report = Campaign(stage, 2, Options(twin=True)).run(actions=3_000)
    assert report.findings == []
    assert report.tally.invariants["TWIN"] > 1_000
    assert report.tally.shared["gave"]
    assert report.tally.actions["shut"]
    assert report.tally.actions["collateral_buy"]


def test_the_same_seed_does_the_same(stage):
    one, other = (Campaign(stage, 5).run(actions=1_000).tally for _ in range(2))
    assert one == other
    assert Campaign(stage, 6).run(actions=1_000).tally != one


def test_a_finding_shrinks_and_its_script_replays_on_a_node(faulty, tmp_path):
    stage = open_stage()
    report = Campaign(stage, 1).run(actions=2_000, until=frozenset({"INV-25"}))
    found = next(finding for finding in report.findings if finding.invariant == "INV-25")
    small = shrink(stage, found)
    assert len(small.actions) <= 4
    assert violated(stage, small.actions) == small

    script = write_script(small, 1, tmp_path)
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    outcome = subprocess.run([sys.executable, script], capture_output=True, text=True, env=environment)
    assert outcome.returncode == 1, outcome.stderr
    assert outcome.stdout.startswith("INV-25 at action")
    # With the contracts as they are, the same actions do no harm.
    environment.pop("KEEL_BUILD")
    outcome = subprocess.run([sys.executable, script], capture_output=True, text=True, env=environment)
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout.startswith("INV-25 holds")


def test_the_command_reports_as_json(tmp_path):
    outcome = CliRunner().invoke(command, ["--seconds", "4", "--json", "--scripts", str(tmp_path)])
    assert outcome.exit_code == 0, outcome.output
    report = json.loads(outcome.output)
    assert report["violations"] == []
    assert report["seed"] == 1
    assert report["actions_per_second"] > 0
    assert report["actions"]["trade"] > 0
    assert report["invariants"]["INV-01"] > 0
    assert report["suspect_prices"]["confirmed"] > 0
    assert report["liquidations"]["curve"] > 0
    assert report["losses"]["begun"] > 0
    assert report["collateral"]["sold: indebted"] > 0
    assert "NotAuthorized" in report["reverts"]


def test_the_command_fails_on_a_violation_and_names_the_script(faulty, tmp_path):
    outcome = CliRunner().invoke(command, ["--seconds", "1", "--json", "--scripts", str(tmp_path)])
    assert outcome.exit_code == 1, outcome.output
    found = {violation["invariant"]: violation for violation in json.loads(outcome.output)["violations"]}
    assert Path(found["INV-25"]["script"]).exists()
    assert found["INV-25"]["message"]


def test_two_jobs_count_together(tmp_path):
    arguments = ["--seconds", "1", "--jobs", "2", "--json", "--scripts", str(tmp_path)]
    report = json.loads(CliRunner().invoke(command, arguments).output)
    assert report["protocol_actions"] == pytest.approx(
        report["actions_per_second"] * report["seconds"], rel=0.01
    )


def test_every_invariant_is_checked_or_explained():
    checked = {check.invariant for check in CHECKS} | {probe.invariant for probe in PROBES.values()}
    catalogue = {f"INV-{number:02}" for number in range(1, 79)}
    assert checked - {"REVERT"} | set(NOT_CHECKED) == catalogue
    assert checked.isdisjoint(NOT_CHECKED)


def test_every_check_says_what_must_hold():
    for checked in (*CHECKS, *PROBES.values()):
        assert re.fullmatch(r"[A-Z][^.]*\.", checked.sentence), checked.sentence
