"""Governance: roles, the delay of the timelock, and what the guardian may do without it.

Whoever proposes waits for the delay, then anyone executes. The guardian restricts a market at once, and what
he did lapses.
"""

from dataclasses import dataclass
from enum import IntEnum
from itertools import count
from typing import Any

from keel.config.deployment import DeploymentSettings
from keel.errors import ConfigError, DataError
from keel.evm.chain import NOBODY, Chain, Contract, Receipt
from keel.sdk.deployment import Record, ask, market_names, require_steps

GOVERNOR_FUNCTIONS = (
    "listMarket",
    "setMarket",
    "holdMarket",
    "reopenMarket",
    "shutMarket",
    "setInsuranceVault",
    "setCollateral",
)
#: Of the contract that keeps other collateral.
COLLATERAL_FUNCTIONS = ("listKind", "setTerms")
GUARDIAN_FUNCTIONS = ("restrictMarket",)
# Chain ids of development nodes.
LOCAL_CHAINS = frozenset({1_337, 31_337})
LEAST_DELAY = 86_400

_WORD = 32
_NO_PREDECESSOR = bytes(_WORD)


class Status(IntEnum):
    """What a market takes; no status blocks reductions, margin, liquidations, prices or funding."""

    OPEN = 1
    REDUCE_ONLY = 2
    CLOSED = 3


@dataclass(frozen=True, slots=True)
class Roles:
    """Ids of the access manager's roles."""

    admin: int
    governor: int
    guardian: int


@dataclass(frozen=True, slots=True)
class Restriction:
    """Status of a market, and whose it is; times are seconds since 1970.

    Attributes:
        market: Market id.
        status: What it takes.
        by: The guardian who set the status; None: governance.
        until: From when on anyone may lift it; None: it stands until governance changes it.
        rested_at: From when on the guardian may restrict it anew; None: at any time.
        lapsed: Whether anyone may lift it now.
    """

    market: int
    status: Status
    by: str | None
    until: int | None
    rested_at: int | None
    lapsed: bool


@dataclass(frozen=True, slots=True)
class Proposal:
    """A call that waits in the timelock.

    Attributes:
        target: Contract to call.
        calldata: The call.
        salt: Number that tells it from the same call proposed before.
    """

    target: Contract
    calldata: bytes
    salt: int

    @property
    def operation(self) -> tuple[Contract, int, bytes, bytes, bytes]:
        """Arguments by which the timelock knows it: target, value, data, predecessor, salt."""
        return self.target, 0, self.calldata, _NO_PREDECESSOR, self.salt.to_bytes(_WORD, "big")


def propose(
    chain: Chain, timelock: Contract, target: Contract, function: str, *arguments: Any, sender: str
) -> Proposal:
    """Schedule a call at the timelock, with the timelock's own delay.

    Args:
        chain: Chain of the deployment.
        timelock: KeelTimelock.
        target: Contract to call.
        function: Its function.
        arguments: What the function takes.
        sender: A proposer.

    Raises:
        Reverted: The sender is no proposer.
    """
    calldata = target.abi.function(function).encode(arguments)
    proposals = (Proposal(target, calldata, salt) for salt in count())
    proposal = next(one for one in proposals if not _known(chain, timelock, one))
    delay = chain.call(timelock, "getMinDelay")
    chain.send(timelock, "schedule", *proposal.operation, delay, sender=sender)
    return proposal


def execute(chain: Chain, timelock: Contract, proposal: Proposal, sender: str) -> Receipt:
    """Do what was proposed; anyone may, once the delay has passed.

    Raises:
        Reverted: It is too early, or the call itself is refused.
    """
    return chain.send(timelock, "execute", *proposal.operation, sender=sender)


def roles_of(chain: Chain, access: Contract) -> Roles:
    """Ids of the roles, from a KeelAccess."""
    names = ("ADMIN_ROLE", "GOVERNOR_ROLE", "GUARDIAN_ROLE")
    return Roles(*(chain.call(access, name) for name in names))


def require_delay(chain_id: int, settings: DeploymentSettings) -> None:
    """Refuse settings whose governance is unfit for a chain that is not local.

    Args:
        chain_id: Chain id; those of development nodes take anything.
        settings: What is to be deployed.

    Raises:
        ConfigError: The delay is below a day, or governor or guardian are left to the deployer.
    """
    if chain_id in LOCAL_CHAINS:
        return
    if settings.timelock_seconds < LEAST_DELAY:
        raise ConfigError(
            f"timelock_seconds is {settings.timelock_seconds}, chain {chain_id} is not local",
            f"make it {LEAST_DELAY} at least",
        )
    for name in ("governor", "guardian"):
        if getattr(settings, name) is None:
            raise ConfigError(f"{name} is not set, chain {chain_id} is not local", "name its address")


def restriction(chain: Chain, core: Contract, market: int) -> Restriction:
    """Status of a market, who set it and until when. Raises Reverted (MarketUnknown)."""
    found = chain.call(core, "restrictionOf", market, sender=NOBODY)
    return Restriction(
        market=market,
        status=Status(found.status),
        by=found.by if int(found.by, 16) else None,
        until=found.until or None,
        rested_at=found.restedAt or None,
        lapsed=0 < found.until <= chain.timestamp(),
    )


def restrict(chain: Chain, core: Contract, market: int, level: Status, sender: str) -> Receipt:
    """Tighten a market's status for a while: the guardian only, at once.

    Raises:
        Reverted: The sender is no guardian or his mandate is over, the market is as tight already, or was
            restricted a short while ago (GuardianRests).
    """
    return chain.send(core, "restrictMarket", market, int(level), sender=sender)


def lift(chain: Chain, core: Contract, market: int, sender: str) -> Receipt:
    """End a guardian's restriction whose time is over; anyone may. Raises Reverted (NothingToLift)."""
    return chain.send(core, "liftMarket", market, sender=sender)


def mandate_end(chain: Chain, access: Contract, guardian: str) -> int:
    """When a guardian's mandate ends, seconds since 1970; 0 = never had one."""
    end: int = chain.call(access, "mandateEnd", guardian, sender=NOBODY)
    return end


class Guard:
    """Restrictions of a deployment's markets, from its record.

    Args:
        chain: Chain of the deployment.
        record: Its record.

    Attributes:
        core: The core.
        access: The access manager.
        names: Names of markets by id.

    Raises:
        ConfigError: The record is not of a finished deployment.
    """

    def __init__(self, chain: Chain, record: Record) -> None:
        require_steps(record, "core", "access")
        self._chain = chain
        self.core = chain.at("IKeel", record.contracts["core"][1])
        self.access = chain.at("KeelAccess", record.contracts["access"][1])
        self.names = market_names(record)

    def markets(self) -> tuple[Restriction, ...]:
        """Of all markets, in order of their ids. Raises ChainError where there is no core."""
        return tuple(restriction(self._chain, self.core, market) for market in range(1, self._count() + 1))

    def market(self, market: int) -> Restriction:
        """Of one market.

        Raises:
            DataError: The deployment has no market of that id.
            ChainError: There is no core on this chain.
        """
        count = self._count()
        if not 1 <= market <= count:
            raise DataError(f"the deployment has no market {market}", f"choose 1 to {count}")
        return restriction(self._chain, self.core, market)

    def restrict(self, market: int, level: Status, sender: str) -> Receipt:
        """See `restrict`."""
        return restrict(self._chain, self.core, market, level, sender)

    def lift(self, market: int, sender: str) -> Receipt:
        """See `lift`."""
        return lift(self._chain, self.core, market, sender)

    def mandate_end(self, guardian: str) -> int:
        """See `mandate_end`."""
        return mandate_end(self._chain, self.access, guardian)

    def _count(self) -> int:
        return int(ask(self._chain, self.core, "core", "marketCount"))


def _known(chain: Chain, timelock: Contract, proposal: Proposal) -> bool:
    identity = chain.call(timelock, "hashOperation", *proposal.operation)
    return bool(chain.call(timelock, "isOperation", identity))
