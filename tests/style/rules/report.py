"""What a rule finds, what the maintainers have accepted, and the tree that the rules run over."""

import subprocess
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[3]

# Rule, then place, then why it may stay. An entry that is no longer needed fails the rule, too.
ACCEPTED: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "Functions in a contract": {
            "contracts/vault/ShareVault.sol: ShareVault": "ERC-4626, ERC-7540, ERC-7575 ask for 23 of the 26"
        },
        "Function twins": dict.fromkeys(
            ("layered.py: pack", "layered.py: unpack"), "parameters as words for immutables; Python has none"
        ),
    }
)

_LEFT_BY_TOOLS = frozenset(
    {".git", ".venv", "node_modules", ".build", ".cache", ".hypothesis", ".mypy_cache", ".pytest_cache"}
    | {".ruff_cache", "__pycache__", "reports"}
)


class Problem(NamedTuple):
    """One breach of a rule.

    Attributes:
        where: File or name; the key of the accepted breaches.
        what: What is wrong there.
    """

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def assert_clean(
    rule: str, problems: Iterable[Problem], accepted: Mapping[str, Mapping[str, str]] = ACCEPTED
) -> None:
    """Fail with every breach that is not accepted, and with every acceptance without reason or breach."""
    found = sorted(set(problems))
    allowed = accepted.get(rule, {})
    breaches = [str(problem) for problem in found if problem.where not in allowed]
    breaches += [f"{where}: accepted without a reason" for where, why in allowed.items() if not why.strip()]
    stale = set(allowed) - {problem.where for problem in found}
    breaches += [f"{where}: accepted, but nothing is wrong there any more" for where in sorted(stale)]
    assert not breaches, f"{rule}, {len(breaches)} breaches:\n" + "\n".join(breaches)


@cache
def committed_files(root: Path = ROOT) -> tuple[str, ...]:
    """Paths of the files that are, or would be, committed. Without git: all but what tools leave behind."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        walked = (path.relative_to(root) for path in root.rglob("*"))
        listed = [path.as_posix() for path in walked if not _LEFT_BY_TOOLS & set(path.parts)]
    return tuple(sorted(path for path in set(listed) if path and (root / path).is_file()))


def texts(root: Path, paths: Iterable[str]) -> dict[str, str]:
    """Text by path; files that are not text are left out."""
    found = {}
    for path in paths:
        try:
            found[path] = (root / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found
