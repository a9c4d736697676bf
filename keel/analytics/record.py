"""What a simulated day leaves behind: samples over time, events, and where everything came from."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from keel.analytics.pool_report import PoolReport
from keel.analytics.proof import Check
from keel.model.validity import Validity


@dataclass(frozen=True, slots=True)
class Sample:
    """The market at the end of a step.

    Attributes:
        time: Block time, seconds since 1970.
        outside: Price outside, WAD; what the feed says while it is up.
        index: Stored index; `twap` and `mark` likewise, WAD quote per base.
        premium: mark / index - 1, WAD.
        rate: Funding rate, WAD per 8 h; positive when longs pay.
        interest: Interest component of its target, WAD per 8 h.
        layers: Weighted fast, slow and skew parts of the rate, WAD per 8 h.
        net_index: Net funding per base since the listing, WAD quote.
        long_interest: Sum of long sizes, base WAD; `short_interest` likewise.
        utilization: Of the pool, WAD.
        equity: Pool equity, quote WAD.
        earned: What the pool earned so far, by term, quote WAD.
        insurance: Insurance assets, quote WAD.
        sigma: Annualised volatility, WAD.
        validity: Of the stored price.
        ratios: Margin ratio of each trader with a position, WAD; None for the others.
        account_equity: Equity of each trader, quote WAD.
    """

    time: int
    outside: int
    index: int
    twap: int
    mark: int
    premium: int
    rate: int
    interest: int
    layers: tuple[int, int, int]
    net_index: int
    long_interest: int
    short_interest: int
    utilization: int
    equity: int
    earned: PoolReport
    insurance: int
    sigma: int
    validity: Validity
    ratios: tuple[int | None, ...]
    account_equity: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LiquidationEvent:
    """One liquidation.

    Attributes:
        time: Block time, seconds since 1970.
        trader: Name of the trader.
        tier: 1 trim, 2 deleverage, 3 close.
        size: Base closed, with the sign of the closing trade, WAD.
        left: Position afterwards, base WAD.
        price: Average price of the fill, WAD.
        ratio: Margin ratio before, WAD.
        penalty: Quote WAD.
        reward: Part of the penalty that went to the keeper, quote WAD.
        shortfall: Bad debt that it left, quote WAD.
        absorbed: Whether the insurance took the position over at the index.
    """

    time: int
    trader: str
    tier: int
    size: int
    left: int
    price: int
    ratio: int
    penalty: int
    reward: int
    shortfall: int
    absorbed: bool = False


@dataclass(slots=True)
class Tally:
    """Counts and sums over a day.

    Attributes:
        steps: Steps replayed.
        transactions: Transactions that were done.
        trades: Trades that filled.
        volume: Value of trades and liquidations at their fill prices, quote WAD.
        refusals: Refused actions: action and error to count.
        unwound: Pieces of its own positions that the insurance closed.
        from_insurance: Bad debt that the insurance paid, quote WAD.
        from_pool: Bad debt that the pool paid, quote WAD.
        penalties: Liquidation penalties, quote WAD; `rewards` the keepers' part.
    """

    steps: int = 0
    transactions: int = 0
    trades: int = 0
    volume: int = 0
    refusals: Counter[tuple[str, str]] = field(default_factory=Counter)
    unwound: int = 0
    from_insurance: int = 0
    from_pool: int = 0
    penalties: int = 0
    rewards: int = 0


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a day comes from, for people.

    Attributes:
        source: Price data.
        real: Whether it is market data, not simulation.
        seed: Seed of everything that is drawn.
        outage: Start and end of the feed's outage, seconds since 1970.
        market: Name of the market.
        parameters: Name to value of the market's parameters.
    """

    source: str
    real: bool
    seed: int
    outage: tuple[int, int]
    market: str
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Trader:
    """A trader's day.

    Attributes:
        name: What it does and with which leverage.
        paid_in: Margin paid in, quote WAD.
        equity: Equity at the end, quote WAD.
        liquidations: How often it was liquidated.
    """

    name: str
    paid_in: int
    equity: int
    liquidations: int


@dataclass(frozen=True, slots=True)
class DayRecord:
    """A whole day.

    Attributes:
        origin: Where it comes from.
        traders: In the order of each sample's ratios.
        samples: One per step.
        liquidations: In order.
        notes: Time and text of what liquidity providers did and the like.
        tally: Counts and sums.
        checks: Proof of the books.
        report: Pool report at the end.
    """

    origin: Origin
    traders: Sequence[Trader]
    samples: Sequence[Sample]
    liquidations: Sequence[LiquidationEvent]
    notes: Sequence[tuple[int, str]]
    tally: Tally
    checks: Sequence[Check]
    report: PoolReport

    @property
    def proven(self) -> bool:
        """Whether every check of the books holds."""
        return all(check.holds for check in self.checks)
