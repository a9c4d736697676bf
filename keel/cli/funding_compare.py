"""`keel funding compare`: all funding models over one series of premiums."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from keel.cli.bar import percent_bar
from keel.cli.page import write_page
from keel.errors import ConfigError

if TYPE_CHECKING:
    from keel.analytics.funding_compare import Comparison, Sources
    from keel.analytics.funding_compare_params import CompareSettings

_DATE = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"])


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of candles and funding rates.")
@click.option(
    "--market",
    type=click.Choice(["BTC", "ETH"], case_sensitive=False),
    default="BTC",
    show_default=True,
    help="Files of --data-dir, and the exchange's cap.",
)
@click.option("--params", type=click.Path(path_type=Path), help="TOML file that overrides parameters.")
@click.option("--from", "start", type=_DATE, metavar="DATE", help="First sample, UTC.")
@click.option(
    "--to", "end", type=_DATE, metavar="DATE", help="Last day (or last sample, with a time of day), UTC."
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default="reports/funding.html",
    show_default=True,
    help="Where the page goes.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def compare(
    file: Path | None,
    data_dir: Path | None,
    market: str,
    params: Path | None,
    start: datetime | None,
    end: datetime | None,
    out: Path,
    as_json: bool,
) -> None:
    """Compare what all funding models would have charged over a series of premiums.

    FILE is a CSV (or .csv.gz): time (Unix seconds or ISO, UTC), premium (a fraction: 10 bp is 0.001) or perp
    and spot, and published (the exchange's own rate per 8 h) where it is known. Instead, --data-dir is a
    folder with Binance's btcusdt_perp_binance_1h_*, btcusdt_spot_binance_1h_* and
    btcusdt_funding_binance_8h_*.csv.gz.

    Premium is the exchange's form, Layered is as shipped; Velocity and Adaptive see the skew that has the
    premium on Keel's curve. --params has tables [premium], [velocity], [adaptive], [layered] with keys of
    deployment settings, and [skew] with max_skew and full_premium.

    \b
    Examples:
      keel funding compare premiums.csv.gz --params mine.toml --out mine.html
      keel funding compare --data-dir ../shared/data --json
      keel funding compare --data-dir ../shared/data --market ETH --from 2021-01-01 --to 2021-12-31
    """  # noqa: D301, click's mark for lines that stay as they are
    from keel.analytics.funding_compare_page import render
    from keel.analytics.funding_compare_params import load_settings
    from keel.analytics.funding_compare_tables import summary

    settings = load_settings(market.upper(), params)
    comparison = _run(_read(file, data_dir, market.upper(), start, end), market.upper(), settings)
    write_page(out, render(comparison))
    if as_json:
        click.echo(json.dumps(summary(comparison) | {"report": str(out)}, indent=2))
    else:
        _show(comparison, out)


def _run(sources: "Sources", market: str, settings: "CompareSettings") -> "Comparison":
    from keel.analytics.funding_compare import compare as run

    with percent_bar("funding models") as follow:
        return run(sources, market, settings, follow)


def _read(
    file: Path | None, data_dir: Path | None, market: str, start: datetime | None, end: datetime | None
) -> "Sources":
    from keel.analytics.funding_compare import file_source, folder_source

    if file is not None and data_dir is None:
        sources = file_source(file)
    elif file is None and data_dir is not None:
        sources = folder_source(data_dir, market)
    else:
        raise ConfigError("a comparison needs exactly one of FILE and --data-dir", "give one of them")
    if end is not None and end.time() == datetime.min.time():
        end += timedelta(days=1)
    return sources.between(_seconds(start), _seconds(end))


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.replace(tzinfo=UTC).timestamp())


def _show(comparison: "Comparison", page: Path) -> None:
    from keel.analytics.funding_compare_tables import MODEL_HEAD, crash_tables, day, model_rows

    console, series = Console(highlight=False), comparison.series
    console.print(
        f"{series.source}: {len(series.times):,} samples, {day(series.times[0])} to {day(series.times[-1])}"
    )
    console.print(_table("Rates of 8-hour windows, bp", MODEL_HEAD, model_rows(comparison)))
    for one in crash_tables(comparison):
        console.print(_table(one.title, one.head, one.rows))
    click.echo(f"report: {page}")


def _table(title: str, head: Iterable[str], rows: Iterable[tuple[str, ...]]) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column, name in enumerate(head):
        table.add_column(name, justify="right" if column else "left")
    for row in rows:
        table.add_row(*row)
    return table
