"""Faults planted in the Solidity source, compiled apart: does a checker notice?

A mutation names a snippet; spaces and line breaks do not matter, and it must occur exactly once in all
contracts. Bytecode is kept under `.build/mutants`, by the hash of everything that was compiled.
"""

import hashlib
import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import getpid
from pathlib import Path, PurePosixPath
from posixpath import normpath

import solcx

from keel.evm.revm import RevmChain

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".build" / "mutants"
SOLC = "0.8.30"
REMAPPINGS = {
    "@openzeppelin/contracts/": "node_modules/@openzeppelin/contracts/",
    "solady/src/": "node_modules/solady/src/",
}
CODE_LIMIT = 2**16
PARALLEL = 2
# So many go into one run of the compiler, which is slow only at first.
BATCH = 8

_IMPORT = re.compile(r'import\s[^;]*?"([^"]+)"\s*;')
_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class Mutant:
    """One planted fault: in which deployed contract, what becomes what, and which invariants must notice."""

    name: str
    contract: str
    before: str
    after: str
    caught_by: tuple[str, ...]

    def __str__(self) -> str:
        return self.name


def in_core(name: str, caught_by: str, before: str, after: str) -> Mutant:
    """A fault in the core; `caught_by` are ids of invariants, in one text."""
    return in_contract("Keel", name, caught_by, before, after)


def in_contract(contract: str, name: str, caught_by: str, before: str, after: str) -> Mutant:
    """A fault in any deployed contract."""
    return Mutant(name, contract, before, after, tuple(caught_by.split()))


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


def fits(mutant: Mutant) -> bool:
    """Whether the sources still have its snippet; the test of one that does not fit says so."""
    try:
        return bool(mutate(mutant))
    except AssertionError:
        return False


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


def bytecode(mutant: Mutant, *, small: bool = False) -> str:
    """Creation bytecode with the fault, hexadecimal; compiled once."""
    path = place_of(mutant, small=small)
    if not path.exists():
        compile_batch([mutant], small=small)
    return path.read_text()


def place_of(mutant: Mutant, *, small: bool = False) -> Path:
    """Where the bytecode of a mutant is kept."""
    key = hashlib.sha256(json.dumps([mutant.contract, mutate(mutant), small], sort_keys=True).encode())
    return CACHE / f"{key.hexdigest()[:32]}.hex"


def compile_all(mutants: list[Mutant]) -> None:
    """Compile what is not there yet, two runs at a time."""
    missing = [mutant for mutant in mutants if fits(mutant) and not place_of(mutant).exists()]
    batches = [missing[at : at + BATCH] for at in range(0, len(missing), BATCH)]
    with ThreadPoolExecutor(PARALLEL) as pool:
        list(pool.map(compile_batch, batches))


def compile_batch(mutants: list[Mutant], *, small: bool = False) -> None:
    """Compile several mutants at once: each has the contracts in a folder of its own.

    Without optimizer, which would take ten times as long; but only with it, `small`, the core is below the
    limit of code size.
    """
    sources, wanted = {}, {}
    for number, mutant in enumerate(mutants):
        for name, text in mutate(mutant).items():
            own = f"{number}/{name}" if name.startswith("contracts/") else name
            sources[own] = {"content": text}
        wanted[f"{number}/{home_of(mutant.contract)}"] = {mutant.contract: ["evm.bytecode.object"]}
    output = solcx.compile_standard(
        {
            "language": "Solidity",
            "sources": sources,
            "settings": {
                "optimizer": {"enabled": small, "runs": 200},
                "viaIR": small,
                "evmVersion": "cancun",
                "outputSelection": wanted,
            },
        },
        solc_version=SOLC,
    )
    CACHE.mkdir(parents=True, exist_ok=True)
    for mutant, home in zip(mutants, wanted, strict=True):
        fresh = CACHE / f"{mutant.name}.{getpid()}.new"
        fresh.write_text(output["contracts"][home][mutant.contract]["evm"]["bytecode"]["object"])
        fresh.replace(place_of(mutant, small=small))


def roomy_chain() -> RevmChain:
    """A chain that takes contracts which are not compiled for size."""
    return RevmChain(code_limit=CODE_LIMIT)


def manifest_with(mutant: Mutant, base: Path, folder: Path, *, small: bool = False) -> Path:
    """A manifest in which one contract has the fault; unless it is `small`, only `roomy_chain` takes it."""
    manifest = json.loads(base.read_bytes())
    code = "0x" + bytecode(mutant, small=small)
    manifest["contractTypes"][mutant.contract]["deploymentBytecode"]["bytecode"] = code
    path = folder / f"{mutant.name}.json"
    path.write_text(json.dumps(manifest))
    return path
