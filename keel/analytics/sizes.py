"""Size of the deployed code, contract by contract."""

from collections.abc import Mapping

from keel.artifacts import Artifact, all_artifacts

# What trades, margin, pools, insurance, funding and one price source need on chain; the lens, which only
# reads, and governance, which every protocol brings along, are listed but not counted.
CORE_CONTRACTS = (
    "Keel",
    "KeelExtension",
    "KeelLiquidation",
    "LayeredFunding",
    "OracleHub",
    "ChainlinkSource",
    "ShareVault",
)
_TEST_DOUBLES = "contracts/mocks/"


def runtime_sizes() -> dict[str, int]:
    """Runtime bytes of every contract that a deployment puts on a chain, by name."""
    return {
        name: len(compiled.runtime)
        for name, compiled in sorted(all_artifacts().items())
        if not compiled.source.startswith(_TEST_DOUBLES) and _is_contract(compiled)
    }


def core_size(sizes: Mapping[str, int]) -> int:
    """Runtime bytes of the core in all."""
    return sum(sizes[name] for name in CORE_CONTRACTS)


def _is_contract(compiled: Artifact) -> bool:
    # A library whose functions are all internal compiles to an empty shell that nobody deploys.
    return bool(compiled.runtime_hex) and any(entry["type"] == "function" for entry in compiled.abi)
