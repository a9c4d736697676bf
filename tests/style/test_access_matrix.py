"""Who may call what: the document, the list and the deployed bytecode agree."""

import pytest
from rules.access_list import GATES, READ_ONLY, Gate
from rules.access_matrix import DOCUMENT, World, matrix, render, state_changing
from rules.report import Problem, assert_clean

from keel.analytics.sizes import runtime_sizes
from keel.artifacts import artifact, signature
from keel.evm.revm import RevmChain
from keel.sdk.governance import roles_of


@pytest.fixture(scope="module")
def world():
    return World()


def with_gate(contract, function, gate):
    """The list with another gate at a function; None takes it off the list."""
    changed = {name: other for name, other in GATES[contract].items() if name != function}
    return {contract: changed | ({function: gate} if gate else {})}


def test_matrix__of_the_deployed_contracts__is_as_listed(world):
    _, problems = matrix(world)
    assert_clean("Access matrix", (Problem(*problem) for problem in problems))


def test_document__is_the_matrix(world):
    rows, _ = matrix(world)
    assert DOCUMENT.read_text() == render(rows), (
        f"{DOCUMENT.name} is old: see its first lines for the command"
    )


def test_interface__has_no_function_outside_the_matrix():
    """What IKeel promises is what the core and its extensions have."""
    promised = {signature(entry) for entry in artifact("IKeel").abi if entry["type"] == "function"}
    kept = {
        signature(entry)
        for name in ("Keel", "KeelExtension", "KeelLiquidation")
        for entry in artifact(name).abi
        if entry["type"] == "function"
    }
    assert promised <= kept


def test_people_get_the_same_answers_on_revm(world):
    """Which lets no contract begin a call, but is another machine."""
    other = World(RevmChain())
    functions = [function for contract in GATES for function in state_changing(contract)]
    assert len(world.people) == 8
    for function in functions:
        for caller in world.people:
            assert other.refusal(function, caller) == world.refusal(function, caller)


def test_every_contract_is_in_the_matrix():
    """Whatever is put on a chain; the extensions are parts of the core's address."""
    deployed = set(runtime_sizes())
    assert deployed == {*GATES, *READ_ONLY, "KeelExtension", "KeelLiquidation"}


@pytest.mark.parametrize("name", READ_ONLY)
def test_read_only_contracts__change_nothing(name):
    assert state_changing(name) == []


@pytest.mark.parametrize(
    ("contract", "function", "gate", "problem"),
    [
        ("Keel", "accrue", None, "neither in the list nor restricted"),
        ("Keel", "withdraw", None, "neither in the list nor restricted"),
        ("OracleHub", "refresh", None, "neither in the list nor restricted"),
        ("Keel", "withdraw", Gate(("anyone",)), "instead of anyone"),
        ("Keel", "deposit", Gate(("owner",), "NotAuthorized"), "lets in anyone instead of owner"),
        ("Keel", "setOperator", Gate(("owner", "operator"), "NotAuthorized"), "instead of owner, operator"),
        ("Keel", "poolDeposit", Gate(("insurance vault",), "NotVault"), "lets in pool vault instead of"),
        ("OracleHub", "refresh", Gate(("core",), "NotVault"), "refuses with NotCore instead of NotVault"),
        (
            "ShareVault",
            "redeem",
            Gate(("owner",), "NotController"),
            "lets in owner, operator instead of owner",
        ),
        ("ShareVault", "gone", Gate(("owner",)), "not in the contract"),
    ],
)
def test_matrix__that_the_list_gets_wrong__is_found(world, contract, function, gate, problem):
    _, problems = matrix(world, with_gate(contract, function, gate))
    assert {place for place, _ in problems} == {f"{contract}.{function}"}
    assert any(problem in what for _, what in problems)


def test_matrix__of_a_deployment_with_another_role__is_another_document(world):
    other = World()
    access, core, governor = other.deployment.access, other.deployment.core, other.callers["governor"]
    selector, guardian = core.abi.function("reopenMarket").selector, roles_of(other.chain, access).guardian
    other.chain.send(access, "setTargetFunctionRole", core, [selector], guardian, sender=governor)
    gates = {"Keel": GATES["Keel"]}
    (before, _), (after, problems) = matrix(world, gates), matrix(other, gates)
    assert problems == []
    assert render(before) != render(after)
