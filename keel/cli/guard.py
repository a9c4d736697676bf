"""`keel guard`: which markets are restricted, by whom and until when; restrict and lift."""

import click

from keel.cli.lazy import LazyGroup

_COMMANDS = {
    "status": ("keel.cli.guard_status:status", "Status of each market: who set it, until when."),
    "restrict": ("keel.cli.guard_act:restrict", "Tighten a market's status for a while, as its guardian."),
    "lift": ("keel.cli.guard_act:lift", "End a restriction whose time is over, as anyone."),
}


@click.group(cls=LazyGroup, lazy=_COMMANDS)
def command() -> None:
    """Which markets are restricted, by whom and until when; restrict and lift.

    Nothing is sent without --account or --keystore.

    \b
    Examples:
      keel guard status --deployment record.json --rpc http://127.0.0.1:8545
      keel guard restrict 1 --level reduce-only --deployment record.json --rpc "$RPC" --keystore guardian.json
      keel guard lift 1 --deployment record.json --rpc http://127.0.0.1:8545 --account 0x7099...79C8
    """  # noqa: D301, click's mark for lines that stay as they are
