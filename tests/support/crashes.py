"""Crashes and rallies with known steps, and a small stress replay of them."""

from dataclasses import replace

from keel.config.deployment import load_deployment
from keel.sim.candles import PRICE_DECIMALS, Candle, make_candles
from keel.sim.stress.settings import Crowd, StressSettings
from keel.sim.stress.window import make_window

START = 1_700_006_400
ONE = 10**PRICE_DECIMALS
CALM, FALLING = 20, 30


def crash(step=100, bars=FALLING, interval=60):
    """Calm at 50,000, then every candle closes `step` bps below its open, with a tenth of that as wick."""
    price, made = 50_000 * ONE, []
    for place in range(CALM + bars + 5):
        close = price - price * step // 10_000 if CALM <= place < CALM + bars else price
        low = close - (price - close) // 10
        made.append(Candle(START + interval * place, price, price, low, close))
        price = close
    return make_candles(made, "a crash with known steps")


def window(**how):
    return make_window("synthetic", {"BTC": crash(**how)}, real=False)


def stress(where=None, **given):
    settings = StressSettings(where or window(), load_deployment(), Crowd(accounts=40))
    return replace(settings, **given)


def squeeze(step):
    """Calm at 50,000, then every candle rises `step` bps to its close, falls back and rises again."""
    price, made = 50_000 * ONE, []
    for place in range(CALM + FALLING + 5):
        close = price + price * step // 10_000 if CALM <= place < CALM + FALLING else price
        made.append(Candle(START + 60 * place, price, close, price, close))
        price = close
    return make_window("squeeze", {"BTC": make_candles(made, "a rally with known steps")}, real=False)


def weakened(maintenance, **more):
    """The shipped parameters with that maintenance in every bracket, and others."""
    shipped = load_deployment()
    market = shipped.markets[0]
    brackets = tuple(one.model_copy(update={"maintenance": maintenance}) for one in market.brackets)
    return changed(brackets=brackets, **more)


def changed(**parameters):
    """The shipped parameters with others."""
    shipped = load_deployment()
    return shipped.model_copy(update={"markets": (shipped.markets[0].model_copy(update=parameters),)})


def flows(record):
    """What came into the insurance during the replay less what went out."""
    return sum(
        one.penalty - one.reward + one.sundry + one.own_result - one.from_insurance for one in record.tallies
    )
