"""Contracts of others, from their npm packages: as published, or by the compiler they ask for."""

import json
import re
import subprocess
from functools import cache
from posixpath import dirname, join, normpath
from tempfile import TemporaryFile
from typing import Any

import solcx

from keel.sim.uniswap.external import PACKAGES, External, external

_CHAINLINK = PACKAGES / "@chainlink/contracts/src"
_IMPORT = re.compile(r"^import\s[^;]*?\"([^\"]+)\"|^import\s[^;]*?'([^']+)'", re.MULTILINE)


@cache
def pyth() -> External:
    """Pyth's own mock of its contract, as compiled by Pyth."""
    package = PACKAGES / "@pythnetwork/pyth-sdk-solidity"
    abi = json.loads((package / "abis/MockPyth.json").read_text())
    return external("MockPyth", abi, (package / "build/MockPyth_sol_MockPyth.bin").read_text())


@cache
def chainlink(name: str) -> External:
    """Chainlink's `FluxAggregator` or `MockV3Aggregator` (solc 0.6.6), or its Arbitrum uptime feed (ours)."""
    file = {
        "FluxAggregator": "v0.6/FluxAggregator.sol",
        "MockV3Aggregator": "v0.6/tests/MockV3Aggregator.sol",
        "SimpleReadAccessController": "v0.8/SimpleReadAccessController.sol",
        "ArbitrumSequencerUptimeFeed": "v0.8/dev/ArbitrumSequencerUptimeFeed.sol",
        "Flags": "v0.8/dev/Flags.sol",
    }[name]
    compiled = _compile(file)["contracts"][file][name]
    return external(name, compiled["abi"], compiled["evm"]["bytecode"]["object"])


@cache
def _compile(file: str) -> dict[str, Any]:
    """The compiler's standard output for one file of Chainlink's package and what it imports."""
    job = {
        "language": "Solidity",
        "sources": {path: {"content": text} for path, text in _sources(file).items()},
        "settings": {
            "optimizer": {"enabled": True, "runs": 200},
            "outputSelection": {file: {"*": ["abi", "evm.bytecode.object"]}},
        },
    }
    if file.startswith("v0.8/"):
        return dict(solcx.compile_standard(job, solc_version="0.8.30"))
    # A file, not a pipe: the old command line exits before a pipe has taken everything.
    with TemporaryFile("w+") as answer:
        solcjs = ["node", PACKAGES / "solc-0.6/solcjs", "--standard-json"]
        subprocess.run(solcjs, input=json.dumps(job), stdout=answer, text=True, check=True)
        answer.seek(0)
        return dict(json.load(answer))


def _sources(file: str) -> dict[str, str]:
    """A file and all that it imports, by path."""
    found: dict[str, str] = {}
    pending = [file]
    while pending:
        path = pending.pop()
        if path not in found:
            found[path] = (_CHAINLINK / path).read_text()
            imports = ["".join(pair) for pair in _IMPORT.findall(found[path])]
            pending += [normpath(join(dirname(path), one)) for one in imports]
    return found
