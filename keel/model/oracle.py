"""Twin of `oracle/OracleHub.sol`: from what the sources answer to the price that the core stores."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from keel.model import volatility
from keel.model.fixed import cast
from keel.model.price_history import PriceHistory
from keel.model.validity import Defect, Price
from keel.units import BPS

TWAP_WINDOW = 300


@dataclass(frozen=True, slots=True)
class Limits:
    """What is believable in a market.

    Attributes:
        min_price: Lowest sane price, WAD, inclusive.
        max_price: Highest sane price, WAD, inclusive.
        max_deviation_bps: Largest believable disagreement between sources.
        max_volatile_bps: Distance of the index from its TWAP beyond which the price is volatile.
        clamp_bps: Largest step of a TWAP sample away from the last TWAP.
    """

    min_price: int
    max_price: int
    max_deviation_bps: int
    max_volatile_bps: int
    clamp_bps: int


@dataclass(slots=True)
class OracleFeed:
    """One market of the hub.

    Attributes:
        limits: What is believable.
        history: Clamped samples, variance and last index.
    """

    limits: Limits
    history: PriceHistory = field(default_factory=PriceHistory)

    def refresh(self, last: Price, answers: Sequence[int], now: int, sequencer: int = 0) -> Price:
        """The price to store.

        Args:
            last: The price stored now; returned with defects marked when no usable price exists.
            answers: What each source says, WAD, 0 = nothing; one, two (primary, reference) or three (median).
            now: Block time, seconds.
            sequencer: What the sequencer's state does to the price: nothing, SEQUENCER_GRACE, or INVALID.
        """
        index, flags = read(self.limits, answers, sequencer)
        if flags & Defect.INVALID:
            return Price(last.index, last.twap, last.sigma, last.at, last.flags | flags)
        history = self.history
        if history.at not in (0, now):
            elapsed = now - history.at
            history.variance = volatility.update(history.variance, history.index, index, elapsed)
        covered = history.coverage(now) >= TWAP_WINDOW
        twap = history.average(TWAP_WINDOW, now) if covered else index
        history.index = index
        history.push(clamp(index, twap, self.limits.clamp_bps) if covered else index, now)
        if not covered:
            flags |= Defect.SHORT_TWAP
        if deviates(index, twap, self.limits.max_volatile_bps):
            flags |= Defect.VOLATILE
        return Price(index, twap, volatility.sigma(history.variance), now, flags)


def read(limits: Limits, answers: Sequence[int], sequencer: int = 0) -> tuple[int, int]:
    """The believable price among the answers (WAD, 0 = none), and the defects found."""
    if sequencer & Defect.INVALID:
        return 0, sequencer
    prices = [answer if limits.min_price <= answer <= limits.max_price else 0 for answer in answers]
    if len(prices) == 3:
        prices = list(median(prices))
    if prices[0] == 0:
        return 0, Defect.INVALID
    reference = prices[1] if len(prices) > 1 else prices[0]
    doubted = reference == 0 or deviates(prices[0], reference, limits.max_deviation_bps)
    return prices[0], sequencer | (Defect.UNCERTAIN if doubted else 0)


def median(prices: Sequence[int]) -> tuple[int, int]:
    """Median of three and its nearer neighbour; a missing price (0) leaves the pair of the others."""
    low, middle, high = sorted(prices)
    if low == 0:
        return middle, high
    return middle, low if middle - low < high - middle else high


def clamp(price: int, around: int, bps: int) -> int:
    """The price, at most `bps` away from `around`; WAD, floor."""
    reach = around * bps // BPS
    return cast(max(min(price, around + reach), around - reach), 88)


def deviates(a: int, b: int, bps: int) -> bool:
    """Whether `a` is more than `bps` of `b` away from `b`."""
    return abs(a - b) * BPS > b * bps
