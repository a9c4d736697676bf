"""Contracts that Keel did not write, as their authors compiled and published them (npm packages)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from keel.artifacts import AbiEntry
from keel.errors import ArtifactError
from keel.evm.chain import Contract
from keel.evm.codec import Abi
from keel.evm.typed import TypedChain

#: Where npm put them.
PACKAGES = Path(__file__).resolve().parents[3] / "node_modules"


@dataclass(frozen=True)
class External:
    """A contract that Keel did not write.

    Attributes:
        name: Contract name.
        abi: Interface.
        code: Creation code, without constructor arguments.
    """

    name: str
    abi: Abi
    code: bytes

    def deploy(self, chain: TypedChain, *args: Any, sender: str | None = None) -> Contract:
        """Deploy it; the sender defaults to the chain's first account. Raises Reverted."""
        code = self.code + self.abi.encode_constructor(args)
        return self.at(chain.create(code, sender or chain.accounts[0]))

    def at(self, address: str) -> Contract:
        """Bind its interface to an address."""
        return Contract(self.name, address, self.abi)


def external(name: str, abi: Sequence[AbiEntry], code: str) -> External:
    """From an ABI and creation code in hexadecimal."""
    return External(name, Abi(abi), bytes.fromhex(code.strip().removeprefix("0x")))


@cache
def uniswap(name: str) -> External:
    """A contract of Uniswap v3, core or periphery, as compiled by Uniswap with solc 0.7.6.

    Raises:
        ArtifactError: The packages are not installed, or have no contract of that name.
    """
    found = list(PACKAGES.glob(f"@uniswap/v3-*/artifacts/contracts/{name}.sol/{name}.json"))
    if len(found) != 1:
        raise ArtifactError(f"no published {name} of Uniswap v3", "run `make setup`, which installs it")
    artifact = json.loads(found[0].read_text())
    return external(name, artifact["abi"], artifact["bytecode"])
