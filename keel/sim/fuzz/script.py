"""A finding as a script that anybody can run: the same actions on anvil, through ape."""

from pathlib import Path
from pprint import pformat

import click

from keel.errors import DataError
from keel.sdk.anvil import Anvil
from keel.sdk.apechain import ape_at
from keel.sim.fuzz.action import from_rows, to_rows
from keel.sim.fuzz.campaign import Finding, open_stage, violated
from keel.sim.fuzz.invariants.twin import TWIN

_SCRIPT = '''"""{invariant}, found with seed {seed}: run it with Python in the project's environment.

{message}
"""

from keel.sim.fuzz.script import replay

ACTIONS = {actions}

if __name__ == "__main__":
    raise SystemExit(replay("{invariant}", ACTIONS))
'''


def write_script(finding: Finding, seed: int, folder: Path) -> Path:
    """Write the script that replays a finding; gives its path.

    Raises:
        DataError: The folder cannot be written to.
    """
    path = folder / f"{finding.invariant.lower().replace('-', '_')}_seed_{seed}.py"
    text = _SCRIPT.format(
        invariant=finding.invariant,
        seed=seed,
        message=finding.message.replace('"""', "'''").replace("\\", "/"),
        actions=pformat(to_rows(finding.actions), width=100),
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    except OSError as problem:
        raise DataError(f"cannot write {path} ({problem})", "choose another folder") from None
    return path


def replay(invariant: str, rows: list[list[str | int]]) -> int:
    """Carry actions out on a fresh anvil and say what breaks.

    Returns:
        1 if the invariant is violated again, 0 if not.
    """
    with Anvil() as node, ape_at(node.url) as chain:
        found = violated(open_stage(chain), from_rows(rows), twin=invariant == TWIN)
    if found is None:
        click.echo(f"{invariant} holds: {len(rows)} actions, no violation")
        return 0
    click.echo(f"{found.invariant} at action {len(found.actions)}: {found.message}")
    return int(found.invariant == invariant)
