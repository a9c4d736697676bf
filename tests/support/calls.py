"""Every function of every contract of a deployment, with arguments that are likely to be taken."""

from dataclasses import dataclass
from typing import Any

from support.bench import MARKET

from keel.artifacts import artifact, signature
from keel.evm.chain import Contract
from keel.sdk.protocol import NO_LIMIT, account_id
from keel.units import WAD

SHARE = 10**24


@dataclass(frozen=True, eq=False)
class Entry:
    """A function at an address.

    Attributes:
        place: What the contract is in the deployment.
        changes: Whether it may change something.
    """

    place: str
    contract: Contract
    abi: dict[str, Any]

    @property
    def name(self):
        return self.abi["name"]

    @property
    def changes(self):
        return self.abi["stateMutability"] not in ("view", "pure")

    @property
    def target(self):
        return self.contract.address

    def encode(self, given):
        """Calldata with arguments as `given(parameter)` says."""
        arguments = [given(parameter) for parameter in self.abi["inputs"]]
        return self.contract.abi.function(signature(self.abi)).encode(arguments)

    def __str__(self):
        return f"{self.place}.{self.name}"


def everything(bench):
    """All functions of all contracts of a bench but those of the settlement token and of simulated feeds."""
    contracts, market = bench.protocol.contracts, bench.protocol.market_contracts(MARKET)
    places = {
        "core": (bench.core, ("IKeel", "Keel", "KeelExtension", "KeelLiquidation")),
        "extension": (contracts.extension, ("KeelExtension",)),
        "liquidation": (contracts.liquidation, ("KeelLiquidation",)),
        "vault": (market.vault, ("ShareVault",)),
        "insurance": (contracts.insurance, ("ShareVault",)),
        "hub": (bench.hub_of(), ("OracleHub",)),
        "source": (market.sources[0], ("ChainlinkSource",)),
        "model": (market.funding, ("LayeredFunding",)),
        "lens": (contracts.lens, ("Lens",)),
        "funding lens": (contracts.funding_lens, ("FundingLens",)),
        "oracle lens": (contracts.oracle_lens, ("OracleLens",)),
        "access manager": (contracts.access, ("KeelAccess",)),
        "timelock": (contracts.timelock, ("KeelTimelock",)),
    }
    if contracts.collateral is not None:
        places["collateral"] = (contracts.collateral, ("Collateral",))
    found = {}
    for place, (contract, artifacts) in places.items():
        for name in artifacts:
            bound = bench.chain.at(name, contract.address)
            for abi in artifact(name).abi:
                if abi["type"] == "function":
                    found.setdefault((place, signature(abi)), Entry(place, bound, abi))
    return list(found.values())


def plausible(bench, owner, weak=0):
    """Arguments by name and type that `owner` (an address) may well call with; `weak` may be liquidated."""
    mine, inner = account_id(owner), bench.core.abi.function("accrue").encode((MARKET,))
    named = {
        **dict.fromkeys(("account", "id"), mine),
        "ids": [mine],
        "accounts": [weak],
        "market": MARKET,
        **dict.fromkeys(("tokens", "assets"), 5 * 10**6),
        "shares": SHARE,
        "wanted": 0,
        "size": WAD // 100,
        "skew": WAD,
        "index": WAD,
        "depth": 100 * WAD,
        **dict.fromkeys(("limitPrice", "maxCost", "deadline"), NO_LIMIT),
        "windowSeconds": 300,
        "horizon": 3_600,
        "value": 1,
        "validity": 1,
        "level": 2,
        "least": 1,
        "data": [inner],
    }

    def given(parameter):
        kind, name = parameter["type"], parameter["name"]
        if kind == "tuple":
            return {member["name"]: given(member) for member in parameter["components"]}
        plain = {"address": owner, "bool": True, "string": "", "bytes": b"", "uint16": MARKET}
        if kind in plain:
            return plain[kind]
        if kind.startswith("bytes") and kind[5:].isdigit():
            return bytes(int(kind[5:]))
        if kind.endswith("[]"):
            return named[name] if name in ("ids", "accounts", "data") and kind != "address[]" else []
        return named.get(name, 1)

    return given
