"""Every incident and finding has its row, every row its tests, every test its number."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from support.incidents import NOT_APPLICABLE, TESTED

ROOT = Path(__file__).resolve().parents[2]
INCIDENTS, FINDINGS = 42, 52
NUMBERS = [f"I-{n:02}" for n in range(1, INCIDENTS + 1)] + [f"F-{n:02}" for n in range(1, FINDINGS + 1)]
#: Tests that show that the others can fail.
CONTROLS = {
    "test_a_good_price_allows_everything_that_was_forbidden",
    "test_the_hostile_token_may_call_what_the_lock_refuses",
    "test_the_odd_token_is_an_honest_one_until_it_is_told",
}
#: Faults of feeds that nobody has lost by yet.
OF_FEEDS = {
    "test_frozen_price_with_a_fresh_timestamp",
    "test_future_timestamp",
    "test_pyth_confidence_over_price",
    "test_starved_gas_cannot_fake_a_fault",
}
#: Tests of this file.
OWN = {"test_every_row_has_its_tests", "test_every_incident_test_stands_for_a_number"}
_NUMBER = re.compile(r"\b[IF]-\d\d\b")


@cache
def names_of(file):
    """Names of the test functions of a file, with their docstrings."""
    nodes = ast.parse((ROOT / file).read_text()).body
    found = [node for node in nodes if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    return {node.name: ast.get_docstring(node) or "" for node in found}


def test_every_number_is_accounted_for_once():
    """I-42: no number is lost, and none has two rows that could say different things."""
    counted = Counter(row[0] for row in [*TESTED, *NOT_APPLICABLE])
    assert [number for number, times in counted.items() if times > 1] == []
    assert sorted(counted) == sorted(NUMBERS)
    assert all(len(reason) > 30 for _, reason in NOT_APPLICABLE)


@pytest.mark.parametrize("row", TESTED, ids=lambda row: row[0])
def test_every_row_has_its_tests(row):
    """The tests exist; those of the incident files name the number."""
    number, *places = row
    assert places
    for place in places:
        file, name = place.split("::")
        assert name in names_of(file)
        if "/test_incidents_" in file:
            assert number in names_of(file)[name]


def test_every_incident_test_stands_for_a_number():
    """A number in a docstring is one of the list; a test of these files names one, or is known not to."""
    unnumbered = set()
    for path in sorted((ROOT / "tests/unit").glob("test_incidents_*.py")):
        for name, text in names_of(path.relative_to(ROOT).as_posix()).items():
            named = set(_NUMBER.findall(text))
            assert named <= set(NUMBERS), name
            if not named:
                unnumbered.add(name)
    assert unnumbered - OWN == CONTROLS | OF_FEEDS
