"""Who may call what: every state-changing function, tried by every kind of caller on a deployed protocol.

Half of the callers are contracts. revm lets no contract begin a call (EIP-3607), so this runs on py-evm.

Write `docs/access.md` again, from the project's folder, with

    PYTHONPATH=tests/style .venv/bin/python -m rules.access_matrix
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import fill
from typing import Any

from eth_utils.crypto import keccak
from rules.access_list import ABIS, CALLERS, GATES, MUTE, READ_ONLY, REFUSALS, RESTRICTED, Gate

from keel.artifacts import AbiEntry, artifact, signature
from keel.config.deployment import load_deployment
from keel.errors import Reverted
from keel.evm.pyevm import PyEvmChain
from keel.evm.revm import RevmChain
from keel.sdk.deploy import deploy
from keel.sdk.governance import execute, propose, roles_of
from keel.sdk.protocol import NO_LIMIT, account_id
from keel.units import WAD

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "access.md"
MARKET = 1
DAY = 86_400
WIDTH = 100
SELECTOR = 4


class World:
    """A deployed protocol, a caller of every kind, and an owner with an operator and an allowance given."""

    def __init__(self, chain: PyEvmChain | RevmChain | None = None) -> None:
        self.chain = chain or PyEvmChain()
        deployer, proposer, guardian, owner, operator, approved, canceller, former = self.chain.accounts[:8]
        people = {"governor": proposer, "guardian": former, "canceller": canceller}
        self.deployment = deploy(self.chain, load_deployment().model_copy(update=people), deployer)
        self._appoint(guardian, proposer)
        vault = self.deployment.markets[MARKET - 1].vault
        self.targets = {
            "Keel": self.deployment.core,
            "Collateral": self.deployment.collateral,
            "OracleHub": self.deployment.markets[MARKET - 1].hub,
            "ShareVault": vault,
            "PythUpdater": self.chain.deploy("PythUpdater", vault, self.deployment.core, sender=deployer),
            "KeelAccess": self.deployment.access,
            "KeelTimelock": self.deployment.timelock,
            "LendingYield": self.chain.deploy("LendingYield", vault, DAY, WAD, sender=deployer),
        }
        self.callers = {
            "anyone": deployer,
            "owner": owner,
            "operator": operator,
            "approved": approved,
            "pool vault": vault.address,
            "insurance vault": self.deployment.insurance.address,
            "core": self.deployment.core.address,
            "collateral": self.deployment.collateral.address,
            "proposer": proposer,
            "canceller": canceller,
            "governor": self.deployment.timelock.address,
            "guardian": guardian,
            "former guardian": former,
            "manager": self.deployment.access.address,
        }
        self._refusals: dict[tuple[Function, str], str] = {}
        self.chain.send(self.deployment.core, "setOperator", account_id(owner), operator, True, sender=owner)
        self.chain.send(vault, "setOperator", operator, True, sender=owner)
        self.chain.send(vault, "approve", approved, 1, sender=owner)

    def _appoint(self, guardian: str, proposer: str) -> None:
        """A second guardian, when the mandate of the first is over."""
        access, timelock = self.deployment.access, self.deployment.timelock
        self.chain.warp(self.chain.call(access, "MANDATE"))
        grant = roles_of(self.chain, access).guardian, guardian, 0
        proposal = propose(self.chain, timelock, access, "grantRole", *grant, sender=proposer)
        execute(self.chain, timelock, proposal, proposer)

    def refusal(self, function: "Function", caller: str) -> str:
        """The error that turns this caller away; empty when the caller is let in. Tried once."""
        key = (function, caller)
        if key not in self._refusals:
            self._refusals[key] = self._try(function, caller)
        return self._refusals[key]

    @property
    def people(self) -> list[str]:
        """The callers that are no contracts."""
        return [name for name, address in self.callers.items() if address in self.chain.accounts]

    def _try(self, function: "Function", caller: str) -> str:
        target = self.chain.at(function.artifact, self.targets[function.contract].address)
        arguments = [self._argument(parameter) for parameter in function.entry["inputs"]]
        try:
            self.chain.call(target, function.signature, *arguments, sender=self.callers[caller])
        except Reverted as reverted:
            error = reverted.error or MUTE.get(function.name, "")
            # Set once: the second one is named, not the caller.
            if error == "NotCollateral" and reverted.named["caller"] != self.callers[caller]:
                return ""
            return error if error in REFUSALS else ""
        return ""

    def can_call(self, function: "Function", caller: str) -> bool:
        """What the access manager says."""
        access, target = self.deployment.access, self.targets[function.contract]
        answer = self.chain.call(access, "canCall", self.callers[caller], target, function.selector)
        return bool(answer[0])

    def _argument(self, parameter: AbiEntry) -> Any:
        """A value of the type that leads to the owner's account and to the first market."""
        kind, name = parameter["type"], parameter["name"]
        if kind.endswith("[]"):
            return []
        if kind == "tuple":
            return {member["name"]: self._argument(member) for member in parameter["components"]}
        if kind == "address":
            return self.callers["owner"]
        if kind.startswith("bytes"):
            return bytes(int(kind.removeprefix("bytes") or SELECTOR))
        if kind in ("bool", "string"):
            return False if kind == "bool" else ""
        return {"account": account_id(self.callers["owner"]), "deadline": NO_LIMIT}.get(name, MARKET)


@dataclass(frozen=True, slots=True)
class Function:
    """A function at one of the addresses, and the artifact that knows it."""

    contract: str
    artifact: str
    entry: AbiEntry = field(compare=False)
    signature: str

    @property
    def name(self) -> str:
        """Name without types."""
        return str(self.entry["name"])

    @property
    def selector(self) -> bytes:
        """First four bytes of its calldata."""
        return keccak(text=self.signature)[:4]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: who is let in, and what the others are told."""

    function: Function
    callers: tuple[str, ...]
    refusals: frozenset[str]
    note: str = ""


def state_changing(contract: str) -> list[Function]:
    """Functions at a contract's address that may change something, by name."""
    found = {}
    for name in ABIS.get(contract, (contract,)):
        for entry in artifact(name).abi:
            if entry["type"] == "function" and entry["stateMutability"] in {"nonpayable", "payable"}:
                text = signature(entry)
                found.setdefault(text, Function(contract, name, entry, text))
    return sorted(found.values(), key=lambda function: function.name)


def matrix(
    world: World, gates: Mapping[str, Mapping[str, Gate]] = GATES
) -> tuple[list[Row], list[tuple[str, str]]]:
    """The table as the contracts have it, and where they differ from the list: place and difference."""
    rows, problems = [], []
    for contract, listed in gates.items():
        functions = state_changing(contract)
        gone = sorted(set(listed) - {function.name for function in functions})
        problems += [(f"{contract}.{name}", "is in the list, but not in the contract") for name in gone]
        for function in functions:
            gate = listed.get(function.name)
            row = _row(world, function, gate.note if gate else "")
            rows.append(row)
            problems += [(f"{contract}.{function.name}", what) for what in _differences(world, row, gate)]
    return rows, problems


def render(rows: list[Row]) -> str:
    """The document."""
    lines = [
        "# Who may call what",
        "",
        "Every function that changes something, tried by every kind of caller on a deployment of the local",
        "preset. A tick means that the caller is let in; what the call does then is up to its other checks.",
        "",
        "`PYTHONPATH=tests/style .venv/bin/python -m rules.access_matrix` writes this page,",
        "`tests/style/test_access_matrix.py` compares it.",
        "",
        *(f"- *{name}*: {who}" for name, who in CALLERS.items()),
        "",
        *fill(f"{', '.join(f'`{name}`' for name in READ_ONLY)} change nothing.", WIDTH).splitlines(),
    ]
    for contract in dict.fromkeys(row.function.contract for row in rows):
        mine = [row for row in rows if row.function.contract == contract]
        lines += ["", f"## {contract}", "", *_table(mine)]
    return "\n".join(lines) + "\n"


def write() -> None:
    """Write the document again."""
    rows, _ = matrix(World())
    DOCUMENT.write_text(render(rows))


def _row(world: World, function: Function, note: str) -> Row:
    answers = {caller: world.refusal(function, caller) for caller in CALLERS}
    callers = tuple(caller for caller, refusal in answers.items() if not refusal)
    refusals = frozenset(filter(None, answers.values()))
    return Row(function, callers if refusals else ("anyone",), refusals, note)


def _differences(world: World, row: Row, gate: Gate | None) -> Iterator[str]:
    """How a row differs from the list or, if it is not listed, from the access manager's answers."""
    given = ", ".join(row.callers) or "nobody"
    if gate is None and row.refusals != {RESTRICTED}:
        yield "is neither in the list nor restricted to a role"
    elif gate is None:
        told = tuple(caller for caller in CALLERS if world.can_call(row.function, caller))
        if row.callers != told:
            yield f"lets in {given}; the access manager says {', '.join(told) or 'nobody'}"
    else:
        if row.callers != gate.callers:
            yield f"lets in {given} instead of {', '.join(gate.callers)}"
        if row.refusals != frozenset(filter(None, [gate.refusal])):
            refusals = ", ".join(sorted(row.refusals))
            yield f"refuses with {refusals or 'nothing'} instead of {gate.refusal or 'nothing'}"


def _table(rows: list[Row]) -> Iterator[str]:
    """One contract's rows, under those callers that any of them lets in."""
    columns = [caller for caller in CALLERS if any(caller in row.callers for row in rows)]
    yield f"| function | selector | {' | '.join(columns)} | others get | |"
    yield f"|---|---|{':-:|' * len(columns)}---|---|"
    for row in rows:
        ticks = " | ".join("✓" if caller in row.callers else "" for caller in columns)
        refusal = ", ".join(f"`{name}`" for name in sorted(row.refusals))
        function = row.function
        yield f"| `{function.name}` | `0x{function.selector.hex()}` | {ticks} | {refusal} | {row.note} |"


if __name__ == "__main__":
    write()
