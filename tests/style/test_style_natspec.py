"""Everything that others may call, hear or be refused with is explained where the compiler sees it."""

from dataclasses import replace

import pytest
from rules.natspec import undocumented
from rules.report import ROOT, assert_clean
from rules.solidity import Source, sources

from keel.artifacts import Artifact, all_artifacts

TEXT = """
/// @title T
/// @notice N
contract A is IA {
    /// @notice Scale.
    uint256 public immutable SCALE;
    /// @notice Paid.
    event Paid(uint256 size);
    /// @notice Refused.
    error Refused(uint256 size);
    /// @notice Pay `size`.
    function pay(uint256 size) external returns (uint256 left, uint256 kept) {}
    /// @inheritdoc IA
    function other(uint256 size) external {}
}
"""


def number(name):
    return {"name": name, "type": "uint256"}


ABI = (
    {"type": "function", "name": "SCALE", "inputs": [], "outputs": [number("")], "stateMutability": "view"},
    {"type": "event", "name": "Paid", "inputs": [number("size")]},
    {"type": "error", "name": "Refused", "inputs": [number("size")]},
    {
        "type": "function",
        "name": "pay",
        "inputs": [number("size")],
        "outputs": [number("left"), number("kept")],
        "stateMutability": "nonpayable",
    },
    {
        "type": "function",
        "name": "other",
        "inputs": [number("size")],
        "outputs": [],
        "stateMutability": "nonpayable",
    },
    # Not declared here, so not asked for here.
    {"type": "function", "name": "inherited", "inputs": [], "outputs": [], "stateMutability": "view"},
)
USER = {
    "notice": "N",
    "methods": {
        "SCALE()": {"notice": "Scale."},
        "pay(uint256)": {"notice": "Pay `size`."},
        "other(uint256)": {"notice": "Inherited."},
    },
    "events": {"Paid(uint256)": {"notice": "Paid."}},
    "errors": {"Refused(uint256)": [{"notice": "Refused."}]},
}
DEVELOPER = {
    "title": "T",
    "custom:halt": "never",
    "methods": {"pay(uint256)": {"returns": {"left": "what is left", "kept": "what is kept"}}},
    "events": {"Paid(uint256)": {"params": {"size": "base WAD"}}},
    "errors": {"Refused(uint256)": [{"params": {"size": "base WAD"}}]},
}
GOOD = Artifact("A", "A.sol", ABI, "", "", DEVELOPER, USER)


def check(folder, text, artifact):
    path = folder / "A.sol"
    path.write_text(text)
    return [str(problem) for problem in undocumented({"A.sol": Source(path)}, {"A": artifact})]


def without(documentation, *keys):
    """The documentation less one entry."""
    first, *rest = keys
    copy = dict(documentation)
    if rest:
        copy[first] = without(copy[first], *rest)
    else:
        del copy[first]
    return copy


def test_natspec__of_the_contracts__is_there():
    assert_clean("NatSpec", undocumented(sources(ROOT / "contracts"), all_artifacts()))


def test_natspec__complete__is_fine(tmp_path):
    assert check(tmp_path, TEXT, GOOD) == []


@pytest.mark.parametrize(
    ("user", "developer", "problem"),
    [
        (["notice"], [], "A.sol: A: no @notice"),
        ([], ["title"], "A.sol: A: no @title"),
        ([], ["custom:halt"], "A.sol: A: no @custom:halt"),
        (["methods", "SCALE()"], [], "A.sol: function SCALE(): no @notice"),
        (["methods", "other(uint256)"], [], "A.sol: function other(uint256): no @notice"),
        (["errors"], [], "A.sol: error Refused(uint256): no @notice"),
        (["events"], [], "A.sol: event Paid(uint256): no @notice"),
        ([], ["events"], "A.sol: event Paid(uint256): size is not explained"),
        ([], ["errors"], "A.sol: error Refused(uint256): size is not explained"),
        (
            [],
            ["methods", "pay(uint256)", "returns", "kept"],
            "A.sol: function pay(uint256): kept is not explained",
        ),
    ],
)
def test_natspec__one_part_less__is_found(tmp_path, user, developer, problem):
    poorer = replace(
        GOOD,
        userdoc=without(USER, *user) if user else USER,
        devdoc=without(DEVELOPER, *developer) if developer else DEVELOPER,
    )
    assert check(tmp_path, TEXT, poorer) == [problem]


def test_natspec__listed_word_of_another_type__is_found(tmp_path):
    text = (
        "/// @title T\n/// @notice N\ninterface A {\n/// @notice Go.\nfunction go(bool market) external;\n}"
    )
    go = {"type": "function", "name": "go", "outputs": [], "stateMutability": "nonpayable"}
    user = {"notice": "N", "methods": {"go(bool)": {"notice": "Go."}, "go(uint16)": {"notice": "Go."}}}
    for kind, problems in (("uint16", 0), ("bool", 1)):
        abi = ({**go, "inputs": [{"name": "market", "type": kind}]},)
        assert len(check(tmp_path, text, replace(GOOD, abi=abi, userdoc=user))) == problems


def test_natspec__library_function_with_a_plain_comment__is_found(tmp_path):
    plain, natspec = "// @notice no\nfunction a() internal {}", "/// @notice Yes.\nfunction b() internal {}"
    functions = f"{plain}\n{natspec}\nfunction c() private {{}}"
    text = f"/// @title T\n/// @notice N\nlibrary A {{\n{functions}\n}}"
    assert check(tmp_path, text, replace(GOOD, abi=())) == ["A.sol: a: no @notice"]
