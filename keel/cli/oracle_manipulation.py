"""`keel oracle manipulation`: what it costs to move a pool's average, against what it earns at Keel."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from keel.cli.page import writing
from keel.errors import ConfigError

if TYPE_CHECKING:
    from keel.sim.uniswap.study import Grid, Study


@click.command()
@click.option(
    "--window", "windows", multiple=True, type=int, metavar="S", help="Length of the average. [300 900 1800]"
)
@click.option("--move", "moves", multiple=True, type=float, metavar="PCT", help="Percent. [0.3 1 5 10]")
@click.option(
    "--liquidity", multiple=True, type=int, metavar="QUOTE", help="Per side of the pool. [1, 10, 100 million]"
)
@click.option("--equity", multiple=True, type=int, metavar="QUOTE", help="Of Keel's pool. [1, 10 million]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a page (.md), with a plot beside it (.png).",
)
def manipulation(
    windows: tuple[int, ...],
    moves: tuple[float, ...],
    liquidity: tuple[int, ...],
    equity: tuple[int, ...],
    as_json: bool,
    out: Path | None,
) -> None:
    """What it costs to move the average of a Uniswap pool, and what that earns at Keel.

    Every number is measured: swaps in Uniswap's own contracts, trades and liquidations in the market of the
    local preset, the adapter and the hub between them. The spot price is held for 1, 2, 5, 25 and 150 blocks
    of 12 s and of 2 s. Options take one value and can be repeated; amounts are whole quote. Nothing is
    random. About a minute at the defaults.

    \b
    Examples:
      keel oracle manipulation
      keel oracle manipulation --window 1800 --move 1 --equity 1000000 --json
      keel oracle manipulation --out docs/oracle-manipulation.md
    """  # noqa: D301, click's mark for lines that stay as they are
    if out is not None and out.suffix != ".md":
        raise ConfigError(f"cannot write a page into {out.name}", "give a name that ends in .md")
    grid = _grid(windows, moves, liquidity, equity)
    grid.check()
    study = _measure(grid, quiet=as_json)
    if out is not None:
        given = {"window": windows, "move": moves, "liquidity": liquidity, "equity": equity, "out": (out,)}
        _write(out, study, _command(given))
    if as_json:
        from keel.sim.uniswap.words import as_json as figures

        click.echo(json.dumps(figures(study), indent=2))
    else:
        _show(study, out)


def _measure(grid: "Grid", *, quiet: bool) -> "Study":
    from keel.sim.uniswap.study import run

    columns = (BarColumn(), TextColumn("{task.completed} of {task.total} parts"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True, quiet=quiet), transient=True) as bar:
        task = bar.add_task("measuring", total=None)
        return run(grid, lambda done, total: bar.update(task, completed=done, total=total))


def _grid(
    windows: tuple[int, ...], moves: tuple[float, ...], liquidity: tuple[int, ...], equity: tuple[int, ...]
) -> "Grid":
    from keel.sim.uniswap.study import Grid

    default = Grid()
    return Grid(
        tuple(sorted(set(windows))) or default.windows,
        tuple(sorted({move / 100 for move in moves})) or default.moves,
        tuple(sorted(set(liquidity))) or default.liquidity,
        tuple(sorted(set(equity))) or default.equity,
    )


def _command(given: dict[str, tuple[object, ...]]) -> str:
    options = [f"--{name} {value}" for name, values in given.items() for value in values]
    return " ".join(["keel oracle manipulation", *options])


def _write(out: Path, study: "Study", command: str) -> None:
    from keel.sim.uniswap.page import markdown, plot

    picture = out.with_suffix(".png")
    page = markdown(study, command, picture.name)
    with writing(out):
        out.write_text(page)
        picture.write_bytes(plot(study))


def _show(study: "Study", out: Path | None) -> None:
    from keel.sim.uniswap.tables import tables

    console = Console(highlight=False)
    for found in tables(study):
        table = Table(
            title=found.title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False
        )
        for place, name in enumerate(found.head):
            worded = place < found.worded
            table.add_column(name, justify="left" if worded else "right", no_wrap=worded)
        for row in found.rows:
            table.add_row(*row)
        console.print(table)
        console.print(found.note, style="dim")
        console.print()
    if out is not None:
        click.echo(f"page: {out}")
