"""One contract in a file, under its own name, which no other has."""

from rules.contract_names import naming, not_compiled
from rules.report import ROOT, assert_clean

from keel.artifacts import all_artifacts

CONTRACTS = ROOT / "contracts"


def tree(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_naming__of_the_contracts__is_unique_and_by_file():
    assert_clean("Contract names", naming(CONTRACTS))


def test_compiled_contracts__are_those_of_the_sources():
    assert_clean("Compiled contracts", not_compiled(CONTRACTS, all_artifacts()))


def test_naming__struct_beside_its_library__is_fine(tmp_path):
    files = {
        "core/Store.sol": "struct Words { uint256 a; }\nlibrary Store {}",
        "types/Id.sol": "type Id is uint256;",
    }
    assert naming(tree(tmp_path, files)) == []


def test_naming__same_name_in_two_files__is_found(tmp_path):
    root = tree(tmp_path, {"a/A.sol": "contract A {}", "b/A.sol": "library A {}"})
    assert naming(root) == [("A", "is defined in a/A.sol, b/A.sol")]


def test_naming__two_in_a_file_or_another_name__are_found(tmp_path):
    root = tree(tmp_path, {"a/A.sol": "contract A {}\ninterface IA {}", "a/B.sol": "abstract contract C {}"})
    assert [problem.where for problem in naming(root)] == ["a/A.sol", "a/B.sol"]


def test_naming__contract_among_the_types__is_found(tmp_path):
    root = tree(
        tmp_path, {"types/A.sol": "struct A { uint256 a; }\ncontract B {}", "types/C.sol": "enum D { X }"}
    )
    assert [problem.where for problem in naming(root)] == ["types/A.sol", "types/C.sol"]


def test_not_compiled__either_way__is_found(tmp_path):
    root = tree(tmp_path, {"a/A.sol": "contract A {}", "a/B.sol": "contract B {}"})
    assert {problem.where for problem in not_compiled(root, ["B", "Gone"])} == {"a/A.sol", "Gone"}
