"""`keel oracle matrix`: which action is allowed at which validity, by the deployed code."""

import json

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from keel.cli.oracle_show import spelt
from keel.evm.chain import NOBODY
from keel.evm.revm import RevmChain
from keel.model.validity import Action
from keel.sdk.oracle import action_matrix


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print an object: validity to allowed actions.")
def matrix(as_json: bool) -> None:
    """Which action is allowed at which validity of the price, best validity first.

    The answers are those of the compiled contracts, on a chain inside this process.

    \b
    Examples:
      keel oracle matrix
      keel oracle matrix --json
    """  # noqa: D301, click's mark for lines that stay as they are
    chain = RevmChain()
    # The matrix is a constant of the code: any core will do.
    allowed = action_matrix(chain, chain.deploy("OracleLens", NOBODY))
    if as_json:
        told = {spelt(validity): [spelt(one) for one in sorted(row)] for validity, row in allowed.items()}
        click.echo(json.dumps(told, indent=2))
        return
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("validity", no_wrap=True)
    for action in Action:
        # Two words may stand on two lines.
        table.add_column(action.name.title().replace("_", " "), justify="center")
    for validity, row in allowed.items():
        table.add_row(spelt(validity), *("yes" if action in row else "-" for action in Action))
    Console().print(table)
