"""`keel stress`: replay a crash on the real bytecode and see whether the insurance holds."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from keel.cli.bar import percent_bar
from keel.cli.page import write_page
from keel.errors import ConfigError

if TYPE_CHECKING:
    from keel.sim.stress.settings import StressSettings
    from keel.sim.stress.study import Study
    from keel.sim.stress.sweep import Line

_ENTRIES = ("start", "brink")
_BPS_PER_PERCENT = 100


@dataclass(frozen=True, slots=True)
class _Request:
    """The options, by name."""

    windows: tuple[str, ...]
    entries: tuple[str, ...]
    accounts: int
    leverage: tuple[int, int]
    shorts: int
    pool: int
    insurance: float
    fill: int
    latency: int
    preset: str
    seed: int
    seeds: int
    frontier: bool
    rallies: bool
    concentration: bool
    jobs: int
    data_dir: Path | None
    as_json: bool
    out: Path | None
    markdown: Path | None


def _leverage(_context: click.Context, _option: click.Parameter, text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    if not low.isdecimal() or not high.isdecimal():
        raise click.BadParameter(f"{text!r} is not like 2-50")
    return int(low), int(high)


@click.command()
@click.option("--window", "windows", multiple=True, metavar="DAY", help="2021-05-19, 2025-10-10, simulated.")
@click.option("--entry", "entries", multiple=True, type=click.Choice(_ENTRIES), help="When accounts open.")
@click.option("--accounts", default=500, show_default=True, type=click.IntRange(4, 5_000))
@click.option("--leverage", default="2-50", show_default=True, callback=_leverage, metavar="LOW-HIGH")
@click.option("--shorts", default=25, show_default=True, type=click.IntRange(1, 49), help="Percent short.")
@click.option(
    "--pool", default=10_000_000, show_default=True, type=click.IntRange(1_000), help="Each, quote."
)
@click.option(
    "--insurance", default=2.0, show_default=True, type=click.FloatRange(0, 100), help="% of pools."
)
@click.option("--fill", default=90, show_default=True, type=click.IntRange(1, 100), help="% of utilization.")
@click.option(
    "--latency", default=0, show_default=True, type=click.IntRange(0, 1_000), help="Keeper's, steps."
)
@click.option("--preset", default="local", show_default=True, help="Deployment settings, or a .toml file.")
@click.option("--seed", default=1, show_default=True, help="Seed of the crowd.")
@click.option("--seeds", default=1, show_default=True, type=click.IntRange(1, 1_000), help="How many seeds.")
@click.option("--frontier", is_flag=True, help="Sweep the largest allowed leverage, and the stake.")
@click.option("--rallies", is_flag=True, help="The windows mirrored, on this curve and a deeper one.")
@click.option("--concentration", is_flag=True, help="The same open interest in few or many accounts.")
@click.option("--jobs", default=os.cpu_count() or 1, type=click.IntRange(1, 64), help="Processes of sweeps.")
@click.option("--data-dir", type=click.Path(file_okay=False, path_type=Path), help="Folder of market data.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write a page (.html).")
@click.option("--markdown", type=click.Path(dir_okay=False, path_type=Path), help="Write a page (.md).")
@click.pass_context
def command(context: click.Context, /, **given: Any) -> None:
    """Does the insurance hold in a crash?

    Replays a day of market data on the real bytecode in this process: hundreds of leveraged accounts open by
    real trades, one keeper stores every price, another liquidates, a third works off what the insurance took
    over. Each candle is four prices, open, high, low, close, so that its whole range falls in one step. It
    reports liquidations, what the insurance took over, bad debt and who paid it, and how large the fund would
    have to be. All windows whose data is there are replayed, without market data a simulated crash; accounts
    open at the start, and in another replay on the brink of the worst hour.

    Exit code 1 if a replay with the given parameters left bad debt after insurance; the frontier, the rallies
    and the concentration study do not count. A replay takes up to half a minute.

    \b
    Examples:
      keel stress
      keel stress --window 2021-05-19 --entry start --latency 1 --json
      keel stress --insurance 0.1 --seeds 10 --out stress.html
      keel stress --seeds 10 --frontier --rallies --concentration --markdown docs/stress.md
    """  # noqa: D301, click's mark for lines that stay as they are
    request = _Request(**given)
    for path, ending in ((request.out, ".html"), (request.markdown, ".md")):
        if path is not None and path.suffix != ending:
            raise ConfigError(f"cannot write a page into {path.name}", f"give a name that ends in {ending}")
    study = _run(request)
    _write(request, study, _words(context))
    if request.as_json:
        from keel.sim.stress.words import as_json

        click.echo(json.dumps(as_json(study), indent=2))
    else:
        _show(study)
    raise SystemExit(1 if study.failed else 0)


def _run(request: _Request) -> "Study":
    from keel.sim.stress import sweep
    from keel.sim.stress.run import run_stress
    from keel.sim.stress.study import Study

    bases = _settings(request)
    records = []
    for base in bases:
        name = f"{base.window.name} {base.entry}"
        with percent_bar(name) as progress:
            records.append(run_stress(base, progress))
    lines: tuple[Line, ...] = ()
    if request.seeds > 1:
        first = tuple(sweep.line_of(record) for record in records)
        more = [job for base in bases for job in sweep.seeds(base, request.seeds)]
        lines = first + _sweep("seeds", more, request.jobs)

    def vary(
        label: str, how: "Callable[[StressSettings], list[StressSettings]]", asked: bool
    ) -> "tuple[Line, ...]":
        jobs = [job for base in bases for job in how(base)] if asked else []
        return _sweep(label, jobs, request.jobs)

    return Study(
        tuple(records),
        tuple(sorted(lines, key=lambda line: (line.window, line.entry, line.seed))),
        vary("leverage frontier", sweep.frontier, request.frontier),
        vary("stakes", sweep.stakes, request.frontier),
        vary("rallies", sweep.rallies, request.rallies),
        vary("concentration", sweep.hands, request.concentration),
    )


def _sweep(label: str, jobs: "Sequence[StressSettings]", processes: int) -> "tuple[Line, ...]":
    from keel.sim.stress.sweep import run_lines

    with percent_bar(label) as progress:
        return tuple(run_lines(jobs, processes, progress))


def _settings(request: _Request) -> "list[StressSettings]":
    """One replay of each window and entry."""
    from keel.config.deployment import load_deployment
    from keel.sim.sources import data_folder
    from keel.sim.stress.settings import Crowd, Entry, Money, StressSettings
    from keel.sim.stress.window import SIMULATED, WINDOWS, has_data, read_window

    folder = request.data_dir or data_folder()
    there = [name for name in WINDOWS if has_data(name, folder)]
    names = request.windows or tuple(there) or (SIMULATED,)
    crowd = Crowd(request.accounts, *request.leverage, request.shorts)
    money = Money(request.pool, round(request.insurance * _BPS_PER_PERCENT), request.fill)
    deployment = load_deployment(request.preset)
    made = [
        StressSettings(
            read_window(name, folder), deployment, crowd, money, Entry(entry), request.latency, request.seed
        )
        for name in dict.fromkeys(names)
        for entry in dict.fromkeys(request.entries or _ENTRIES)
    ]
    for one in made:
        one.check()
    return made


def _words(context: click.Context) -> str:
    """The command that makes the same page: what differs from the defaults, without folders."""
    words = ["keel stress"]
    for option in context.command.params:
        value = context.params[option.name or ""]
        if option.name in ("data_dir", "jobs", "as_json", "out") or value == option.get_default(context):
            continue
        if option.name == "leverage" and option.get_default(context) == "-".join(map(str, value)):
            continue
        several = value if option.multiple else (value,)
        words += [option.opts[0] if one is True else f"{option.opts[0]} {_plain(one)}" for one in several]
    return " ".join(words)


def _plain(value: object) -> str:
    return "-".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _write(request: _Request, study: "Study", words: str) -> None:
    from keel.sim.stress.page import html, markdown

    pages: Sequence[tuple[Path | None, Callable[[Study, str], str]]] = (
        (request.out, html),
        (request.markdown, markdown),
    )
    for path, render in pages:
        if path is None:
            continue
        write_page(path, render(study, words), "choose another name")
        click.echo(f"page: {path}", err=True)


def _show(study: "Study") -> None:
    from keel.sim.stress.tables import tables

    console = Console(highlight=False)
    for found in tables(study):
        table = Table(
            title=found.title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False
        )
        for place, name in enumerate(found.head):
            table.add_column(name, justify="left" if place == 0 else "right", no_wrap=False)
        for row in found.rows:
            table.add_row(*row)
        console.print(table)
        console.print(found.note, style="dim")
        console.print()
    if study.failed:
        console.print(f"[bold red]The insurance does not hold:[/] {'; '.join(study.failed)}")
    else:
        console.print("[green]The insurance paid every bad debt.[/]")
