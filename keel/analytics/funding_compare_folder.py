"""A folder of candles and funding rates, by the names of its files.

    btcusdt_perp_binance_1h_*.csv.gz      candles of the perp: ts (open of the bar), close
    btcusdt_spot_binance_1h_*.csv.gz      candles of the spot
    btcusdt_funding_binance_8h_*.csv.gz   ts (settlement), funding_rate
    btcusdt_{perp,spot}_*_5m_*.csv.gz     finer candles of one exchange, where there are any

Prices at the close of a bar are seen when it closes. The close of the last bar before a halt is older than
that (a halt: bars are missing, or nothing was traded in them); against a leg that went on trading it would
make a premium that nobody saw, so it is left out, and the premium before it holds until both legs trade.
"""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from keel.analytics.funding_compare_series import Series, Table, wad, wads
from keel.errors import DataError

_EXCHANGES = ("binance", "bybit")


def read_folder(folder: Path, market: str) -> Series:
    """Hourly premiums and published funding of Binance.

    Args:
        folder: Where the files are.
        market: Base currency, such as BTC.

    Raises:
        DataError: The folder or one of the files is missing or cannot be used.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder", "give the folder with the candles, or a FILE")
    pair = f"{market.lower()}usdt"
    premiums = _premiums(
        _only(folder, f"{pair}_perp_binance_1h_*.csv*"), _only(folder, f"{pair}_spot_binance_1h_*.csv*")
    )
    rates = Table(_only(folder, f"{pair}_funding_binance_8h_*.csv*"))
    pairs = zip(rates.times("ts"), rates.rates("funding_rate"), strict=True)
    published = {time: wad(rate) for time, rate in pairs}
    return _series(premiums, f"{market.upper()} on Binance", published)


def fine_series(folder: Path, market: str) -> Iterator[Series]:
    """Series of 5-minute samples: exchanges of which the folder has both perp and spot."""
    pair = f"{market.lower()}usdt"
    for exchange in _EXCHANGES:
        spots = sorted(folder.glob(f"{pair}_spot_{exchange}_5m_*.csv*"))
        for perp in sorted(folder.glob(f"{pair}_perp_{exchange}_5m_*.csv*")):
            for spot in spots:
                premiums = _premiums(perp, spot)
                if premiums.height > 1:
                    yield _series(premiums, f"{market.upper()} on {exchange.capitalize()}", {})


def closes(folder: Path, pattern: str) -> tuple[pl.Series, pl.Series] | None:
    """Close times (Unix seconds) and closes of the candles in the one file of that name, if it is there."""
    if not list(folder.glob(pattern)):
        return None
    frame = _closes(_only(folder, pattern), "price")
    return frame["time"], frame["price"]


def published(folder: Path, pattern: str, column: str) -> dict[int, int]:
    """Settlement times and rates (WAD) of the one file of that name; empty if it is not there."""
    if not list(folder.glob(pattern)):
        return {}
    table = Table(_only(folder, pattern))
    return {time: wad(rate) for time, rate in zip(table.times("ts"), table.rates(column), strict=True)}


def _series(premiums: pl.DataFrame, source: str, published: dict[int, int]) -> Series:
    times = tuple(premiums["time"])
    within = {time: rate for time, rate in published.items() if times[0] <= time <= times[-1]}
    return Series(source, times, wads(premiums["premium"]), wads(premiums["spot"]), within)


def _premiums(perp: Path, spot: Path) -> pl.DataFrame:
    """Simultaneous closes of both: time, spot, premium."""
    both = _closes(perp, "perp").join(_closes(spot, "spot"), on="time", how="inner").sort("time")
    return both.select("time", "spot", premium=pl.col("perp") / pl.col("spot") - 1)


def _closes(path: Path, name: str) -> pl.DataFrame:
    """Close times and closes, without those from before a halt."""
    table = Table(path)
    opens = table.times("ts")
    length = opens.diff().drop_nulls().min()
    traded = (
        table.numbers("volume") > 0 if table.column("volume") else pl.repeat(True, opens.len(), eager=True)
    )
    followed = (opens.shift(-1) == opens + length) & traded.shift(-1)
    frame = pl.DataFrame({"time": opens + length, name: table.prices("close")})
    return frame.filter(traded & followed.fill_null(value=True))


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) == 1:
        return found[0]
    what = "has no" if not found else f"has {len(found)} files named"
    raise DataError(f"{folder} {what} {pattern}", "put one there, or give a FILE")
