"""`keel replay`: any market's candles on a local chain."""

from datetime import datetime
from pathlib import Path

import click

from keel.cli.show import Options, run_show, show_options
from keel.sim.setting import market_day
from keel.sim.sources import file_candles


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--start",
    type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"]),
    help="Begin of the window, UTC; the default is centred on the sharpest move of the file.",
)
@show_options
def command(
    file: Path,
    start: datetime | None,
    seed: int,
    hours: int,
    accounts: int,
    out: Path,
    rpc: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Replay the candles in FILE on a private local chain, as `keel demo` does.

    FILE is a CSV in the exchanges' public archive format (open_time,open,high,low,close,...; time in s, ms or
    us), with or without a header, plain, .gz or .zip.

    \b
    Examples:
      keel replay BTCUSDT-5m-2025-10-10.csv
      keel replay ETHUSDT-1m-2021-05-19.zip --start 2021-05-19T10:00 --hours 6
    """  # noqa: D301, click's mark for lines that stay as they are
    day = market_day(file_candles(file, hours, start), real=True, seed=seed, traders=accounts)
    run_show(day, Options(out, rpc, as_json, quiet))
