"""`keel oracle replay`: months of real Chainlink rounds through adapter, hub and core."""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from keel.cli.bar import percent_bar
from keel.cli.oracle_show import spelt
from keel.model.validity import Validity

if TYPE_CHECKING:
    from keel.sim.oracle_months import MonthStats
    from keel.sim.oracle_replay import RoundReplay

_NOTE = (
    "A MockAggregator stands for the mainnet aggregator, with its answers and times; ChainlinkSource, hub "
    "and core are as deployed. TWAP off: largest distance from the exact average of the samples, floor, wei. "
    "Lag: from the average of the rounds at their own times."
)


@click.command()
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of market data; else KEEL_DATA.")
@click.option(
    "--market",
    type=click.Choice(["BTC", "ETH"], case_sensitive=False),
    default="BTC",
    show_default=True,
    help="Which rounds.",
)
@click.option(
    "--heartbeat",
    type=click.IntRange(1, 604_800),
    default=3_720,
    show_default=True,
    help="Longest age of an answer, seconds.",
)
@click.option(
    "--interval",
    type=click.IntRange(8, 3_600),
    default=60,
    show_default=True,
    help="Seconds between the keeper's updates.",
)
@click.option("--days", type=click.IntRange(1), help="Length of the replay; else all rounds.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def replay(
    data_dir: Path | None, market: str, heartbeat: int, interval: int, days: int | None, as_json: bool
) -> None:
    """Replay real rounds of BTC / USD or ETH / USD, month by month.

    A simulated aggregator repeats the answers and times of the mainnet feed; a keeper updates the price on a
    grid of times, without the updates that would change nothing but its age. The data is a folder with
    btcusd_chainlink_*_rounds_*.csv.gz and ethusd_chainlink_*_rounds_*.csv.gz.

    Exit code 1 when the hub's 5-minute average is not the floor of the exact one, 2 without data.

    \b
    Examples:
      keel oracle replay --data-dir ../shared/data
      keel oracle replay --data-dir ../shared/data --market ETH --heartbeat 3600 --days 30 --json
    """  # noqa: D301, click's mark for lines that stay as they are
    from keel.sim.oracle_replay import RoundReplay
    from keel.sim.rounds import read_rounds, rounds_file
    from keel.sim.sources import data_folder

    path = rounds_file(data_dir or data_folder(), market)
    plan = RoundReplay(market.upper(), read_rounds(path), heartbeat, interval, days)
    months = _run(plan)
    if as_json:
        click.echo(json.dumps(_json(plan, months), indent=2))
    else:
        _show(plan, months, Console(highlight=False))
    if any(month.worst_average for month in months):
        sys.exit(1)


def _run(plan: "RoundReplay") -> "Sequence[MonthStats]":
    from keel.sim.oracle_replay import replay_rounds

    with percent_bar("rounds") as follow:
        return replay_rounds(plan, follow)


def _show(plan: "RoundReplay", months: "Sequence[MonthStats]", console: Console) -> None:
    seen = sorted({validity for month in months for validity in month.seconds})
    title = f"{plan.name} / USD, heartbeat {plan.heartbeat} s, an update every {plan.interval} s"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("month", no_wrap=True)
    validities = [f"{spelt(validity)} %" for validity in seen]
    for heading in ("rounds", "gap s", *validities, "TWAP off", "lag bp", "volatility %", "realised %"):
        table.add_column(heading, justify="right")
    for month in months:
        spent = month.seconds.total()
        shares = [f"{100 * month.seconds[validity] / spent:.3f}" if spent else "-" for validity in seen]
        facts = str(month.rounds), str(month.largest_gap), *shares, str(month.worst_average)
        volatility = f"{100 * month.volatility:.1f}", f"{100 * month.realised:.1f}"
        table.add_row(month.month, *facts, f"{month.worst_lag:.1f}", *volatility)
    console.print(table)
    console.print(_NOTE, style="dim")


def _json(plan: "RoundReplay", months: "Sequence[MonthStats]") -> dict[str, Any]:
    spent: Counter[Validity] = sum((month.seconds for month in months), Counter())
    return {
        "market": plan.name,
        "aggregator": "MockAggregator with the answers and times of the mainnet feed",
        "heartbeat": plan.heartbeat,
        "interval": plan.interval,
        "from": plan.start,
        "to": plan.end,
        "seconds": _seconds(spent),
        "months": [
            {
                "month": month.month,
                "rounds": month.rounds,
                "largest_gap": month.largest_gap,
                "seconds": _seconds(month.seconds),
                "updates": month.updates,
                "averages": month.averages,
                "twap_off_wei": month.worst_average,
                "lag_bps": round(month.worst_lag, 3),
                "volatility": round(month.volatility, 6),
                "realised": round(month.realised, 6),
            }
            for month in months
        ],
    }


def _seconds(spent: "Counter[Validity]") -> dict[str, int]:
    return {spelt(validity): spent[validity] for validity in sorted(spent)}
