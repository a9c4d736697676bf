"""Reading what the compiler left behind."""

import json

import pytest

from keel.artifacts import all_artifacts, artifact, error_selectors, event_topics, signature
from keel.errors import ArtifactError

POINT = {"type": "tuple[2][]", "name": "p", "components": [{"type": "int256"}, {"type": "bool"}]}
CONTRACTS = {
    "Vault": {
        "abi": [
            {"type": "error", "name": "Empty", "inputs": []},
            {"type": "event", "name": "Paid", "inputs": [{"type": "uint256", "name": "x", "indexed": True}]},
        ],
        "deploymentBytecode": {"bytecode": "0x6001"},
        "runtimeBytecode": {"bytecode": "0x60"},
        "userdoc": {"notice": "holds"},
    },
    "Linked": {"abi": [], "deploymentBytecode": {"bytecode": "0x60__$abc$__"}},
    "IVault": {"abi": []},
}


@pytest.fixture
def build(tmp_path, monkeypatch):
    manifest = tmp_path / ".build" / "__local__.json"
    manifest.parent.mkdir()
    manifest.write_text(json.dumps({"contractTypes": CONTRACTS}))
    monkeypatch.setenv("KEEL_BUILD", str(tmp_path))
    return manifest


@pytest.mark.usefixtures("build")
def test_artifact():
    vault = artifact("Vault")
    assert (vault.bytecode, vault.runtime, vault.userdoc) == (b"\x60\x01", b"\x60", {"notice": "holds"})
    assert set(all_artifacts()) == set(CONTRACTS)


@pytest.mark.usefixtures("build")
def test_lookups_by_selector_and_topic():
    assert [error["name"] for error in error_selectors().values()] == ["Empty"]
    assert list(error_selectors()) == [bytes.fromhex("3db2a12a")]
    assert [(event["name"], indexed) for (_, indexed), event in event_topics().items()] == [("Paid", 1)]


@pytest.mark.usefixtures("build")
@pytest.mark.parametrize(
    ("name", "problem"), [("Absent", "no compiled"), ("IVault", "no bytecode"), ("Linked", "library")]
)
def test_unusable_contracts(name, problem):
    with pytest.raises(ArtifactError, match=problem):
        _ = artifact(name).bytecode


def test_nothing_compiled(tmp_path, monkeypatch):
    monkeypatch.setenv("KEEL_BUILD", str(tmp_path / "nowhere.json"))
    with pytest.raises(ArtifactError, match="make setup"):
        artifact("Vault")


def test_damaged_manifest(build, tmp_path, monkeypatch):
    damaged = tmp_path / "damaged.json"
    damaged.write_text(build.read_text()[:-5])
    monkeypatch.setenv("KEEL_BUILD", str(damaged))
    with pytest.raises(ArtifactError, match="cannot read"):
        artifact("Vault")


def test_signature_writes_structs_out():
    assert signature({"name": "f", "inputs": [POINT, {"type": "address"}]}) == "f((int256,bool)[2][],address)"
