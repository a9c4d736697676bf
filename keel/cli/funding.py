"""`keel funding`: what funding models charge."""

import click

from keel.cli.lazy import LazyGroup

_COMMANDS = {
    "compare": (
        "keel.cli.funding_compare:compare",
        "All models over real series of premiums, with a report.",
    ),
    "quote": ("keel.cli.funding_quote:quote", "What a deployed model answers, for any state."),
    "attack": ("keel.cli.funding_attack:attack", "Search for profit from pushing a rate."),
    "loop": ("keel.cli.funding_loop:loop", "Arbitrageurs against a market with each model."),
}


@click.group(cls=LazyGroup, lazy=_COMMANDS)
def command() -> None:
    """What funding models charge.

    \b
    Examples:
      keel funding compare --data-dir ../shared/data --market ETH
      keel funding quote --model premium --premium 0.0008
      keel funding attack --model layered --seconds 30
      keel funding loop --model layered
    """  # noqa: D301, click's mark for lines that stay as they are
