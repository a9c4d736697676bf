"""`keel oracle show`: prices of a live deployment, and what they are good for."""

import json
import sys
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from keel.cli.deployment import of_deployment, read_record
from keel.model.validity import Defect, Validity
from keel.sdk.oracle import OracleReader, OracleState, SourceState
from keel.sdk.web3chain import Web3Chain
from keel.units import format_units, format_wad

_SIGMA_DECIMALS = 6
_COLOURS = {Validity.VALID: "green", Validity.INVALID: "red"}
_NONE = "-"


@click.command()
@of_deployment
@click.option("--market", type=click.IntRange(1), metavar="ID", help="One market; else all.")
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects, prices as decimal strings.")
def show(record_path: Path, rpc: str, market: int | None, as_json: bool) -> None:
    """Show each market's price, stored and live: how good it is, what it allows, what each source says.

    Exit code 1 when a market's price is not Valid.

    \b
    Examples:
      keel oracle show --deployment record.json --rpc http://127.0.0.1:8545
      keel oracle show --deployment record.json --rpc "$RPC" --market 1 --json
    """  # noqa: D301, click's mark for lines that stay as they are
    reader = OracleReader(Web3Chain(rpc), read_record(record_path))
    states = reader.markets() if market is None else (reader.market(market),)
    if as_json:
        click.echo(json.dumps([_json(state) for state in states], indent=2))
    else:
        _show(states, Console(highlight=False))
    if any(state.validity is not Validity.VALID for state in states):
        sys.exit(1)


def spelt(member: IntEnum) -> str:
    """A validity or an action as the contracts spell it: SHORT_TWAP is ShortTwap."""
    return member.name.title().replace("_", "")


def _show(states: tuple[OracleState, ...], console: Console) -> None:
    for state in states:
        colour = _COLOURS.get(state.validity, "yellow")
        title = f"{state.name or 'market'} (market {state.market})"
        console.print(f"{title}: [{colour}]{spelt(state.validity)}[/]", style="bold")
        facts = Table(box=None, show_header=False, pad_edge=False)
        for row in _facts(state):
            facts.add_row(*row)
        console.print(facts)
        console.print(_sources(state.sources))


def _facts(state: OracleState) -> list[tuple[str, str]]:
    allowed = ", ".join(spelt(action) for action in sorted(state.actions))
    live = (
        f"{format_wad(state.peek_price)} +- {format_wad(state.peek_spread)}" if state.peek_price else "none"
    )
    rows = [
        ("allowed", allowed),
        ("stored", f"{format_wad(state.index)} +- {state.spread_bps} bp, {_ago(state.index, state.age)}"),
        ("found with it", _flags(state.defects) or "no defect"),
        ("live", f"{live}, {_flags(state.peek_defects) or 'no defect'}"),
        ("TWAP 5 / 30 min", f"{_average(state.twap5)} / {_average(state.twap30)}"),
        ("volatility", f"{format_units(state.sigma * 100, _SIGMA_DECIMALS)} % a year"),
    ]
    if state.escrow.open:
        span = f"suspect index {format_wad(state.escrow.low)} to {format_wad(state.escrow.high)}"
        rows.append(("funding", f"into escrow {state.escrow.period}, {span}"))
    if state.escrow.reserve:
        rows.append(("in escrow", f"{format_wad(state.escrow.reserve)} quote"))
    if state.on_reference:
        since = "they do not agree yet"
        if state.agrees_since:
            since = f"agreeing since {datetime.fromtimestamp(state.agrees_since, UTC):%Y-%m-%d %H:%M:%S} UTC"
        rows.append(("ladder", f"the reference stands in for the primary, {since}"))
    return rows


def _sources(sources: tuple[SourceState, ...]) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("")
    table.add_column("source", no_wrap=True)
    for heading in ("price", "+-", "age"):
        table.add_column(heading, justify="right", overflow="fold")
    table.add_column("", no_wrap=True)
    for i, one in enumerate(sources):
        price, spread = (format_wad(one.price), format_wad(one.spread)) if one.price else (_NONE, _NONE)
        age = f"{one.age} s" if one.published_at else _NONE
        verdict = "[green]usable[/]" if one.usable else "[red]not usable[/]"
        table.add_row(str(i), f"{one.name or 'unknown'}\n{one.address}", price, spread, age, verdict)
    return table


def _json(state: OracleState) -> dict[str, Any]:
    return {
        "market": state.market,
        "name": state.name,
        "validity": spelt(state.validity),
        "actions": [spelt(action) for action in sorted(state.actions)],
        "age": state.age if state.index else None,
        "index": format_wad(state.index),
        "twap": format_wad(state.twap),
        "spread_bps": state.spread_bps,
        "volatility": format_units(state.sigma, _SIGMA_DECIMALS),
        "defects": _names(state.defects),
        "live": {
            "price": format_wad(state.peek_price),
            "spread": format_wad(state.peek_spread),
            "defects": _names(state.peek_defects),
        },
        "twap5": None if state.twap5 is None else format_wad(state.twap5),
        "twap30": None if state.twap30 is None else format_wad(state.twap30),
        "on_reference": state.on_reference,
        "agrees_since": state.agrees_since or None,
        "escrow": {
            "open": state.escrow.open,
            "period": state.escrow.period,
            "low": format_wad(state.escrow.low),
            "high": format_wad(state.escrow.high),
            "reserve": format_wad(state.escrow.reserve),
        },
        "sources": [_source_json(one) for one in state.sources],
    }


def _source_json(one: SourceState) -> dict[str, Any]:
    return {
        "source": one.name,
        "address": one.address,
        "usable": one.usable,
        "price": format_wad(one.price),
        "spread": format_wad(one.spread),
        "published_at": one.published_at or None,
        "age": one.age if one.published_at else None,
    }


def _names(defects: Defect) -> list[str]:
    return [defect.name for defect in Defect if defect in defects and defect.name]


def _flags(defects: Defect) -> str:
    return ", ".join(name.lower().replace("_", " ") for name in _names(defects))


def _ago(index: int, age: int) -> str:
    return f"{age} s ago" if index else "never"


def _average(price: int | None) -> str:
    return "not covered" if price is None else format_wad(price)
