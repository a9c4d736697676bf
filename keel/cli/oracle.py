"""`keel oracle`: what prices come from, and how far they can be trusted."""

import click

from keel.cli.lazy import LazyGroup

_COMMANDS = {
    "show": ("keel.cli.oracle_show:show", "Prices of a live deployment, stored and live, source by source."),
    "matrix": ("keel.cli.oracle_matrix:matrix", "Which action is allowed at which validity."),
    "replay": ("keel.cli.oracle_replay:replay", "Months of real Chainlink rounds through hub and core."),
    "manipulation": (
        "keel.cli.oracle_manipulation:manipulation",
        "What moving a pool's average costs, and what it earns.",
    ),
}


@click.group(cls=LazyGroup, lazy=_COMMANDS)
def command() -> None:
    """What prices come from, and how far they can be trusted.

    \b
    Examples:
      keel oracle show --deployment record.json --rpc http://127.0.0.1:8545
      keel oracle replay --data-dir ../shared/data --market ETH
      keel oracle manipulation --out docs/oracle-manipulation.md
    """  # noqa: D301, click's mark for lines that stay as they are
