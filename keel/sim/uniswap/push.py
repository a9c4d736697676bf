"""Moving a pool's average by real swaps: what it costs, and what the curve says that it must cost.

The attacker moves the spot price at the end of a block and holds it over whole blocks: a price weighs the
time that it stands at the ends of blocks, so a shorter move weighs nothing. Two worlds: either nobody else
trades (the attacker makes the blocks, or nobody watches), or honest arbitrageurs, who know the true price,
take every block's first trade and push back as far as the pool's fee lets them gain.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from math import isqrt, sqrt

from keel.evm.chain import Chain, Contract
from keel.sim.uniswap.pool import FEE, MAX_ROOT, MIN_ROOT, UniswapPool

_PPM = 1_000_000
_DIGITS = 80
_KEPT = 1 - FEE / _PPM
# Where arbitrage ends: beyond it the fee is more than the gain.
_HOME = 1 / sqrt(_KEPT)


@dataclass(frozen=True, slots=True)
class Hold:
    """How long the spot price is held, against the length of the average.

    Attributes:
        window: Length of the average, seconds.
        block: Seconds between blocks.
        blocks: Blocks over which the price is held, from 1.
    """

    window: int
    block: int
    blocks: int

    @property
    def seconds(self) -> int:
        """Time in the window at the moved price."""
        return min(self.window, self.block * self.blocks)

    def spot(self, move: float) -> float:
        """Factor on the spot price that moves the geometric mean by `move`: (1 + move)^(window / seconds)."""
        return float((1 + Decimal(repr(move))) ** (Decimal(self.window) / self.seconds))


def toll(hold: Hold, move: float, arbitrage: bool) -> float:
    """What the attacker must lose, per unit of quote in a full-range pool. Linear in the liquidity.

    With k = sqrt(spot factor), f the fee and g = 1 - f: a push from a to k takes (k - a) / g of the quote and
    gives 1/a - 1/k of the base, in units of what the pool has of each. Selling out mirrors that.
    """
    end = sqrt(hold.spot(abs(move)))
    first = _push(1, end)
    if end <= _HOME:
        return first
    if arbitrage:
        return first + (hold.blocks - 1) * _push(_HOME, end)
    return first - (end - _HOME) + (1 / _HOME - 1 / end) / _KEPT


def _push(start: float, end: float) -> float:
    # As (end - start) * (1 / g - 1 / (end * start)), so that small pushes keep their digits.
    return (end - start) * (1 / _KEPT - 1 / (end * start))


class Pusher:
    """An attacker at a pool, beside arbitrageurs; both own plenty of both tokens.

    Attributes:
        pool: The pool; it stands at the true price.

    Args:
        chain: Where the pool lives.
        pool: As above.
        attacker: Who pushes.
        arbitrageur: Who pushes back; None leaves that to the attacker, at the end.
    """

    def __init__(self, chain: Chain, pool: UniswapPool, attacker: str, arbitrageur: str | None) -> None:
        self._chain, self.pool, self._attacker, self._arbitrageur = chain, pool, attacker, arbitrageur
        self._start = pool.root
        self._before = self._wealth()

    def hold(self, hold: Hold, move: float, each: Callable[[int], None] = lambda _block: None) -> None:
        """Hold the spot price over the blocks, up or down by the sign of the move.

        Args:
            hold: How long.
            move: What the average is to move by, a fraction.
            each: Called at the beginning of every block, with how many were held.
        """
        goal = self._goal(hold, move)
        for held in range(1, hold.blocks + 1):
            self.pool.move_to(goal, self._attacker)
            self._chain.warp(hold.block)
            each(held)
            if self._arbitrageur:
                self._home(self._arbitrageur)
        self._home(self._attacker)

    @property
    def cost(self) -> float:
        """What the attacker has lost in the pool so far, quote at the true price."""
        return float((self._before - self._wealth()) / 10 ** self.pool.decimals[1])

    def _goal(self, hold: Hold, move: float) -> int:
        with localcontext() as context:
            context.prec = _DIGITS
            spot = (1 + Decimal(repr(abs(move)))) ** (Decimal(hold.window) / hold.seconds)
            factor = spot.sqrt() if (move > 0) == self.pool.base_first else 1 / spot.sqrt()
            # A pool cannot go further than its range.
            return min(max(int(self._start * factor), MIN_ROOT + 1), MAX_ROOT - 1)

    def _home(self, trader: str) -> None:
        """Towards the true price, as far as the fee leaves a gain; nothing where it is near already."""
        now, start = self.pool.root, self._start
        above = isqrt(start * start * _PPM // (_PPM - FEE))
        below = isqrt(start * start * (_PPM - FEE) // _PPM)
        if now > above:
            self.pool.move_to(above, trader)
        elif now < below:
            self.pool.move_to(below, trader)

    def _wealth(self) -> Fraction:
        """Tokens of the attacker, quote units at the price at which the pool stood first."""
        base, quote = (int(self._chain.call(token, "balanceOf", self._attacker)) for token in self._tokens)
        price = Fraction(self._start * self._start, 1 << 192)
        return quote + base * (price if self.pool.base_first else 1 / price)

    @property
    def _tokens(self) -> tuple[Contract, Contract]:
        return self.pool.base, self.pool.quote
