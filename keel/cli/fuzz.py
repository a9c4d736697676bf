"""`keel fuzz`: attack the protocol with random actions, and check what must hold after each."""

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from keel.sim.fuzz.campaign import EPISODES, Campaign, Finding, Options, Report, open_stage
from keel.sim.fuzz.examine import Tally
from keel.sim.fuzz.parallel import run_jobs
from keel.sim.fuzz.script import write_script
from keel.sim.fuzz.shrink import shrink

_FOLDER = Path(".build") / "fuzz"


@click.command("fuzz")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), default=30.0, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed tries the same actions.")
@click.option("--profile", type=click.Choice(sorted(EPISODES)), default="short", show_default=True)
@click.option("--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes.")
@click.option("--scripts", type=click.Path(path_type=Path), default=_FOLDER, help="Folder of replay scripts.")
@click.option("--twin", is_flag=True, help="Also let the model predict every call and every refusal.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def command(
    seconds: float, seed: int, profile: str, jobs: int, scripts: Path, twin: bool, as_json: bool
) -> None:
    """Attack the protocol with random actions.

    Runs the real bytecode in this process: trades, liquidations, pool flows, failing feeds, governance, all
    drawn from a seed. After every action the invariants are checked. A violation is shrunk to the few actions
    that matter and written as a script that replays it on anvil through ape. Exit code 1 if there was one.

    \b
    Examples:
      keel fuzz --seconds 10
      keel fuzz --seconds 600 --seed 7 --profile deep --jobs 2 --json
    """  # noqa: D301, click's mark for lines that stay as they are
    console = Console(stderr=True, quiet=as_json)
    report = _run(seconds, seed, Options(profile, twin), jobs, console)
    violations = _write(report, scripts, console)
    if as_json:
        click.echo(json.dumps(_as_json(report, violations)))
    else:
        _show(report, violations, Console())
    raise SystemExit(1 if violations else 0)


def _run(seconds: float, seed: int, options: Options, jobs: int, console: Console) -> Report:
    if jobs > 1:
        with console.status(f"{jobs} campaigns of {seconds:g} s"):
            return run_jobs(seed, seconds, options, jobs)
    campaign = Campaign(open_stage(), seed, options)
    columns = (TextColumn("fuzzing"), BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=seconds)

        def show(elapsed: float, tally: Tally, violations: int) -> None:
            rate = tally.protocol / elapsed
            text = f"{tally.protocol:,} calls, {rate:,.0f}/s, {violations} violations"
            bar.update(task, completed=min(elapsed, seconds), description=text)

        return campaign.run(seconds, progress=show)


def _write(report: Report, folder: Path, console: Console) -> list[dict[str, Any]]:
    """Shrink each finding and write its script."""
    written = []
    for finding in report.findings:
        with console.status(f"shrinking {finding.invariant} ({len(finding.actions)} actions)"):
            small = shrink(open_stage(), finding)
        written.append(_violation(report, small, write_script(small, report.seed, folder)))
    return written


def _violation(report: Report, finding: Finding, script: Path) -> dict[str, Any]:
    return {
        "invariant": finding.invariant,
        "message": finding.message,
        "count": report.violations[finding.invariant],
        "actions": len(finding.actions),
        "script": str(script),
    }


def _as_json(report: Report, violations: list[dict[str, Any]]) -> dict[str, Any]:
    tally = report.tally
    return {
        "seed": report.seed,
        "seconds": round(report.seconds, 3),
        "actions_per_second": round(report.rate, 1),
        "actions_per_cpu_second": round(report.cpu_rate, 1),
        "protocol_actions": tally.protocol,
        "actions": dict(sorted(tally.actions.items())),
        "reverts": dict(sorted(tally.reverts.items())),
        "invariants": dict(sorted(tally.invariants.items())),
        "suspect_prices": dict(sorted(tally.outcomes.items())),
        "liquidations": dict(sorted(tally.liquidations.items())),
        "losses": dict(sorted(tally.shared.items())),
        "collateral": dict(sorted(tally.collateral.items())),
        "violations": violations,
    }


def _show(report: Report, violations: list[dict[str, Any]], console: Console) -> None:
    tally = report.tally
    console.print(
        f"{tally.protocol:,} protocol actions in {report.seconds:.1f} s: [bold]{report.rate:,.0f}[/]/s "
        f"({report.cpu_rate:,.0f} per processor second), all invariants on, seed {report.seed}"
    )
    table = Table(title=None, box=None, pad_edge=False)
    headings = ("action", "refused with", "liquidations", "losses shared", "collateral", "invariant")
    for heading, count in zip(headings, ("done", "times", "met", "seen", "seen", "checks"), strict=True):
        table.add_column(heading)
        table.add_column(count, justify="right")
    met = (tally.liquidations, tally.shared, tally.collateral)
    columns = [sorted(counts.items()) for counts in (tally.actions, tally.reverts, *met, tally.invariants)]
    for row in range(max(map(len, columns))):
        cells = [column[row] if row < len(column) else ("", "") for column in columns]
        table.add_row(*(f"{cell:,}" if isinstance(cell, int) else cell for pair in cells for cell in pair))
    console.print(table)
    for violation in violations:
        console.print(
            f"[bold red]{violation['invariant']}[/] {violation['message']}", highlight=False, soft_wrap=True
        )
        console.print(f"  {violation['actions']} actions, replay: python {violation['script']}")
    if not violations:
        console.print("[green]no violation[/]")
