"""`keel guard status`: what each market takes now, who set that, and until when."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from keel.cli.deployment import of_deployment, read_record
from keel.sdk.governance import Guard, Restriction, Status
from keel.sdk.web3chain import Web3Chain

_Command = TypeVar("_Command", bound=Callable[..., Any])

_COLOURS = {Status.OPEN: "green", Status.REDUCE_ONLY: "yellow", Status.CLOSED: "red"}


def as_told(function: _Command) -> _Command:
    """The options that name a deployment and a node of its chain, and the one for JSON."""
    as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON; times in seconds since 1970.")
    return of_deployment(as_json(function))


@click.command()
@as_told
@click.option("--market", type=click.IntRange(1), metavar="ID", help="One market; else all.")
def status(record_path: Path, rpc: str, as_json: bool, market: int | None) -> None:
    """Show each market's status, who set it and until when it stands.

    Exit code 1 when a market is not open.

    \b
    Examples:
      keel guard status --deployment record.json --rpc http://127.0.0.1:8545
      keel guard status --deployment record.json --rpc "$RPC" --market 1 --json
    """  # noqa: D301, click's mark for lines that stay as they are
    guard = open_guard(Web3Chain(rpc), record_path)
    found = guard.markets() if market is None else (guard.market(market),)
    if as_json:
        click.echo(json.dumps([as_dict(one, guard.names) for one in found], indent=2))
    else:
        show(found, guard.names)
    if any(one.status is not Status.OPEN for one in found):
        sys.exit(1)


def open_guard(chain: Web3Chain, record_path: Path) -> Guard:
    """The deployment of a record. Raises ConfigError."""
    return Guard(chain, read_record(record_path))


def as_dict(one: Restriction, names: dict[int, str]) -> dict[str, Any]:
    """One market as JSON has it."""
    return {
        "market": one.market,
        "name": names.get(one.market, ""),
        "status": spelt(one.status),
        "by": one.by,
        "until": one.until,
        "lapsed": one.lapsed,
        "guardian_rests_until": one.rested_at,
    }


def spelt(status_: Status) -> str:
    """A status as people write it: reduce-only."""
    return status_.name.lower().replace("_", "-")


def show(found: tuple[Restriction, ...], names: dict[int, str]) -> None:
    """Print a table, times in UTC."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 2, 0, 0), pad_edge=False)
    for heading in ("market", "status", "by", "until", "guardian rests until"):
        table.add_column(heading, overflow="fold")
    for one in found:
        open_ = one.status is Status.OPEN
        until = "-" if open_ else "governance changes it" if one.until is None else _time(one.until)
        table.add_row(
            f"{one.market} {names.get(one.market, '')}",
            f"[{_COLOURS[one.status]}]{spelt(one.status)}[/]",
            "-" if open_ else one.by or "governance",
            f"{until}: anyone may lift it" if one.lapsed else until,
            "-" if one.rested_at is None else _time(one.rested_at),
        )
    Console(highlight=False).print(table)


def _time(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"
