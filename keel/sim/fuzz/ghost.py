"""What the fuzzer remembers beside the chain: feeds, price history, stakes, roundings."""

from dataclasses import dataclass, field, replace

from keel.model.oracle import OracleFeed
from keel.model.validity import Price
from keel.units import WAD

# Key of the insurance among the vaults; the others are market ids.
INSURANCE = 0


@dataclass(slots=True)
class Feed:
    """One simulated aggregator behind a price source.

    Attributes:
        heartbeat: Longest age of an answer, seconds.
        expected_decimals: Decimals the source was made for.
    """

    heartbeat: int
    expected_decimals: int
    decimals: int
    answer: int = 0
    updated_at: int = 0
    broken: bool = False

    def price(self, now: int) -> int:
        """What the source over it reports, WAD, 0 = nothing usable."""
        fits = 0 < self.answer < 1 << 128 and self.decimals == self.expected_decimals
        on_time = 0 < self.updated_at <= now <= self.updated_at + self.heartbeat
        if self.broken or not fits or not on_time:
            return 0
        return int(self.answer * WAD // 10**self.expected_decimals)


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


@dataclass(slots=True)
class Ghost:
    """Everything that must be restored together with the chain.

    Attributes:
        feeds: Aggregators by market.
        oracles: Twin of the hub by market.
        expected: Price that the twin says is stored, by market.
        stakes: By vault and holder.
        roundings: Funding roundings by market since its last position closed; each is less than 1 wei.
        salt: Number of the next governance operation.
    """

    feeds: dict[int, list[Feed]] = field(default_factory=dict)
    oracles: dict[int, OracleFeed] = field(default_factory=dict)
    expected: dict[int, Price] = field(default_factory=dict)
    stakes: dict[tuple[int, int], Stake] = field(default_factory=dict)
    roundings: dict[int, int] = field(default_factory=dict)
    salt: int = 0

    def copy(self) -> "Ghost":
        """An independent copy."""
        return Ghost(
            {market: [replace(feed) for feed in feeds] for market, feeds in self.feeds.items()},
            {market: _copy(oracle) for market, oracle in self.oracles.items()},
            dict(self.expected),
            {key: replace(stake) for key, stake in self.stakes.items()},
            dict(self.roundings),
            self.salt,
        )

    def stake(self, vault: int, holder: int) -> Stake:
        """A holder's stake; empty at first."""
        return self.stakes.setdefault((vault, holder), Stake())


def _copy(oracle: OracleFeed) -> OracleFeed:
    history = oracle.history
    return OracleFeed(oracle.limits, replace(history, observations=history.observations.copy()))
