"""What a pushed pool does to a market whose other feeds say the true price."""

from collections.abc import Callable
from dataclasses import dataclass

from keel.errors import Reverted
from keel.model.validity import Defect
from keel.sdk.protocol import account_id
from keel.sim.uniswap.market import MARKET, PRICE, Form, PoolMarket, Terms
from keel.sim.uniswap.plans import ALONE, raid
from keel.units import WAD

#: How long the spot price is held for this: blocks of 12 seconds, of a half-hour average.
WINDOW, BLOCK, BLOCKS = 1_800, 12, 25

# Fall of the true price that makes a position at the least margin unhealthy; feeds may differ by more.
_FALL = 0.013
_VICTIM, _TRADER = 100, 101
_SIZE = WAD // 2


@dataclass(frozen=True, slots=True)
class Doubt:
    """A form of the feed under a push.

    Attributes:
        form: What the average is to the market.
        silent: Whether one of the other feeds says nothing.
        move: By how much the average was moved, a fraction.
        stored: By how much the stored price moved, a fraction.
        defects: What the hub noticed.
        opens: Whether an honest trader can open a position.
        closes: Whether one can close.
        liquidates: Whether a position that the true price makes unhealthy can be liquidated.
        gain: Best gain at Keel of a position within the limits, quote; the costs in the pool are not in it.
            None where the position cannot be closed.
    """

    form: Form
    silent: bool
    move: float
    stored: float
    defects: tuple[str, ...]
    opens: bool
    closes: bool
    liquidates: bool
    gain: float | None


def doubt(form: Form, silent: bool, move: float, liquidity: int, equity: int) -> Doubt:
    """Measure one cell.

    Args:
        form: Reference, or one of three.
        silent: Whether one of the other feeds falls silent before the push.
        move: By how much the average is moved, a fraction, below zero is down; 0 leaves the pool alone.
        liquidity: Quote in the pool, whole units.
        equity: Quote in Keel's pool, whole units.
    """
    market = PoolMarket(Terms(WINDOW, BLOCK, liquidity, equity, form))
    gain = _gain(market, silent, move) if move else 0.0
    _enter(market, _TRADER, 10.0)
    _enter(market, _VICTIM, 0.0)
    if silent:
        market.silence()
    if move:
        market.pusher(True).hold(market.hold(BLOCKS), move, lambda _held: market.store())
    else:
        market.chain.warp(BLOCK * BLOCKS)
        market.store()
    stored, flags = market.moved, _defects(market)
    protocol, honest = market.protocol, market.honest
    trader, victim = account_id(honest, _TRADER), account_id(honest, _VICTIM)
    opens = _works(market, lambda: protocol.trade(trader, MARKET, _SIZE, honest))
    closes = _works(market, lambda: protocol.trade(trader, MARKET, -_SIZE, honest))
    market.chain.warp(BLOCK)
    market.store(PRICE * (1 - _FALL))
    liquidates = _works(market, lambda: protocol.liquidate(victim, market.keeper))
    return Doubt(form, silent, move, stored, flags, opens, closes, liquidates, gain)


def _gain(market: PoolMarket, silent: bool, move: float) -> float | None:
    then = market.silence if silent else None
    try:
        return raid(market, ALONE, market.hold(BLOCKS), move, True, then).gain
    except Reverted:
        return None


def _enter(market: PoolMarket, number: int, spare: float) -> None:
    """A long position of an honest trader with the least margin, and a part of it more."""
    one, protocol, owner = market.one, market.protocol, market.honest
    account = account_id(owner, number)
    protocol.deposit(account, PRICE * one, owner)
    protocol.trade(account, MARKET, _SIZE, owner)
    health = protocol.account(account).health
    left = health.withdrawable - int(health.initial * (1.001 + spare))
    protocol.withdraw(account, left * one // WAD, owner, owner)


def _defects(market: PoolMarket) -> tuple[str, ...]:
    flags = Defect(market.protocol.view("marketOf", MARKET).price.flags)
    return tuple(str(defect.name).lower() for defect in Defect if defect in flags)


def _works(market: PoolMarket, action: Callable[[], object]) -> bool:
    """Whether the protocol would do it now."""
    taken = market.chain.snapshot()
    try:
        action()
    except Reverted:
        return False
    finally:
        market.chain.revert(taken)
    return True
