"""`keel funding attack`: search for profitable manipulations of funding."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from keel.cli.page import write_page
from keel.errors import ConfigError

if TYPE_CHECKING:
    from keel.sim.attack.campaign import Verdict

_ALL = "all"


@click.command()
@click.option("--model", default="layered", show_default=True, help="A design by name, or all.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    help="Time for the search, shared by the designs.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Of what Hypothesis draws.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a page: .html, or .md with the theory beside the figures.",
)
def attack(model: str, seconds: float, seed: int, as_json: bool, out: Path | None) -> None:
    """Search for attacks on funding, through real trades on the real bytecode.

    The attacker has three accounts and all the margin that he wants, at a constant index: he pushes the
    premium, flips, waits for boundaries, harvests what others left, hides behind equal longs and shorts.
    Plans come from a grid and from Hypothesis, with real fees and without any. Exit code 1 if a claim of
    docs/funding-manipulation.md does not hold.

    \b
    Examples:
      keel funding attack
      keel funding attack --model premium-interval --seconds 20 --json
      keel funding attack --model all --seconds 900 --out docs/funding-manipulation.md
    """  # noqa: D301, click's mark for lines that stay as they are
    from keel.sim.attack.campaign import campaign
    from keel.sim.attack.suspects import NAMES

    console = Console(stderr=True, quiet=as_json)
    names = NAMES if model == _ALL else (model,)
    if out is not None:
        _check(out)
    with console.status("attacking") as status:
        verdicts = campaign(names, seconds, seed, lambda name: status.update(f"attacking {name}"))
    broken = [f"{verdict.suspect.name}: {what}" for verdict in verdicts for what in verdict.breaches()]
    if out is not None:
        write_page(out, _page(out, verdicts, model, seconds, seed))
    if as_json:
        from keel.sim.attack.words import as_json as figures

        click.echo(json.dumps({"seed": seed, "designs": figures(verdicts), "breaches": broken}, indent=2))
    else:
        _show(verdicts, broken, out)
    raise SystemExit(1 if broken else 0)


def _check(out: Path) -> None:
    if out.suffix not in (".html", ".md"):
        raise ConfigError(f"cannot write a page into {out.name}", "give a name that ends in .html or .md")


def _page(out: Path, verdicts: "list[Verdict]", model: str, seconds: float, seed: int) -> str:
    from keel.sim.attack.page import html, markdown

    command = f"keel funding attack --model {model} --seconds {seconds:g} --seed {seed} --out {out}"
    return (html if out.suffix == ".html" else markdown)(verdicts, command, seconds)


def _show(verdicts: "list[Verdict]", broken: list[str], out: Path | None) -> None:
    from keel.sim.attack.words import HEAD, LEGEND, row

    console = Console(highlight=False)
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for number, name in enumerate(HEAD):
        table.add_column(name, justify="right" if number else "left", no_wrap=number == 0)
    for verdict in verdicts:
        table.add_row(*row(verdict))
    console.print(table)
    console.print(LEGEND)
    for line in broken:
        console.print(f"[bold red]claim broken[/] {line}")
    if out is not None:
        click.echo(f"page: {out}")
