"""`keel gas`: what every operation costs, against targets, peers and the figures kept in the repository."""

import json
import sys
from collections.abc import Mapping

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from keel.analytics.gas import measure_on_node
from keel.analytics.gas_targets import CONTRACT_BYTES_LIMIT, CORE_BYTES_LIMIT, TARGETS
from keel.analytics.sizes import core_size, runtime_sizes
from keel.analytics.snapshots import differences, read_figures, write_figures

_CORE_SUM = "core"


@click.command()
@click.option("--json", "as_json", is_flag=True, help='Print {"operations": {name: gas}} and nothing else.')
@click.option("--check", is_flag=True, help="Compare with snapshots/; exit code 1 when any figure differs.")
@click.option("--write", is_flag=True, help="Write snapshots/gas.json and snapshots/sizes.json.")
def command(as_json: bool, check: bool, write: bool) -> None:
    """Measure the gas of every operation on a private anvil.

    Each figure is gasUsed of a whole transaction with cold state; the figures repeat to the unit.

    \b
    Examples:
      keel gas            a table with targets, the cheapest peer, and headroom to the goal
      keel gas --json     for machines
      keel gas --check    has anything become dearer, cheaper or larger?
      keel gas --write    accept the new figures
    """  # noqa: D301, click's mark for lines that stay as they are
    gas, sizes = measure_on_node(), runtime_sizes()
    kept = {"gas": (gas, "operations"), "sizes": ({**sizes, _CORE_SUM: core_size(sizes)}, "bytes")}
    if as_json:
        click.echo(json.dumps({"operations": gas}, indent=2))
    elif not check:
        Console().print(_gas_table(gas), _size_table(sizes))
    if write:
        for name, (figures, kind) in kept.items():
            click.echo(f"wrote snapshots/{write_figures(name, kind, figures).name}", err=True)
    if check:
        changed = [
            line
            for name, (figures, kind) in kept.items()
            for line in differences(read_figures(name, kind), figures)
        ]
        click.echo("\n".join(changed) or "gas and sizes are as kept", err=as_json)
        sys.exit(1 if changed else 0)


def _gas_table(gas: Mapping[str, int]) -> Table:
    table = Table(title="Gas per transaction, cold state", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("operation", no_wrap=True)
    for heading in ("gas", "first", "goal", "headroom", "best peer"):
        table.add_column(heading, justify="right")
    for name, used in gas.items():
        target = TARGETS.get(name)
        if target is None:
            table.add_row(name, f"{used:,}")
            continue
        room = target.goal - used
        colour = "green" if room >= 0 else "yellow" if used <= target.first else "red"
        peer = "" if target.peer_gas is None else f"{target.peer} {target.peer_gas:,}"
        table.add_row(
            name, f"{used:,}", f"{target.first:,}", f"{target.goal:,}", f"[{colour}]{room:+,}[/]", peer
        )
    return table


def _size_table(sizes: Mapping[str, int]) -> Table:
    table = Table(title="Runtime bytes", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("contract")
    for heading in ("bytes", "limit", "headroom"):
        table.add_column(heading, justify="right")
    rows = [(name, size, CONTRACT_BYTES_LIMIT) for name, size in sizes.items()]
    for name, size, limit in [*rows, ("whole core", core_size(sizes), CORE_BYTES_LIMIT)]:
        colour = "green" if size < limit else "red"
        table.add_row(name, f"{size:,}", f"{limit:,}", f"[{colour}]{limit - size:+,}[/]")
    return table
