"""NatSpec that is there, by what the compiler read of it: a comment that tools cannot see does not count."""

import re
from collections import ChainMap
from collections.abc import Mapping
from typing import Any

from rules.report import Problem
from rules.solidity import Definition, Source

from keel.artifacts import AbiEntry, Artifact, signature

# Parameters and results with one meaning wherever they stand; any other is explained where it stands.
# Word: ABI types it may have, meaning.
WORDS: Mapping[str, tuple[frozenset[str], str]] = {
    name: (frozenset(types.split("|")), meaning)
    for name, types, meaning in (
        ("account", "uint256", "account id: owner and sub-account number"),
        ("market", "uint16", "market id, from 1"),
        ("tokens", "uint256", "settlement token units"),
        ("assets", "uint256", "settlement token units, in ERC-4626's words"),
        ("shares", "uint256", "pool or insurance shares, 24 decimals"),
        ("from", "address", "whose tokens move"),
        ("to", "address", "who gets the tokens"),
        ("receiver", "address", "who gets shares or tokens, in ERC-4626's words"),
        ("owner", "address", "whose shares or account it is"),
        ("operator", "address", "who may act for the owner"),
        ("controller", "address", "whose redemption request it is, in ERC-7540's words"),
        ("requestId", "uint256", "0 always: the requests of a controller add up, in ERC-7540's words"),
        ("allowed", "bool", "true: may from now on; false: may no longer"),
        ("approved", "bool", "the same in ERC-7540's words"),
        ("sender", "address", "who made the call, in ERC-4626's words"),
        ("caller", "address", "who made the refused call"),
        ("config", "tuple", "MarketConfig"),
        ("links", "tuple", "MarketLinks"),
        ("feed", "tuple", "Feed"),
        ("input", "tuple", "FundingInput"),
        ("index", "uint256", "index price, WAD quote per base"),
        ("depth", "uint256", "curve depth, base WAD"),
        ("skew", "int256", "net trader position, base WAD, long positive"),
        ("equity", "int256", "what an account or a pool is worth, quote WAD"),
        ("maintenance", "uint256", "maintenance margin, quote WAD"),
        ("given", "uint256|int256", "the refused value"),
        ("limit", "uint256", "the bound that it passed"),
        ("low", "uint256", "lower bound of a parameter, inclusive"),
        ("high", "uint256", "upper bound of a parameter, inclusive"),
        ("name", "bytes32", "name of a parameter, as its struct spells it"),
        ("deadline", "uint256", "last block time at which the call may run, seconds"),
        ("v", "uint8", "recovery id of an EIP-2612 signature"),
        ("r", "bytes32", "first half of an EIP-2612 signature"),
        ("s", "bytes32", "second half of an EIP-2612 signature"),
    )
}

_SECTIONS = {"function": "methods", "event": "events", "error": "errors"}
_REFERENCE = re.compile(r"^See (\w+)\.$")


def undocumented(files: Mapping[str, Source], compiled: Mapping[str, Artifact]) -> list[Problem]:
    """Missing NatSpec: on contracts, on what they offer to others, and on library functions.

    Args:
        files: Sources by path.
        compiled: Compiled contracts by name, those of `files` among them.
    """
    found = []
    for file, source in files.items():
        for contract in source.contracts:
            artifact = compiled.get(contract.name)
            if artifact is None:
                found.append(Problem(f"{file}: {contract.name}", "was not compiled"))
                continue
            found += _contract(file, contract, artifact)
            found += _members(file, source, contract, artifact, set(compiled))
            if contract.kind == "library":
                found += _library_functions(file, source, contract)
    return found


def _contract(file: str, contract: Definition, artifact: Artifact) -> list[Problem]:
    there = {"@title": "title" in artifact.devdoc, "@notice": "notice" in artifact.userdoc}
    if contract.kind == "contract":
        there["@custom:halt"] = "custom:halt" in artifact.devdoc
    return [
        Problem(f"{file}: {contract.name}", f"no {tag}") for tag, is_there in there.items() if not is_there
    ]


def _members(
    file: str, source: Source, contract: Definition, artifact: Artifact, known: set[str]
) -> list[Problem]:
    """What the contract itself declares; what it inherits is checked where it is declared."""
    declared = {(one.kind, one.name): one for one in source.inside(contract)}
    body = source.code[contract.start : contract.end]
    found = []
    for entry in artifact.abi:
        if entry["type"] not in _SECTIONS:
            continue
        definition = declared.get((entry["type"], entry["name"]))
        if definition is None and not _is_getter(entry, body):
            continue
        where = f"{file}: {entry['type']} {signature(entry)}"
        user, developer = _docs(artifact.userdoc, entry), _docs(artifact.devdoc, entry)
        notice = user.get("notice", "")
        if not notice:
            found.append(Problem(where, "no @notice"))
        reference = _REFERENCE.match(notice)
        elsewhere = definition is None or "@inheritdoc" in source.comment_on(definition)
        if not elsewhere and not (reference and reference[1] in known):
            found += [
                Problem(where, f"{what} is not explained") for what in _unexplained(entry, user, developer)
            ]
    return found


def _library_functions(file: str, source: Source, library: Definition) -> list[Problem]:
    # The compiler's output knows nothing of internal functions, which are all that a library of Keel offers.
    return [
        Problem(f"{file}: {one.name}", "no @notice")
        for one in source.inside(library)
        if one.kind == "function" and not _is_private(source, one) and "@notice" not in source.comment_on(one)
    ]


def _unexplained(entry: AbiEntry, user: Mapping[str, Any], developer: Mapping[str, Any]) -> list[str]:
    """Parameters and results that no tag, no sentence of the declaration and no word of the list explains."""
    tagged = {**developer.get("params", {}), **developer.get("returns", {})}
    text = " ".join([user.get("notice", ""), developer.get("details", ""), *tagged.values()])
    results = [output for output in entry.get("outputs", ()) if output["name"]]
    if len(results) == 1 and entry["stateMutability"] in {"view", "pure"}:
        results = []  # the sentence says what it gives
    return [
        one["name"]
        for one in (*entry["inputs"], *results)
        if one["name"] and one["name"] not in tagged and not _is_explained(one, text)
    ]


def _is_explained(parameter: AbiEntry, text: str) -> bool:
    name = parameter["name"].strip("_")
    if re.search(rf"\b{name}\b", text):
        return True
    return name in WORDS and parameter["type"] in WORDS[name][0]


def _docs(documentation: Mapping[str, Any], entry: AbiEntry) -> Mapping[str, Any]:
    found = documentation.get(_SECTIONS[entry["type"]], {}).get(signature(entry), {})
    # The compiler lists the texts of an error, which may be declared more than once.
    return ChainMap(*found) if isinstance(found, list) else found


def _is_getter(entry: AbiEntry, body: str) -> bool:
    pattern = rf"\bpublic\b[^;{{}}]*\b{entry['name']}\s*[;=]"
    return entry["type"] == "function" and re.search(pattern, body) is not None


def _is_private(source: Source, function: Definition) -> bool:
    header = source.code[function.start : function.end].split("{")[0]
    return re.search(r"\bprivate\b", header) is not None
