"""Compiled contracts: ABI, bytecode and documentation, read from what `ape compile` leaves in `.build`."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from eth_utils.crypto import keccak

from keel.errors import ArtifactError
from keel.sources import stale

AbiEntry = Mapping[str, Any]

_ROOT = Path(__file__).resolve().parent.parent
_MANIFEST = Path(".build") / "__local__.json"
_BUILD_VARIABLE = "KEEL_BUILD"


@dataclass(frozen=True, slots=True)
class Artifact:
    """One compiled contract.

    Attributes:
        name: Contract name, as in the source.
        source: Path of the source file inside the project.
        abi: ABI entries as the compiler wrote them.
        creation_hex: Creation bytecode as the compiler wrote it, with place-holders for unlinked libraries.
        runtime_hex: Deployed bytecode in the same form.
        devdoc: NatSpec for developers (`@dev`, `@param`).
        userdoc: NatSpec for users (`@notice`).
    """

    name: str
    source: str
    abi: tuple[AbiEntry, ...]
    creation_hex: str
    runtime_hex: str
    devdoc: Mapping[str, Any]
    userdoc: Mapping[str, Any]

    @property
    def bytecode(self) -> bytes:
        """Creation bytecode, without constructor arguments.

        Raises:
            ArtifactError: It is an interface or abstract contract, or needs an external library.
        """
        if not self.creation_hex:
            raise ArtifactError(
                f"{self.name} has no bytecode", "an interface or abstract contract cannot be deployed"
            )
        return _code(self.name, self.creation_hex)

    @property
    def runtime(self) -> bytes:
        """Deployed bytecode with immutables still zero; empty for interfaces and abstract contracts."""
        return _code(self.name, self.runtime_hex)


def manifest_path() -> Path:
    """Where the compiled contracts are: `KEEL_BUILD` (that file, or a project folder), else this checkout."""
    override = os.environ.get(_BUILD_VARIABLE)
    if override is None:
        return _ROOT / _MANIFEST
    path = Path(override).expanduser()
    return path / _MANIFEST if path.is_dir() else path


def artifact(name: str) -> Artifact:
    """The compiled contract of that name.

    Raises:
        ArtifactError: Nothing is compiled, or no contract has that name.
    """
    found = all_artifacts().get(name)
    if found is None:
        raise ArtifactError(f"no compiled contract is called {name}", "check the name, or run `make setup`")
    return found


def all_artifacts() -> Mapping[str, Artifact]:
    """Every compiled contract by name, read once per manifest."""
    return _load(manifest_path())


def error_selectors() -> Mapping[bytes, AbiEntry]:
    """Custom errors of all contracts by 4-byte selector."""
    return _errors(manifest_path())


def event_topics() -> Mapping[tuple[bytes, int], AbiEntry]:
    """Events of all contracts by first topic and number of indexed arguments.

    The count is part of the key because two contracts may index the same event differently.
    """
    return _events(manifest_path())


def signature(entry: AbiEntry) -> str:
    """Canonical signature of a function, event or error, such as `deposit(address,(uint256,bool)[])`."""
    return f"{entry['name']}({','.join(canonical_type(parameter) for parameter in entry.get('inputs', ()))})"


def canonical_type(parameter: AbiEntry) -> str:
    """Type of a parameter as it enters a signature: tuples are written out."""
    kind: str = parameter["type"]
    if not kind.startswith("tuple"):
        return kind
    members = ",".join(canonical_type(component) for component in parameter["components"])
    return f"({members}){kind.removeprefix('tuple')}"


@cache
def _load(path: Path) -> dict[str, Artifact]:
    if path == _ROOT / _MANIFEST and stale(_ROOT):
        raise ArtifactError("the contracts changed since they were compiled", "run `make compile`")
    try:
        contracts = json.loads(path.read_bytes())["contractTypes"]
    except FileNotFoundError:
        raise ArtifactError(f"no compiled contracts at {path}", "run `make setup`") from None
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise ArtifactError(f"cannot read {path} ({problem})", "delete it and run `make setup`") from problem
    return {name: _parse(name, raw) for name, raw in contracts.items()}


@cache
def _errors(path: Path) -> dict[bytes, AbiEntry]:
    return {
        keccak(text=signature(entry))[:4]: entry
        for compiled in _load(path).values()
        for entry in compiled.abi
        if entry["type"] == "error"
    }


@cache
def _events(path: Path) -> dict[tuple[bytes, int], AbiEntry]:
    return {
        (keccak(text=signature(entry)), sum(parameter["indexed"] for parameter in entry["inputs"])): entry
        for compiled in _load(path).values()
        for entry in compiled.abi
        if entry["type"] == "event"
    }


def _parse(name: str, raw: Mapping[str, Any]) -> Artifact:
    return Artifact(
        name=name,
        source=raw.get("sourceId") or "",
        abi=tuple(raw.get("abi") or ()),
        creation_hex=_hex(raw.get("deploymentBytecode")),
        runtime_hex=_hex(raw.get("runtimeBytecode")),
        devdoc=raw.get("devdoc") or {},
        userdoc=raw.get("userdoc") or {},
    )


def _hex(field: Mapping[str, Any] | None) -> str:
    text: str = (field or {}).get("bytecode") or ""
    return text.removeprefix("0x")


def _code(name: str, text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        remedy = "make its library functions internal, or link it first"
        raise ArtifactError(f"the bytecode of {name} needs an external library", remedy) from None
