"""`keel market`: markets of a live deployment."""

import click

from keel.cli.lazy import LazyGroup

_COMMANDS = {
    "show": (
        "keel.cli.market_show:show",
        "How near each market is to its limits, and what stands behind them.",
    ),
}


@click.group(cls=LazyGroup, lazy=_COMMANDS)
def command() -> None:
    """Markets of a live deployment.

    \b
    Examples:
      keel market show --deployment record.json --rpc http://127.0.0.1:8545
    """  # noqa: D301, click's mark for lines that stay as they are
