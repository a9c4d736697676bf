"""What a stress replay leaves behind. Amounts are quote WAD, sizes base WAD, times seconds since 1970."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from keel.sim.stress.settings import StressSettings
from keel.sim.stress.sizing import Bounds, Sizing
from keel.units import WAD


@dataclass(frozen=True, slots=True)
class Moment:
    """A market after one price and the liquidations that followed it.

    Attributes:
        time: Of the price.
        market: Market id.
        index: Quote per base, WAD.
        premium: Of mark over index, WAD.
        equity: Of the pool.
        utilization: WAD.
        insurance: What the insurance is worth, its own positions included.
        held: Value of the insurance's own position in this market.
        liquidated: Value liquidated in this step.
        absorbed: Part of it that the insurance took over.
        count: Liquidations in this step.
        debt: Bad debt that appeared in this step.
    """

    time: int
    market: int
    index: int
    premium: int
    equity: int
    utilization: int
    insurance: int
    held: int
    liquidated: int
    absorbed: int
    count: int
    debt: int

    @property
    def mark(self) -> int:
        """Quote per base, WAD, floor."""
        return self.index * (WAD + self.premium) // WAD


@dataclass(slots=True)
class Tally:
    """What the keepers did in a market.

    Attributes:
        tiers: Liquidations by tier, through the curve or into the insurance.
        notional: Value of what was closed, at the index.
        absorptions: Liquidations that the insurance took over.
        absorbed: Value of them, at the index.
        penalty: What the accounts paid.
        reward: Part of it that went to the keeper.
        sundry: Surplus of size tiers, dust of funding and forfeited claims, to the insurance.
        most_held: Largest value of the insurance's own position.
        pieces: How often a piece of it was worked off.
        unwound: Value of those pieces, at the index.
        own_result: What its own positions brought the insurance; negative: cost.
        from_insurance: Bad debt that the insurance paid.
        from_pool: Bad debt beyond the insurance, what was beyond the pool's cap included.
        deficit: Part of it beyond the cap.
        cut: What winners gave back of that.
        lost: Most that the pool had paid within a day.
        resolutions: How often the market shared out a loss.
        accounts: Accounts that were liquidated at least once.
        refusals: Refused liquidations by reason.
        upkeep_refusals: Refused pieces and resolutions by reason.
    """

    tiers: Counter[int] = field(default_factory=Counter)
    notional: int = 0
    absorptions: int = 0
    absorbed: int = 0
    penalty: int = 0
    reward: int = 0
    sundry: int = 0
    most_held: int = 0
    pieces: int = 0
    unwound: int = 0
    own_result: int = 0
    from_insurance: int = 0
    from_pool: int = 0
    deficit: int = 0
    cut: int = 0
    lost: int = 0
    resolutions: int = 0
    accounts: set[int] = field(default_factory=set)
    refusals: Counter[str] = field(default_factory=Counter)
    upkeep_refusals: Counter[str] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        """Liquidations."""
        return sum(self.tiers.values())

    @property
    def debt(self) -> int:
        """Bad debt, whoever paid it."""
        return self.from_insurance + self.from_pool


@dataclass(frozen=True, slots=True)
class Opening:
    """A market when everybody has opened.

    Attributes:
        time: When.
        index: Quote per base, WAD.
        values: Value of each account's position, quote.
        long_value: Value of all longs.
        short_value: Value of all shorts.
        margin: Equity of all accounts.
        limited: Accounts that the initial margin kept below the leverage they asked for.
        most_leverage: Largest value over equity, WAD.
        utilization: WAD.
        premium: WAD.
        pool: Equity of the pool.
        loss_cap: Most that the pool pays for bad debt in a day.
    """

    time: int
    index: int
    values: tuple[float, ...]
    long_value: int
    short_value: int
    margin: int
    limited: int
    most_leverage: int
    utilization: int
    premium: int
    pool: int
    loss_cap: int

    @property
    def concentration(self) -> float:
        """Herfindahl index of the open interest: the sum of squared shares, 1 / n for n equal accounts."""
        return herfindahl(self.values)


@dataclass(frozen=True, slots=True)
class StressRecord:
    """One replay.

    Attributes:
        settings: What was run.
        openings: Each market, by place.
        moments: Every step after the opening, in order.
        tallies: Each market, by place.
        sizing: What the fund would have to be for the positions as they opened.
        later: The same for the positions just before the largest fall from one price to the next.
        bounds: The lens's bound on the same needs, at the opening.
        fund: What the insurance was worth when everybody had opened.
        fund_end: The same at the end, its own positions included.
        cash_end: Its assets without them.
        used: Most of the fund that was gone at once, of its assets or its worth, and what was lacking beyond
            it. Another fund would have taken over more or less, and used another part.
        uncovered: Negative equity of accounts that nobody liquidated, and of the insurance itself.
        unhealthy: Accounts below maintenance at the end.
        seconds: Time the replay took.
    """

    settings: StressSettings
    openings: tuple[Opening, ...]
    moments: tuple[Moment, ...]
    tallies: tuple[Tally, ...]
    sizing: Sizing
    later: Sizing
    bounds: Bounds
    fund: int
    fund_end: int
    cash_end: int
    used: int
    uncovered: int
    unhealthy: int
    seconds: float

    def of(self, place: int) -> list[Moment]:
        """The moments of a market."""
        return [moment for moment in self.moments if moment.market == place + 1]

    @property
    def debt(self) -> int:
        """Bad debt, whoever paid it."""
        return sum(tally.debt for tally in self.tallies) + self.uncovered

    @property
    def after_insurance(self) -> int:
        """Bad debt that the insurance did not pay: the pools', and what nobody has closed yet."""
        return self.total("from_pool") + self.uncovered

    @property
    def holds(self) -> bool:
        """Whether the insurance paid every bad debt."""
        return self.after_insurance == 0

    @property
    def notional(self) -> int:
        """Value liquidated in all markets."""
        return self.total("notional")

    def total(self, what: str) -> int:
        """An amount of the tallies over all markets, by name."""
        return sum(getattr(tally, what) for tally in self.tallies)

    @property
    def open_interest(self) -> int:
        """Value of all positions, longs and shorts, when everybody had opened."""
        return sum(opening.long_value + opening.short_value for opening in self.openings)

    @property
    def concentration(self) -> float:
        """Herfindahl index of the open interest over all markets."""
        return herfindahl([value for opening in self.openings for value in opening.values])


def herfindahl(values: Sequence[float]) -> float:
    """Sum of squared shares."""
    whole = sum(values)
    return sum((value / whole) ** 2 for value in values)


def fall(values: Sequence[int]) -> float:
    """Deepest fall from an earlier high, a fraction of that high."""
    high, deepest = values[0], 0.0
    for value in values:
        high = max(high, value)
        deepest = max(deepest, (high - value) / high)
    return deepest


def amplification(moments: Sequence[Moment]) -> float:
    """Fall of the mark over the fall of the index, each from its high; 1 where the curve added nothing."""
    outside = fall([moment.index for moment in moments])
    return fall([moment.mark for moment in moments]) / outside if outside else 1.0
