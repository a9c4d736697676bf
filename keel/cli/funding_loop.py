"""`keel funding loop`: arbitrageurs against the market with each funding model, on the real bytecode."""

import json
from decimal import Decimal, InvalidOperation
from pathlib import Path

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from keel.cli.page import write_page
from keel.sim.loop.compare import Outcome, Terms, play
from keel.sim.loop.entrants import entrant, entrant_names
from keel.sim.loop.page import render
from keel.sim.loop.tables import LoopTable, as_json, tables
from keel.units import parse_wad

_ALL = "all"
_COLOURS = {"anchored": "green", "fading": "yellow", "adrift": "yellow", "steady": "red", "growing": "red"}


def _gain(_context: click.Context, _option: click.Parameter, text: str | None) -> int | None:
    try:
        gain = None if text is None else Decimal(text)
    except InvalidOperation:
        raise click.BadParameter(f"{text!r} is not a number") from None
    if gain is not None and not 0 <= gain <= 1_000:
        raise click.BadParameter("give 0 to 1000")
    return None if gain is None else parse_wad(gain)


@click.command(name="loop")
@click.option(
    "--model",
    default=_ALL,
    show_default=True,
    metavar="NAME",
    help="Model, funding preset or .toml file.",
)
@click.option(
    "--gain", callback=_gain, metavar="G", help="Arbitrage gain per hour; each set's own if not given."
)
@click.option(
    "--touch",
    default=300,
    show_default=True,
    type=click.IntRange(1, 3_600),
    help="Seconds between trades.",
)
@click.option(
    "--hours", default=72, show_default=True, type=click.IntRange(1, 2_160), help="Length of every run."
)
@click.option("--seed", default=7, show_default=True, help="Seed of the crowd's noise.")
@click.option("--json", "json_", is_flag=True, help="Print figures as JSON, and nothing else.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write a page with plots.")
def loop(
    model: str, gain: int | None, touch: int, hours: int, seed: int, json_: bool, out: Path | None
) -> None:
    """Does funding draw the premium back, and does the loop calm down?

    Arbitrageurs close a part of the premium that grows with the funding they earn: an hour of rate r draws
    gain * r off it. Every model is run alone after a shock, and against a crowd that keeps buying, with its
    funding and without. Exit code 0 whatever the loop does.

    \b
    Examples:
      keel funding loop                            all models, each at the gain it is meant for
      keel funding loop --model layered --gain 24  twice what the loop can bear
      keel funding loop --out loop.html            with plots
    """  # noqa: D301, click's mark for lines that stay as they are
    names = entrant_names() if model == _ALL else (model,)
    sets = {name: entrant(name) for name in names}
    terms = Terms(gain, touch, hours, seed)
    console = Console(quiet=json_, highlight=False)
    outcomes = []
    for name, funding in sets.items():
        with console.status(f"running {name}"):
            outcomes.append(play(name, funding, terms))
    if json_:
        click.echo(json.dumps([as_json(outcome) for outcome in outcomes], indent=2))
    else:
        _show(outcomes, console)
    if out is not None:
        write_page(out, render(outcomes, terms))
        console.print(f"wrote {out}")


def _show(outcomes: list[Outcome], console: Console) -> None:
    for found in tables(outcomes):
        console.print(_table(found))
        console.print(found.note, style="dim", soft_wrap=False)


def _table(found: LoopTable) -> Table:
    table = Table(
        title=found.title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False
    )
    words = 2 if found.worded else 1
    for place, heading in enumerate(found.head):
        table.add_column(heading, justify="left" if place < words else "right", no_wrap=place == 0)
    for name, *cells in found.rows:
        if found.worded:
            cells[0] = f"[{_COLOURS[cells[0]]}]{cells[0]}[/]"
        table.add_row(name, *cells)
    return table
