"""The study: costs at the pool, gains at Keel, and the liquidity at which they meet."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from keel.errors import ConfigError, Reverted
from keel.sim.uniswap.doubt import Doubt, doubt
from keel.sim.uniswap.market import Form, PoolMarket, Terms
from keel.sim.uniswap.plans import PLANS, Outcome, raid
from keel.sim.uniswap.push import Hold, toll

Progress = Callable[[int, int], None]

#: Pools and markets of the pages: windows, seconds per block, blocks that a spot price is held.
WINDOWS, BLOCKS_OF, HOLDS = (300, 900, 1_800), (12, 2), (1, 2, 5, 25, 150)

# Below is what no source takes, above is more than an evening of simulation.
_WINDOWS = (300, 3_600)
# The clamp's neighbourhood ends it.
_MOVES = (0.001, 0.15)
_WHOLE = (10_000, 10**10)
_OTHERS = ((Form.REFERENCE, False), (Form.REFERENCE, True), (Form.MEDIAN, False), (Form.MEDIAN, True))


@dataclass(frozen=True, slots=True)
class Grid:
    """What is measured.

    Attributes:
        windows: Lengths of the average, seconds.
        moves: Moves of the average, fractions, rising.
        liquidity: Quote in the pool, and as much base; whole units, rising.
        equity: Quote in Keel's pool, whole units, rising.
        holds: Blocks over which the spot price is held.
        blocks: Seconds between blocks.
    """

    windows: Sequence[int] = WINDOWS
    moves: Sequence[float] = (0.003, 0.01, 0.05, 0.1)
    liquidity: Sequence[int] = (1_000_000, 10_000_000, 100_000_000)
    equity: Sequence[int] = (1_000_000, 10_000_000)
    holds: Sequence[int] = HOLDS
    blocks: Sequence[int] = BLOCKS_OF

    def check(self) -> None:
        """Refuse what no source or no market could have.

        Raises:
            ConfigError: A value lies outside its bounds.
        """
        bounds = (
            ("a window", self.windows, _WINDOWS, "d"),
            ("a move", self.moves, _MOVES, ".1%"),
            ("liquidity", self.liquidity, _WHOLE, ",d"),
            ("an equity", self.equity, _WHOLE, ",d"),
        )
        for name, values, (low, high), form in bounds:
            for value in values:
                if not low <= value <= high:
                    message = f"cannot measure {name} of {value:{form}}"
                    raise ConfigError(message, f"give {low:{form}} to {high:{form}}")

    @property
    def all_holds(self) -> list[Hold]:
        """Every window, block time and hold."""
        return [Hold(*one) for one in product(self.windows, self.blocks, self.holds)]


@dataclass(frozen=True, slots=True)
class Cost:
    """One push.

    Attributes:
        hold: How long.
        move: By how much the average was to move, a fraction.
        liquidity: Quote in the pool.
        arbitrage: Whether honest arbitrageurs pushed back in every block.
        cost: What the attacker lost, quote.
        expected: What the closed form says.
        moved: By how much what the source says moved, a fraction.
    """

    hold: Hold
    move: float
    liquidity: int
    arbitrage: bool
    cost: float
    expected: float
    moved: float


@dataclass(frozen=True, slots=True)
class Gain:
    """The best outcome of a kind of plan where the average is the only source.

    Attributes:
        hold: How long the spot price was held.
        move: By how much the average was moved, a fraction.
        equity: Quote in Keel's pool.
        outcome: What it brought.
    """

    hold: Hold
    move: float
    equity: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Study:
    """All that was measured."""

    grid: Grid
    costs: Sequence[Cost]
    gains: Sequence[Gain]
    doubts: Sequence[Doubt]

    @property
    def error(self) -> float:
        """Largest difference of a measured cost from the closed form, relative."""
        return max(abs(cost.cost / cost.expected - 1) for cost in self.costs)

    @property
    def slip(self) -> float:
        """Largest difference of the source's answer from where it was to go, as a fraction of the price."""
        return max(abs(cost.moved - cost.move) for cost in self.costs)

    def best(self, name: str, **where: object) -> Gain | None:
        """The largest gain of a kind of plan; of equal ones that which ties up least. None without any.

        Args:
            name: Of the plan.
            where: Attributes of the gain, such as `equity`, or of its hold, and their values.
        """
        found = (gain for gain in self.gains if gain.outcome.plan.name == name and _matches(gain, where))
        return max(found, key=lambda gain: (gain.outcome.gain, -gain.outcome.locked), default=None)

    def break_even(self, names: Sequence[str], arbitrage: bool, **where: object) -> float:
        """Liquidity per side beyond which no measured attack gains, in units of the equity of Keel's pool.

        Args:
            names: Kinds of plans.
            arbitrage: Whether honest arbitrageurs push back.
            where: See `best`.
        """
        ratios = (
            gain.outcome.gain / gain.equity / toll(gain.hold, gain.move, arbitrage)
            for gain in self.gains
            if gain.outcome.plan.name in names and _matches(gain, where)
        )
        return max(0.0, max(ratios, default=0.0))


def run(grid: Grid, progress: Progress = lambda _done, _all: None) -> Study:
    """Measure everything.

    Args:
        grid: What.
        progress: Called with how many parts are done, and of how many.

    Raises:
        ConfigError: The grid is not possible.
    """
    grid.check()
    markets = list(product(grid.windows, grid.blocks))
    total = len(markets) * (len(grid.liquidity) + len(grid.equity)) + len(_OTHERS)
    done = 0

    def advance() -> None:
        nonlocal done
        done += 1
        progress(done, total)

    costs: list[Cost] = []
    gains: list[Gain] = []
    doubts: list[Doubt] = []
    for window, block in markets:
        for liquidity in grid.liquidity:
            costs += _costs(grid, Terms(window, block, liquidity, grid.equity[0]))
            advance()
        for equity in grid.equity:
            gains += _gains(grid, Terms(window, block, grid.liquidity[-1], equity))
            advance()
    for form, silent in _OTHERS:
        down = (0.0, *(-move for move in grid.moves))
        doubts += [doubt(form, silent, move, grid.liquidity[-1], grid.equity[0]) for move in down]
        advance()
    return Study(grid, costs, gains, doubts)


def _costs(grid: Grid, terms: Terms) -> Iterator[Cost]:
    market = PoolMarket(terms)
    rest = _read(market)
    for blocks, move, arbitrage in product(grid.holds, grid.moves, (False, True)):
        taken, hold = market.chain.snapshot(), market.hold(blocks)
        pusher, seen = market.pusher(arbitrage), [rest]
        pusher.hold(hold, move, _watch(market, seen))
        expected = toll(hold, move, arbitrage) * terms.liquidity
        yield Cost(hold, move, terms.liquidity, arbitrage, pusher.cost, expected, seen[-1] / rest - 1)
        market.chain.revert(taken)


def _watch(market: PoolMarket, seen: list[int]) -> Callable[[int], None]:
    return lambda _held: seen.append(_read(market))


def _read(market: PoolMarket) -> int:
    price: int = market.chain.call(market.source, "latest")[0]
    return price


def _gains(grid: Grid, terms: Terms) -> Iterator[Gain]:
    market = PoolMarket(terms)
    for blocks, move, plan in product(grid.holds, grid.moves, PLANS):
        hold = market.hold(blocks)
        try:
            yield Gain(hold, move, terms.equity, raid(market, plan, hold, move, arbitrage=True))
        except Reverted:
            # The protocol does not allow these positions.
            continue


def _matches(gain: Gain, where: dict[str, object]) -> bool:
    of_hold = ("window", "block", "blocks")
    return all(
        getattr(gain.hold if name in of_hold else gain, name) == value for name, value in where.items()
    )
