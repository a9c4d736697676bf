"""Entry point of the `keel` command: subcommands load when they are asked for, errors are one line.

Exit codes: 0 done, 1 the run found what it was looking for (a violation, books that do not add up), 2 bad
input or a missing part.
"""

import sys
from collections.abc import Sequence

import click

from keel import __version__
from keel.cli.lazy import LazyGroup
from keel.errors import KeelError

# Modules under keel.cli that define a `command` of their own name.
_COMMANDS = {
    "demo": "Live through a market day on a local chain and write a report.",
    "replay": "The same show over any candle file.",
    "quote": "What the deployed bytecode's formulas give for any state.",
    "funding": "What funding models charge: over real series, for any state, against arbitrage.",
    "oracle": "What prices come from, and how far they can be trusted.",
    "guard": "Which markets are restricted, by whom and until when; restrict and lift.",
    "stress": "Replay a crash with hundreds of leveraged accounts: does the insurance hold?",
    "market": "How near a live market is to its limits.",
    "collateral": "What a live deployment takes besides the settlement token.",
    "gas": "Measure the gas of every operation; compare with the snapshot.",
    "fuzz": "Run random actions against the invariants.",
}


@click.group(
    cls=LazyGroup,
    lazy={name: (f"keel.cli.{name}:command", told) for name, told in _COMMANDS.items()},
    context_settings={"help_option_names": ["-h", "--help"]},
)
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
