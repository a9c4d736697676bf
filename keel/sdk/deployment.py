"""Where a deployment lives: addresses by role, kept in a JSON file."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from keel.errors import ChainError, CodecError, ConfigError
from keel.evm.chain import NOBODY, Chain, Contract

#: End of the step that lists a kind of collateral.
KIND_LISTED = ".listed"
_KIND_STEPS = "collateral."


@dataclass(slots=True)
class Record:
    """What has been done so far, by step; written after each so that a deployment can be resumed.

    Attributes:
        contracts: Step to contract name and address.
        done: Steps without a contract that are done.
        path: File to keep it in; None keeps it in memory.
    """

    contracts: dict[str, tuple[str, str]] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    path: Path | None = None

    def save(self) -> None:
        """Write the file, if there is one."""
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        body = {"contracts": self.contracts, "done": self.done}
        self.path.write_text(json.dumps(body, indent=2) + "\n")


def load_record(path: Path) -> Record:
    """Read a record; an absent file is an empty one.

    Raises:
        ConfigError: The file is not a deployment record.
    """
    if not path.exists():
        return Record(path=path)
    try:
        raw = json.loads(path.read_text())
        contracts = {step: (str(name), str(address)) for step, (name, address) in raw["contracts"].items()}
        return Record(contracts, list(raw["done"]), path)
    except (ValueError, KeyError, TypeError) as problem:
        raise ConfigError(f"{path.name} is no deployment record ({problem})", "move it away") from None


@dataclass(frozen=True, slots=True)
class MarketContracts:
    """Contracts of one market.

    Attributes:
        id: Market id, from 1.
        name: Name from the settings.
        vault: Share vault of its pool.
        model: Name of the funding model that was deployed with it; governance may have switched since
            (`Protocol.funding_model`).
        funding: That model's contract.
        hub: Oracle hub that was deployed with it; governance may have linked another.
        sources: Price sources of that hub, in the order of the settings.
        aggregators: Feeds that anyone sets, deployed for sources without one, in that order.
    """

    id: int
    name: str
    vault: Contract
    model: str
    funding: Contract
    hub: Contract
    sources: tuple[Contract, ...]
    aggregators: tuple[Contract, ...]


@dataclass(frozen=True, slots=True)
class KindContracts:
    """Contracts of one kind of collateral.

    Attributes:
        id: Kind id, from 1.
        name: Name from the settings.
        token: The token; with everything a test token has where it was deployed with it.
        decimals: Its decimals.
        hub: Oracle hub that was deployed with it; governance may have linked another.
        sources: Price sources of that hub, in the order of the settings.
        aggregators: Feeds that anyone sets, deployed for sources without one, in that order.
    """

    id: int
    name: str
    token: Contract
    decimals: int
    hub: Contract
    sources: tuple[Contract, ...]
    aggregators: tuple[Contract, ...]


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployed protocol. `core` carries the whole interface (IKeel).

    Attributes:
        token_decimals: Decimals of the settlement token.
        pyth_updater: Pays for pushes to Pyth; None where no market reads it.
        collateral: Keeps what accounts have besides the settlement token; None where no kind is listed.
        kinds: Its kinds, in order of their ids.
    """

    token: Contract
    token_decimals: int
    core: Contract
    extension: Contract
    liquidation: Contract
    lens: Contract
    funding_lens: Contract
    oracle_lens: Contract
    liquidation_lens: Contract
    pyth_updater: Contract | None
    insurance: Contract
    access: Contract
    timelock: Contract
    markets: tuple[MarketContracts, ...]
    collateral: Contract | None = None
    kinds: tuple[KindContracts, ...] = ()


def addresses(deployment: Deployment) -> dict[str, str]:
    """Every address by role, for people and for explorers."""
    flat = {role: value["address"] for role, value in asdict(deployment).items() if isinstance(value, dict)}
    for market in deployment.markets:
        flat[f"{market.name}.vault"] = market.vault.address
        flat[f"{market.name}.funding"] = market.funding.address
        flat |= _feed_addresses(market.name, market)
    for kind in deployment.kinds:
        step = kind_step(kind.name)
        flat[f"{step}.token"] = kind.token.address
        flat |= _feed_addresses(step, kind)
    return flat


def kind_step(name: str) -> str:
    """What the steps of a kind of collateral begin with."""
    return f"{_KIND_STEPS}{name}"


def kind_names(record: Record) -> dict[int, str]:
    """Names of the kinds of collateral that a deployment listed, by id."""
    ours = (step.removeprefix(_KIND_STEPS) for step in record.done if step.startswith(_KIND_STEPS))
    listed = [step.removesuffix(KIND_LISTED) for step in ours if step.endswith(KIND_LISTED)]
    return dict(enumerate(listed, start=1))


def require_steps(record: Record, *steps: str) -> None:
    """Refuse the record of a deployment that has not come so far. Raises ConfigError."""
    for step in steps:
        if step not in record.contracts:
            path = record.path.name if record.path else "the record"
            raise ConfigError(f"{path} has no {step}", "give the record of a finished deployment")


def market_names(record: Record) -> dict[int, str]:
    """Names of the markets that a deployment listed, by id."""
    listed = [step.removesuffix(".list") for step in record.done if step.endswith(".list")]
    return dict(enumerate(listed, start=1))


def bind(chain: Chain, record: Record, step: str) -> Contract:
    """The contract a step deployed."""
    name, address = record.contracts[step]
    return chain.at(name, address)


def ask(chain: Chain, target: Contract, what: str, function: str, *arguments: Any) -> Any:
    """What a contract of a record answers a reader who has no account.

    Args:
        chain: Chain that it should be on.
        target: The contract.
        what: What it is, for the error.
        function: View to call.
        *arguments: Its arguments.

    Raises:
        ChainError: There is no such contract at that address.
    """
    try:
        return chain.call(target, function, *arguments, sender=NOBODY)
    except CodecError:
        where = f"there is no {what} at {target.address}"
        raise ChainError(where, "check that the record is of this chain") from None


def _feed_addresses(step: str, fed: MarketContracts | KindContracts) -> dict[str, str]:
    flat = {f"{step}.hub": fed.hub.address}
    flat |= {f"{step}.source{i}": source.address for i, source in enumerate(fed.sources)}
    return flat | {f"{step}.aggregator{i}": feed.address for i, feed in enumerate(fed.aggregators)}
