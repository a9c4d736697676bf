"""Which prices a day uses: market data where there is some, a simulated path elsewhere."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from keel.errors import DataError
from keel.sim.candles import Candles, around_sharpest, between, read_candles
from keel.sim.synthetic import crash_day

# The hour of the crash of 2025-10-10 ends here; a window of any length is centred on it.
CENTRE = datetime(2025, 10, 10, 21, 30, tzinfo=UTC)

_DATA_VARIABLE = "KEEL_DATA"
_CHECKOUT = Path(__file__).resolve().parents[2]
_SPOT = "btcusdt_spot_bybit_5m_2025-09-16_2025-10-16.csv.gz"


def data_folder() -> Path | None:
    """The folder with market data: `KEEL_DATA`, else `shared/data` beside the checkout, if it is there.

    Raises:
        DataError: `KEEL_DATA` is not a folder.
    """
    override = os.environ.get(_DATA_VARIABLE)
    if override is not None:
        folder = Path(override).expanduser()
        if not folder.is_dir():
            raise DataError(f"{_DATA_VARIABLE} is {override}, which is no folder", "correct or unset it")
        return folder
    folder = _CHECKOUT.parent / "shared" / "data"
    return folder if folder.is_dir() else None


def crash_candles(seed: int, hours: int) -> tuple[Candles, bool]:
    """Candles around the crash of 2025-10-10, and whether they are market data.

    Args:
        seed: Seed of the simulated path, which is used where there is no market data.
        hours: Length of the window.
    """
    half = timedelta(hours=hours) / 2
    start, end = int((CENTRE - half).timestamp()), int((CENTRE + half).timestamp())
    folder = data_folder()
    if folder is not None and (folder / _SPOT).is_file():
        return between(read_candles(folder / _SPOT), start, end), True
    return between(crash_day(seed), start, end), False


def file_candles(path: Path, hours: int, start: datetime | None = None) -> Candles:
    """A window of a candle file: from `start`, or around the sharpest move.

    Raises:
        DataError: The file cannot be used, or has nothing in that window.
    """
    candles = read_candles(path)
    seconds = hours * 3600
    if start is None:
        return around_sharpest(candles, seconds)
    begin = int(start.replace(tzinfo=start.tzinfo or UTC).timestamp())
    return between(candles, begin, begin + seconds)
