"""Faults planted in the Solidity source, compiled apart: does a checker notice?

A mutation names a snippet; spaces and line breaks do not matter, and it must occur exactly once in all
contracts. Bytecode is kept under `.build/mutants`, by the hash of everything that was compiled.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from posixpath import normpath

import solcx

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".build" / "mutants"
SOLC = "0.8.30"
REMAPPINGS = {
    "@openzeppelin/contracts/": "node_modules/@openzeppelin/contracts/",
    "solady/src/": "node_modules/solady/src/",
}
PARALLEL = 2

_IMPORT = re.compile(r'import\s[^;]*?"([^"]+)"\s*;')
_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class Mutant:
    """One planted fault: in which deployed contract, what becomes what, and which invariants may name it."""

    name: str
    contract: str
    before: str
    after: str
    caught_by: frozenset[str]

    def __str__(self) -> str:
        return self.name


def mutate(mutant: Mutant) -> dict[str, str]:
    """All sources that the contract needs, with the fault in one of them."""
    hits = []
    pattern = re.compile(r"\s*".join(map(re.escape, _TOKEN.findall(mutant.before))))
    sources = closure(home_of(mutant.contract))
    for name, text in sources.items():
        hits += [(name, hit) for hit in pattern.finditer(text)] if name.startswith("contracts/") else []
    if len(hits) != 1:
        raise AssertionError(f"{mutant.name}: its snippet occurs {len(hits)} times: {mutant.before}")
    name, hit = hits[0]
    text = sources[name]
    return {**sources, name: text[: hit.start()] + mutant.after + text[hit.end() :]}


def home_of(contract: str) -> str:
    """Source that defines a contract."""
    wanted = re.compile(rf"^contract {contract}\b", re.MULTILINE)
    found = [path for path in (ROOT / "contracts").rglob("*.sol") if wanted.search(path.read_text())]
    assert len(found) == 1, f"{contract} is defined {len(found)} times"
    return found[0].relative_to(ROOT).as_posix()


def closure(start: str) -> dict[str, str]:
    """A source and everything that it imports, by import name."""
    sources: dict[str, str] = {}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name in sources:
            continue
        prefix = next((prefix for prefix in REMAPPINGS if name.startswith(prefix)), "")
        path = REMAPPINGS.get(prefix, "") + name.removeprefix(prefix)
        sources[name] = (ROOT / path).read_text()
        here = PurePosixPath(name).parent
        targets = _IMPORT.findall(sources[name])
        waiting += [normpath(str(here / to)) if to.startswith(".") else to for to in targets]
    return sources


def bytecode(mutant: Mutant) -> str:
    """Creation bytecode with the fault, hexadecimal; compiled once."""
    sources, home = mutate(mutant), home_of(mutant.contract)
    key = hashlib.sha256(json.dumps([mutant.contract, sources], sort_keys=True).encode()).hexdigest()[:32]
    path = CACHE / f"{key}.hex"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{mutant.name}.new")
        fresh.write_text(compile_one(sources, home, mutant.contract))
        fresh.replace(path)
    return path.read_text()


def compile_one(sources: Mapping[str, str], home: str, contract: str) -> str:
    given = {
        "language": "Solidity",
        "sources": {name: {"content": text} for name, text in sources.items()},
        "settings": {
            "optimizer": {"enabled": True, "runs": 200},
            "evmVersion": "cancun",
            "outputSelection": {home: {contract: ["evm.bytecode.object"]}},
        },
    }
    output = solcx.compile_standard(given, solc_version=SOLC)
    code: str = output["contracts"][home][contract]["evm"]["bytecode"]["object"]
    return code


def compile_all(mutants: list[Mutant]) -> None:
    """Compile what is not there yet, two at a time."""
    with ThreadPoolExecutor(PARALLEL) as pool:
        list(pool.map(bytecode, mutants))


def manifest_with(mutant: Mutant, base: Path, folder: Path) -> Path:
    """A manifest in which one contract has the fault."""
    manifest = json.loads(base.read_bytes())
    manifest["contractTypes"][mutant.contract]["deploymentBytecode"]["bytecode"] = "0x" + bytecode(mutant)
    path = folder / f"{mutant.name}.json"
    path.write_text(json.dumps(manifest))
    return path
