"""The contracts import one way, by name."""

import pytest
from rules.report import ROOT, assert_clean
from rules.solidity_layers import import_forms, layering

CONTRACTS = ROOT / "contracts"


def tree(folder, files):
    """Contracts with these imports."""
    for name, imports in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{imports}\ncontract {path.stem} {{}}\n")
    return folder


def test_layers__of_the_contracts__import_one_way():
    assert_clean("Solidity layers", layering(CONTRACTS))


def test_import_forms__of_the_contracts__are_named():
    assert_clean("Solidity imports", import_forms(CONTRACTS))


@pytest.mark.parametrize(
    "statement",
    [
        'import {Trading} from "../market/Trading.sol";',
        "import {Trading} from '../market/Trading.sol';",
        'import {\n    Trading as T\n} from "../market/Trading.sol";',
        'import "../market/Trading.sol";',
        'import "contracts/market/Trading.sol";',
        'import * as T from "./../market/../market/Trading.sol";',
    ],
)
def test_layers__upward_import_in_either_form__is_found(tmp_path, statement):
    (problem,) = layering(tree(tmp_path, {"pool/PoolMath.sol": statement, "market/Trading.sol": ""}))
    assert problem == ("pool/PoolMath.sol", "in layer maths, imports market/Trading.sol of layer ledgers")


def test_layers__import_in_a_comment_or_a_string__does_not_count(tmp_path):
    text = """// import {Trading} from "../market/Trading.sol";
/* import "../market/Trading.sol"; */
string constant A = 'import "../market/Trading.sol";';
"""
    assert layering(tree(tmp_path, {"pool/PoolMath.sol": text, "market/Trading.sol": ""})) == []


def test_layers__cycle__is_found(tmp_path):
    files = {
        "pool/PoolMath.sol": 'import {Curve} from "../market/Curve.sol";',
        "market/Curve.sol": 'import "../margin/MarginMath.sol";',
        "margin/MarginMath.sol": 'import {PoolMath} from "../pool/PoolMath.sol";',
    }
    (problem,) = layering(tree(tmp_path, files))
    assert problem.what.startswith("import cycle")


@pytest.mark.parametrize("importer", ["Keel.sol", "lens/Lens.sol", "market/Curve.sol"])
def test_layers__mock_outside_the_mocks__is_found(tmp_path, importer):
    path = "mocks/MockToken.sol" if "/" not in importer else "../mocks/MockToken.sol"
    statement = f'import {{MockToken}} from "./{path}";'
    (problem,) = layering(tree(tmp_path, {importer: statement, "mocks/MockToken.sol": ""}))
    assert problem.what.endswith("imports mocks/MockToken.sol of layer mocks")


def test_layers__core_that_imports_a_contract_beside_it__is_found(tmp_path):
    statement = 'import {OracleHub} from "../oracle/OracleHub.sol";'
    (problem,) = layering(tree(tmp_path, {"market/Trading.sol": statement, "oracle/OracleHub.sol": ""}))
    assert problem.where == "market/Trading.sol"


def test_layers__file_that_no_layer_names__is_found(tmp_path):
    (problem,) = layering(tree(tmp_path, {"market/Novelty.sol": ""}))
    assert (problem.where, "has no layer" in problem.what) == ("market/Novelty.sol", True)


@pytest.mark.parametrize(
    "statement", ['import "./B.sol";', 'import "./B.sol" as B;', 'import * as B from "./B.sol";']
)
def test_import_forms__without_names__are_found(tmp_path, statement):
    (problem,) = import_forms(tree(tmp_path, {"types/A.sol": statement, "types/B.sol": ""}))
    assert "list the names" in problem.what


def test_import_forms__of_a_missing_file__is_found(tmp_path):
    (problem,) = import_forms(tree(tmp_path, {"types/A.sol": 'import {B} from "../B.sol";'}))
    assert "not there" in problem.what
