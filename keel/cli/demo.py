"""`keel demo`: the crash of 2025-10-10 on a local chain."""

from pathlib import Path

import click

from keel.cli.show import Options, run_show, show_options
from keel.sim.setting import market_day
from keel.sim.sources import crash_candles


@click.command()
@show_options
def command(
    seed: int, hours: int, accounts: int, out: Path, rpc: str | None, as_json: bool, quiet: bool
) -> None:
    """Replay the market crash of 10 October 2025 on a private local chain.

    Deploys the protocol, lets traders with 2x to 45x leverage, liquidity providers and keepers live through
    the day, cuts the price feed for a while, proves the books to the wei and writes an HTML report.

    Prices come from KEEL_DATA or ../shared/data when that folder exists, from a simulated path otherwise.

    \b
    Examples:
      keel demo
      keel demo --hours 4 --accounts 60 --seed 3 --out day
      keel demo --rpc http://127.0.0.1:8545     (anvil --timestamp 1760000000)
    """  # noqa: D301, click's mark for lines that stay as they are
    candles, real = crash_candles(seed, hours)
    day = market_day(candles, real=real, seed=seed, traders=accounts)
    run_show(day, Options(out, rpc, as_json, quiet))
