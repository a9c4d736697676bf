"""`keel collateral`: kinds of collateral of a live deployment."""

import click

from keel.cli.lazy import LazyGroup

_COMMANDS = {
    "show": (
        "keel.cli.collateral_show:show",
        "Price, haircut, use of the cap and peg of each kind.",
    ),
}


@click.group(cls=LazyGroup, lazy=_COMMANDS)
def command() -> None:
    """Collateral besides the settlement token, of a live deployment.

    \b
    Examples:
      keel collateral show --deployment record.json --rpc http://127.0.0.1:8545
    """  # noqa: D301, click's mark for lines that stay as they are
