"""Entry point of the `keel` command: subcommands load when they are asked for, errors are one line.

Exit codes: 0 done, 1 the run found what it was looking for (a violation, books that do not add up), 2 bad
input or a missing part.
"""

import importlib
import sys
from collections.abc import Sequence

import click

from keel import __version__
from keel.errors import KeelError

# Modules under keel.cli that define a `command` of their own name.
_COMMANDS = {
    "demo": "Live through a market day on a local chain and write a report.",
    "replay": "The same show over any candle file.",
    "quote": "What the deployed bytecode's formulas give for any state.",
    "gas": "Measure the gas of every operation; compare with the snapshot.",
    "fuzz": "Run random actions against the invariants.",
}


class _LazyGroup(click.Group):
    """Imports a subcommand's module only when it is used: `keel --help` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002, click's interface
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"keel.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="keel")
def cli() -> None:
    """Keel: AMM perpetual swaps, live on a local chain.

    \b
    Examples:
      keel demo                       a market day on a local chain, with a report
      keel quote curve --index 10 --depth 100 --skew 0 --quote 600
      keel fuzz --seconds 30 --json
    """  # noqa: D301, click's mark for lines that stay as they are


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; a KeelError becomes one line and exit code 2."""
    try:
        cli.main(args=None if arguments is None else list(arguments), prog_name="keel", standalone_mode=True)
    except KeelError as error:
        click.echo(f"keel: {error}", err=True)
        sys.exit(2)
