"""One name for one thing in Solidity and in Python, and three words for rounding."""

import importlib
import pkgutil
from dataclasses import is_dataclass, make_dataclass
from enum import Enum

import pytest
from rules.report import ROOT, assert_clean, committed_files, texts
from rules.solidity import Source, sources
from rules.solidity_layers import layer_of
from rules.words import abi_fields, enums, function_twins, record_twins, rounding_words, structs

import keel.model
from keel.config.deployment import load_deployment

FILES = sources(ROOT / "contracts")
STRUCTS = structs(FILES.values())
SHAPES = {**STRUCTS, **enums(FILES.values())}
# Every record of the model with the name of a struct or an enum is its twin; these there must be.
TWINS = frozenset(
    {"Account", "Position", "Market", "MarketConfig", "MarketLinks", "Brackets", "Price", "Health", "Fill"}
    | {"SizeTiers", "FundingInput", "FundingRates", "LayeredParams", "Action", "Validity", "Tier"}
)
ANY_ADDRESS = "0x" + "11" * 20


def arguments():
    """What deployment passes for each struct."""
    market = load_deployment().markets[0]
    return {
        "MarketConfig": market.config_abi(ANY_ADDRESS),
        "MarketLinks": market.links_abi(ANY_ADDRESS, ANY_ADDRESS),
        "LayeredParams": market.funding.abi(),
        "Feed": market.feed.abi([ANY_ADDRESS]),
    }


def model_twins():
    """Dataclasses and enums of the model by name, where Solidity has a type of that name."""
    names = (module.name for module in pkgutil.walk_packages(keel.model.__path__, "keel.model."))
    members = [vars(importlib.import_module(name)).items() for name in names]
    return {name: kind for items in members for name, kind in items if name in SHAPES and is_record(kind)}


def is_record(kind):
    return isinstance(kind, type) and (is_dataclass(kind) or issubclass(kind, Enum))


def source(folder, text):
    path = folder / "A.sol"
    path.write_text(text)
    return Source(path)


def test_rounding__in_contracts_package_and_docs__has_three_words():
    places = ("contracts/", "keel/", "docs/", "README.md")
    paths = [path for path in committed_files() if path.startswith(places)]
    assert_clean("Rounding words", rounding_words(texts(ROOT, paths)))


def test_records__of_the_model__have_the_members_of_their_twins():
    twins = model_twins()
    assert set(twins) >= TWINS
    assert_clean("Record twins", record_twins(SHAPES, twins))


@pytest.mark.parametrize("name", ["MarketConfig", "MarketLinks", "LayeredParams", "Feed"])
def test_arguments__of_a_deployment__have_the_fields_of_the_struct(name):
    assert_clean(f"Fields of {name}", abi_fields(STRUCTS, name, arguments()[name]))


def test_functions__of_the_libraries__are_in_their_python_twins():
    modules = sorted((ROOT / "keel" / "model").rglob("*.py"))
    pure = {path: file for path, file in FILES.items() if layer_of(path) in {"libraries", "maths"}}
    assert_clean("Function twins", function_twins(modules, pure))


@pytest.mark.parametrize(
    "text", ["roundUp", "rounded down", "round-down", "round_up", "mulDown(a)", "mul_up", "Rounds up"]
)
def test_rounding__by_another_word__is_found(text):
    assert rounding_words({"a": f"first line\nhere {text} it is"})[0].what.startswith("line 2")


@pytest.mark.parametrize(
    "text", ["floor", "ceil", "trunc", "around up to ten", "fullMulDivUp", "a round figure"]
)
def test_rounding__by_a_good_word__is_fine(text):
    assert rounding_words({"a": text}) == []


def test_records__that_lack_reorder_or_rename_a_field__are_found(tmp_path):
    text = (
        "struct A {\n  /// Size; in base.\n  uint256 maxSize;\n  I[] at; // x;\n}\nenum E { One, TwoThree }"
    )
    file = source(tmp_path, text)
    assert structs([file]) == {"A": {"maxSize": "uint256", "at": "I[]"}}
    twin = make_dataclass("A", ["max_size", "at"])
    assert record_twins(structs([file]), {"A": twin}) == []
    for fields in (["max_size"], ["at", "max_size"], ["maxsize", "at"]):
        assert len(record_twins(structs([file]), {"A": make_dataclass("A", fields)})) == 1
    assert record_twins(enums([file]), {"E": Enum("E", ["ONE", "TWO_THREE"])}) == []
    assert len(record_twins(enums([file]), {"E": Enum("E", ["TWO_THREE", "ONE"])})) == 1
    assert len(record_twins({}, {"A": twin})) == 1


def test_arguments__with_a_field_too_few_or_too_many__are_found():
    fields = {"A": {"x": "uint256", "b": "B"}, "B": {"y": "uint8"}}
    assert abi_fields(fields, "A", {"b": {"y": 1}, "x": 1}) == []
    assert abi_fields(fields, "A", {"x": 1, "b": {"z": 1}}) == [("B", "lacks y"), ("B", "has no field z")]
    assert abi_fields(fields, "A", {"x": 1}) == [("A", "lacks b")]


def test_functions__that_the_twin_lacks__are_found(tmp_path):
    internal = "function sizeFor() internal {} function require_() internal {}"
    text = f"library A {{ {internal} function _x() private {{}} }}"
    contracts = {"market/A.sol": source(tmp_path, text)}
    module = tmp_path / "a.py"
    module.write_text('"""Twin of `market/A.sol`: x."""\n\ndef size_for(): ...\ndef require(): ...\n')
    assert function_twins([module], contracts) == []
    module.write_text('"""Twin of `market/A.sol`: x."""\n\ndef sizeFor(): ...\ndef require(): ...\n')
    assert function_twins([module], contracts) == [("a.py: size_for", "of market/A.sol is not there")]
