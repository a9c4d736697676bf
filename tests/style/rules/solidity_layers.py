"""One-way imports in the contracts."""

import posixpath
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from rules.graph import cycles, upward
from rules.report import Problem
from rules.solidity import Source, sources


class Layer(NamedTuple):
    """Files by pattern, and the layers that they import from besides their own, both as words of a text."""

    files: str
    imports: str


# A room holds files of several layers: pure maths at the bottom, its part of the core's books in the middle,
# contracts of their own beside the core.
LAYERS = {
    "types": Layer("types/*", ""),
    "interfaces": Layer("interfaces/*", "types"),
    "libraries": Layer("libraries/*", "types"),
    "maths": Layer(
        "*/*Math.sol */*/*Math.sol market/Curve.sol margin/MarketSet.sol oracle/ValidityLadder.sol "
        "oracle/Volatility.sol oracle/Quorum.sol governance/MarketRules.sol "
        "funding/Decay.sol funding/FundingCall.sol funding/FundingView.sol funding/ModelState.sol "
        "funding/Paths.sol funding/Stability.sol",
        "types interfaces libraries",
    ),
    "stores": Layer("core/*Store.sol oracle/PriceHistory.sol", "types interfaces libraries maths"),
    # Contracts beside the core: they know it, and it knows them, by interface only.
    "satellites": Layer(
        "vault/* funding/LayeredFunding.sol funding/PremiumFunding.sol funding/VelocityFunding.sol "
        "funding/AdaptiveFunding.sol funding/interest/*.sol oracle/OracleHub.sol "
        "oracle/SourceReader.sol oracle/*Source.sol oracle/SequencerGate.sol oracle/PythUpdater.sol lens/* "
        "governance/KeelAccess.sol governance/KeelTimelock.sol collateral/CollateralKinds.sol "
        "collateral/Collateral.sol",
        "types interfaces libraries maths stores",
    ),
    "storage": Layer("core/KeelStorage.sol", "types interfaces libraries maths stores"),
    "ledgers": Layer(
        "core/MarketBase.sol core/KeelViews.sol funding/FundingEscrow.sol funding/FundingLedger.sol "
        "margin/Positions.sol margin/MarginLedger.sol margin/Accounts.sol market/Filling.sol "
        "market/Trading.sol market/MarketUpkeep.sol liquidation/Waterfall.sol liquidation/Backstop.sol "
        "liquidation/Resolutions.sol liquidation/Choice.sol liquidation/Liquidations.sol pool/Pools.sol "
        "insurance/InsuranceLedger.sol governance/Governance.sol governance/Restrictions.sol",
        "types interfaces libraries maths stores storage",
    ),
    "core": Layer(
        "Keel.sol KeelExtension.sol KeelLiquidation.sol",
        "types interfaces libraries maths stores storage ledgers",
    ),
    # Nothing lists this layer, so nothing but mocks imports mocks.
    "mocks": Layer("mocks/*", "types interfaces libraries maths stores"),
}

# Anything else is a package: `@openzeppelin/...`, `solady/...`.
_OWN = (".", "contracts/")
_ALLOWED = {name: {name, *layer.imports.split()} for name, layer in LAYERS.items()}


def layering(root: Path) -> list[Problem]:
    """Imports of a higher layer, files without a layer, and import cycles, below a folder of contracts."""
    files = sources(root)
    graph = {file: set(_own_imports(file, source).values()) & set(files) for file, source in files.items()}
    return upward(graph, layer_of, _ALLOWED) + cycles(graph)


def import_forms(root: Path) -> list[Problem]:
    """Imports that take a whole file, and imports of files that are not there."""
    files = sources(root)
    found = []
    for file, source in files.items():
        whole = (one.path for one in source.imports if not one.named)
        found += [Problem(file, f"imports all of {path}: list the names") for path in whole]
        own = _own_imports(file, source).items()
        lost = (path for path, target in own if target not in files)
        found += [Problem(file, f"imports {path}, which is not there") for path in lost]
    return found


def layer_of(file: str) -> str | None:
    """The layer of a file by its path below the contracts; the first that names it."""
    for name, layer in LAYERS.items():
        patterns = (one for one in layer.files.split() if one.count("/") == file.count("/"))
        if any(fnmatchcase(file, pattern) for pattern in patterns):
            return name
    return None


def _own_imports(file: str, source: Source) -> dict[str, str]:
    """What a file imports of this tree: the path as written, and where that leads."""
    return {one.path: _target(file, one.path) for one in source.imports if one.path.startswith(_OWN)}


def _target(file: str, path: str) -> str:
    if path.startswith("."):
        return posixpath.normpath(posixpath.join(posixpath.dirname(file), path))
    return path.removeprefix("contracts/")
