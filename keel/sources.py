"""Whether the compiled contracts are those of the sources.

ape recompiles the files that changed, but not the files that import them: after an edit of a library the
contracts that inline it stay as they were. So a full compile leaves a digest of all sources beside its
output, and whoever loads the output compares.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from keel.errors import ArtifactError

_STAMP = Path(".build") / "sources.sha256"


def stale(root: Path) -> bool | None:
    """Whether a project's sources changed since the last full compile; None where there was none."""
    stamp = root / _STAMP
    return stamp.read_text() != _digest(root) if stamp.is_file() else None


def compile_all(root: Path) -> None:
    """Compile every contract anew with ape, and leave the digest.

    Raises:
        ArtifactError: The compiler refused; it has said why.
    """
    (root / _STAMP).unlink(missing_ok=True)
    manifest = root / ".build" / "__local__.json"
    # ape keeps contracts whose files are gone.
    manifest.unlink(missing_ok=True)
    # It looks at 500 files in that folder, and its own copies of the dependencies are more.
    shutil.rmtree(root / "contracts" / ".cache", ignore_errors=True)
    digest = _digest(root)
    ape = Path(sys.executable).with_name("ape")
    if subprocess.run([ape, "compile", "--force"], cwd=root, check=False).returncode:
        raise ArtifactError("the contracts do not compile", "see the compiler's message above")
    (root / _STAMP).write_text(digest)


def _digest(root: Path) -> str:
    whole = hashlib.sha256()
    contracts = root / "contracts"
    for path in (*sorted(contracts.rglob("*.sol")), root / "ape-config.yaml"):
        if ".cache" not in path.parts:
            whole.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()
