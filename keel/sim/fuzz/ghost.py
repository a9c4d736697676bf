"""What the fuzzer remembers beside the chain: sources, price history, stretches of suspect prices, stakes."""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from keel.model.cold_records import CollateralTerms
from keel.model.oracle import SILENCE, OracleFeed, Quote
from keel.model.validity import Price, suspect

# Key of the insurance among the vaults; the others are market ids.
INSURANCE = 0
# WAD per unit of a price that a source is told.
PRICE_UNIT = 10**10
# How long a redemption can be claimed once its cooldown is over, seconds.
CLAIM_SECONDS = 2 * 86_400


@dataclass(slots=True)
class Source:
    """One simulated price source.

    Attributes:
        price: What it answers, WAD.
        spread: Half-width of its confidence, WAD.
        fault: Way in which it fails, 0 = none; a source that answers too much is heard all the same.
    """

    price: int = 0
    spread: int = 0
    fault: int = 0

    @property
    def quote(self) -> Quote:
        """What a hub hears."""
        return SILENCE if self.fault not in (0, LOQUACIOUS) else (self.price, self.spread)


# Ways of `MockSource` to fail, by number: revert, revert with much, answer much, burn gas, no bytes, too few.
FAULTS = (1, 2, 3, 4, 5, 6)
LOQUACIOUS = 3


class Stretch(NamedTuple):
    """A stretch of suspect prices as the fuzzer saw it.

    Attributes:
        number: From 1.
        indices: Every suspect index stored in it, WAD.
        confirmed: What became of it; None while it lasts.
    """

    number: int
    indices: tuple[int, ...]
    confirmed: bool | None = None


@dataclass(slots=True)
class Stake:
    """One holder's shares of one vault, 24 decimals.

    Attributes:
        free: In the holder's hands.
        asked: Handed in for redemption, claimable from `claimable_at` on.
    """

    free: int = 0
    asked: int = 0
    claimable_at: int = 0


class Push(NamedTuple):
    """What was left of an amount that falls evenly when something was added to it last.

    Attributes:
        pushed: What was left of earlier ones and this one, quote WAD.
        at: When, seconds.
    """

    pushed: int
    at: int


class Cut(NamedTuple):
    """What one winner gave in a resolution, quote WAD.

    Attributes:
        profit: Its profit at the fixed price.
        amount: What it gave of it.
    """

    profit: int
    amount: int


@dataclass(slots=True)
class Shelf:
    """A kind of collateral as the fuzzer set it up.

    Attributes:
        terms: What governance asked for last.
        oracle: Twin of its hub.
        source: The one source of that hub.
        price: Price that the twin says is stored.
    """

    terms: CollateralTerms
    oracle: OracleFeed
    source: Source = field(default_factory=Source)
    price: Price = field(default_factory=Price)

    def copy(self) -> "Shelf":
        """An independent copy."""
        return Shelf(self.terms, _copy(self.oracle), replace(self.source), self.price)

    def next_price(self, now: int) -> Price:
        """The price that is stored once it is taken: one per block."""
        if self.price.at == now:
            return self.price
        return self.oracle.refresh(self.price, [self.source.quote], now)


@dataclass(slots=True)
class Ghost:
    """Everything that must be restored together with the chain.

    Attributes:
        sources: By market.
        counts: How many of its sources a market's hub reads, from the first on.
        oracles: Twin of the hub by market.
        expected: Price that the twin says is stored, by market.
        stretches: Stretches of suspect prices by market, in order.
        releases: How often a claim was released, by place, market and number of the stretch.
        stakes: By vault and holder.
        roundings: Funding roundings by market since its last position closed; each is less than 1 wei.
        pushes: What liquidations pushed through the curve, by market.
        losses: What pools paid for debts, by market: forgotten in a day.
        cuts: What winners gave in the present or last resolution, by market, then by place.
        held: Markets that a shared loss left restricted and governance has not opened or held since.
        shelves: What is told to kinds of collateral and expected of them, by kind.
        salt: Number of the next governance operation.
    """

    sources: dict[int, list[Source]] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)
    oracles: dict[int, OracleFeed] = field(default_factory=dict)
    expected: dict[int, Price] = field(default_factory=dict)
    stretches: dict[int, tuple[Stretch, ...]] = field(default_factory=dict)
    releases: dict[tuple[int, int, int], int] = field(default_factory=dict)
    stakes: dict[tuple[int, int], Stake] = field(default_factory=dict)
    roundings: dict[int, int] = field(default_factory=dict)
    pushes: dict[int, Push] = field(default_factory=dict)
    losses: dict[int, Push] = field(default_factory=dict)
    cuts: dict[int, dict[int, Cut]] = field(default_factory=dict)
    held: set[int] = field(default_factory=set)
    shelves: dict[int, Shelf] = field(default_factory=dict)
    salt: int = 0

    def copy(self) -> "Ghost":
        """An independent copy."""
        return Ghost(
            {market: [replace(source) for source in sources] for market, sources in self.sources.items()},
            dict(self.counts),
            {market: _copy(oracle) for market, oracle in self.oracles.items()},
            dict(self.expected),
            dict(self.stretches),
            dict(self.releases),
            {key: replace(stake) for key, stake in self.stakes.items()},
            dict(self.roundings),
            dict(self.pushes),
            dict(self.losses),
            {market: dict(given) for market, given in self.cuts.items()},
            set(self.held),
            {kind: shelf.copy() for kind, shelf in self.shelves.items()},
            self.salt,
        )

    def take(self, market: int, price: Price) -> None:
        """Keep the price that the twin says is stored, and the stretch of suspect prices it is part of."""
        stretches, index = self.stretches.get(market, ()), price.index
        before = self.expected.get(market, Price())
        self.expected[market] = price
        if not suspect(price.flags):
            if suspect(before.flags):
                last = stretches[-1]
                near = all(_near(seen, index) for seen in last.indices)
                self.stretches[market] = (*stretches[:-1], last._replace(confirmed=near))
        elif suspect(before.flags):
            last = stretches[-1]
            self.stretches[market] = (*stretches[:-1], last._replace(indices=(*last.indices, index)))
        else:
            self.stretches[market] = (*stretches, Stretch(len(stretches) + 1, (index,)))

    def shut(self, market: int) -> None:
        """Keep the final price of a market that is shut; a stretch of suspect prices is rejected."""
        last, stretches = self.expected[market], self.stretches.get(market, ())
        self.expected[market] = replace(last, index=last.twap, spread_bps=0, flags=0)
        if suspect(last.flags):
            self.stretches[market] = (*stretches[:-1], stretches[-1]._replace(confirmed=False))

    def stake(self, vault: int, holder: int) -> Stake:
        """A holder's stake; empty at first."""
        return self.stakes.setdefault((vault, holder), Stake())


def _near(index: int, good: int) -> bool:
    """Whether a suspect index lies within 2 % of the good one."""
    return good * 98 <= index * 100 <= good * 102


def _copy(oracle: OracleFeed) -> OracleFeed:
    history = replace(oracle.history, stretches=oracle.history.stretches.copy())
    return OracleFeed(oracle.limits, history, oracle.ladder)
