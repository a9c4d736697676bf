"""What `keel demo` and `keel replay` share: run a day on a private node, show it, judge it."""

import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from keel.analytics.record import DayRecord, Sample
from keel.analytics.report import render
from keel.analytics.tables import bps, clock, quote, rows, summary
from keel.cli.page import write_page
from keel.sdk.anvil import Anvil, freeze
from keel.sdk.web3chain import Web3Chain
from keel.sim.replay import Replay
from keel.sim.setting import DaySettings

REPORT = "report.html"


@dataclass(frozen=True, slots=True)
class Options:
    """How to show a day.

    Attributes:
        out: Folder of the report.
        rpc: Development node to run on; None starts a private one.
        as_json: Print the summary as JSON, and nothing else.
        quiet: Print only the verdict and where the report is.
    """

    out: Path
    rpc: str | None
    as_json: bool
    quiet: bool


def show_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that every show has."""
    for option in reversed(
        (
            click.option("--seed", default=7, show_default=True, help="Seed of everything that is drawn."),
            click.option(
                "--hours", default=8, show_default=True, type=click.IntRange(2, 16), help="Length of the day."
            ),
            click.option(
                "--accounts",
                default=26,
                show_default=True,
                type=click.IntRange(1, 200),
                help="Number of traders.",
            ),
            click.option(
                "--out",
                default="reports",
                show_default=True,
                type=click.Path(file_okay=False, path_type=Path),
                help="Folder for the report.",
            ),
            click.option(
                "--rpc", metavar="URL", help="Run on this anvil, started with an early --timestamp."
            ),
            click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON."),
            click.option("--quiet", is_flag=True, help="Print the verdict only."),
        )
    ):
        command = option(command)
    return command


def run_show(day: DaySettings, options: Options) -> None:
    """Run a day on a node, print it, write the report; exit 1 if the books are not proven."""
    console = Console(quiet=options.quiet or options.as_json, highlight=False)
    origin = "market data" if day.real else "simulated: no market data at hand"
    console.print(f"Prices: {day.candles.source} ({origin}), seed {day.seed}")
    with ExitStack() as stack:
        url = options.rpc or stack.enter_context(Anvil(timestamp=day.genesis)).url
        if options.rpc:
            freeze(url)
        with console.status("deploying") as status:
            replay = Replay(Web3Chain(url), day, lambda step: status.update(f"deploying {step}"))
        record = _run(replay, console)
    present(record, options, console)


def present(record: DayRecord, options: Options, console: Console) -> None:
    """Write the report and print the day; exit 1 if the books are not proven."""
    path = write_report(record, options.out)
    if options.as_json:
        click.echo(json.dumps(summary(record) | {"report": str(path)}, indent=2))
    else:
        _print(record, console)
        click.echo(f"{'Books proven to the wei' if record.proven else 'BOOKS DO NOT ADD UP'}; report: {path}")
    if not record.proven:
        sys.exit(1)


def write_report(record: DayRecord, folder: Path) -> Path:
    """Write the page.

    Raises:
        ConfigError: The folder cannot be written.
    """
    path = folder / REPORT
    write_page(path, render(record))
    return path


def _run(day: Replay, console: Console) -> DayRecord:
    columns = (
        TextColumn("{task.fields[time]}"),
        BarColumn(bar_width=16),
        TextColumn("index {task.fields[index]}, mark {task.fields[mark]}, rate {task.fields[rate]} bp,"),
        TextColumn("{task.fields[liquidations]} liquidated"),
    )
    with Progress(*columns, console=console, disable=console.quiet) as progress:
        start: dict[str, Any] = {"time": "--:--", "index": "-", "mark": "-", "rate": "-", "liquidations": 0}
        task = progress.add_task("day", total=None, **start)

        def follow(done: int, steps: int, sample: Sample, liquidations: int) -> None:
            progress.update(
                task,
                completed=done,
                total=steps,
                time=clock(sample.time),
                index=quote(sample.index),
                mark=quote(sample.mark),
                rate=bps(sample.rate),
                liquidations=liquidations,
            )

        return day.run(follow)


def _print(record: DayRecord, console: Console) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    for row in rows(record):
        table.add_row(*row)
    console.print(table)
    console.print()
    for check in record.checks:
        console.print(
            f"{'ok  ' if check.holds else 'FAIL'} {check.name}", style=None if check.holds else "red"
        )
        if check.detail:
            console.print(f"     {check.detail}", style="dim", soft_wrap=True)
