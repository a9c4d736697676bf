"""Twin of `oracle/OracleHub.sol`, `SourceReader.sol` and `Quorum.sol`: from quotes to the price to store.

A quote is what a source says: price and half-width of its confidence interval, both WAD; price 0 = nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from keel.model import volatility
from keel.model.errors import Refused
from keel.model.fixed import cast, div_ceil
from keel.model.price_history import PriceHistory
from keel.model.validity import UNFIT, Defect, Price
from keel.units import BPS

TWAP_WINDOW = 300
MAX_SPREAD_BPS = 5_000
LONGEST_WINDOW = 86_400
# How long primary and reference must agree before the primary is believed again, seconds.
RECOVERY = 900

Quote = tuple[int, int]

SILENCE: Quote = (0, 0)
_WIDEST = 2**128 - 1


@dataclass(frozen=True, slots=True)
class Limits:
    """What is believable in a market.

    Attributes:
        min_price: Lowest sane price, WAD, inclusive.
        max_price: Highest sane price, WAD, inclusive.
        max_deviation_bps: Largest believable disagreement between sources.
        max_confidence_bps: Widest confidence interval (half of it) of a price that is not doubted.
        max_volatile_bps: Distance of the index from its TWAP beyond which the price is volatile.
        clamp_bps: Largest step of a TWAP sample away from the last TWAP.
    """

    min_price: int
    max_price: int
    max_deviation_bps: int
    max_confidence_bps: int
    max_volatile_bps: int
    clamp_bps: int


@dataclass(frozen=True, slots=True)
class Ladder:
    """Which of two sources is believed.

    Attributes:
        on_reference: Whether the primary fell silent and the reference stands in for it.
        agrees_since: Since when both agree again, seconds; 0 = they do not.
    """

    on_reference: bool = False
    agrees_since: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """The believable price among the quotes.

    Attributes:
        price: WAD, 0 = none.
        spread: How far from it the true price may lie, WAD.
        flags: Defects found.
        silent: Bit i: source i said nothing usable.
    """

    price: int
    spread: int
    flags: int
    silent: int = 0


@dataclass(slots=True)
class OracleFeed:
    """A market's hub. A fresh one may take over a market: it goes on from the volatility that is stored.

    Attributes:
        limits: What is believable.
        history: Stretches of samples, and the variance.
        ladder: Moves only where there are two sources.
    """

    limits: Limits
    history: PriceHistory = field(default_factory=PriceHistory)
    ladder: Ladder = field(default_factory=Ladder)

    def refresh(self, last: Price, quotes: Sequence[Quote], now: int, sequencer: int = 0) -> Price:
        """The price to store.

        Args:
            last: The price stored now, of an earlier time; returned with defects marked when no usable price
                exists.
            quotes: One, two (primary, reference) or three (median).
            now: Block time, seconds.
            sequencer: Defects that the sequencer's state is: none, SEQUENCER_GRACE, or INVALID with
                SEQUENCER_DOWN.
        """
        found, self.ladder = read(self.limits, quotes, now, sequencer, self.ladder)
        if found.price == 0:
            return replace(last, flags=last.flags | found.flags)
        spread_bps = min(div_ceil(found.spread * BPS, found.price), MAX_SPREAD_BPS)
        return self._fold(last, found.price, spread_bps, found.flags, now)

    def peek(self, quotes: Sequence[Quote], now: int, sequencer: int = 0) -> Reading:
        """What the sources say now, before any averaging; nothing changes."""
        return read(self.limits, quotes, now, sequencer, self.ladder)[0]

    def twap(self, last: Price, window_seconds: int, now: int) -> int:
        """Average of the samples over the window that ends now, WAD, floor; `last` is the stored price.

        Raises:
            Refused: `FeedOutOfBounds`, `HistoryTooShort`.
        """
        if not 1 <= window_seconds <= LONGEST_WINDOW:
            raise Refused("FeedOutOfBounds", "windowSeconds", window_seconds, 1, LONGEST_WINDOW)
        reach = self.history.reach(last.at, window_seconds, now)
        if reach < window_seconds:
            raise Refused("HistoryTooShort", window_seconds, reach)
        return self.history.average(last.at, sample_of(last, self.limits.clamp_bps), window_seconds, now)

    def _fold(self, last: Price, index: int, spread_bps: int, flags: int, now: int) -> Price:
        """Volatility, then the average so far; the sample in force since the last price joins the history.

        Where the history is short, the average stays where it stood; the first price of all is its own.
        """
        history, average, sigma, covered = self.history, index, last.sigma, False
        if last.at != 0:
            sample = sample_of(last, self.limits.clamp_bps)
            if not history.stretches:
                history.variance = volatility.variance(last.sigma)
            if not (last.flags | flags) & UNFIT:
                history.variance = volatility.update(history.variance, last.index, index, now - last.at)
            sigma = volatility.sigma(history.variance)
            covered = history.reach(last.at, TWAP_WINDOW, now) == TWAP_WINDOW
            average = history.average(last.at, sample, TWAP_WINDOW, now) if covered else last.twap
            history.push(last.at, sample, now)
        if not covered:
            flags |= Defect.SHORT_TWAP
        if deviates(index, average, self.limits.max_volatile_bps):
            flags |= Defect.VOLATILE
        return Price(index, average, sigma, spread_bps, now, flags)


def read(
    limits: Limits, quotes: Sequence[Quote], now: int, sequencer: int = 0, ladder: Ladder | None = None
) -> tuple[Reading, Ladder]:
    """The believable price among the quotes, and where the ladder stands after it."""
    ladder = ladder or Ladder()
    if sequencer & Defect.INVALID:
        return Reading(0, 0, sequencer), ladder
    sane = [_sane(limits, quote) for quote in quotes]
    silent = sum(1 << i for i, quote in enumerate(sane) if quote == SILENCE)
    chosen = other = sane[0]
    if len(sane) == 2:
        chosen, other, ladder = gate(limits, sane[0], sane[1], now, ladder)
    elif len(sane) == 3:
        chosen, other = median(sane)
    price = chosen[0]
    if price == 0:
        return Reading(0, 0, sequencer | Defect.INVALID, silent), ladder
    spread, doubted = spread_of(chosen, other, limits.max_deviation_bps)
    doubted = doubted or spread * BPS > price * limits.max_confidence_bps
    return Reading(price, spread, sequencer | (Defect.UNCERTAIN if doubted else 0), silent), ladder


def gate(
    limits: Limits, primary: Quote, reference: Quote, now: int, ladder: Ladder
) -> tuple[Quote, Quote, Ladder]:
    """The quote to believe of two, the one beside it, and the ladder after them.

    Once the primary is silent the reference stands in, unconfirmed, until both have agreed at every update
    of `RECOVERY`.
    """
    silent = SILENCE in (primary, reference)
    if not ladder.on_reference and (primary != SILENCE or reference == SILENCE):
        return primary, reference, ladder
    if silent or deviates(primary[0], reference[0], limits.max_deviation_bps):
        return reference, SILENCE, Ladder(True)
    if ladder.agrees_since == 0:
        return reference, SILENCE, Ladder(True, now)
    if now - ladder.agrees_since >= RECOVERY:
        return primary, reference, Ladder()
    return reference, SILENCE, ladder


def median(quotes: Sequence[Quote]) -> tuple[Quote, Quote]:
    """Median of three and the nearer neighbour.

    One silent: the other two in their order, so that the second confirms the first; two silent: silence.
    """
    spoken = [quote for quote in quotes if quote != SILENCE]
    if len(spoken) < 2:
        return SILENCE, SILENCE
    if len(spoken) == 2:
        return spoken[0], spoken[1]
    low, middle, high = sorted(spoken)
    return middle, low if middle[0] - low[0] < high[0] - middle[0] else high


def spread_of(quote: Quote, other: Quote, max_deviation_bps: int) -> tuple[int, bool]:
    """How far from a quote's price the true price may lie, WAD; whether the other quote does not confirm it.

    Its own confidence; where the two disagree, their distance if that is wider; where the other is silent,
    what disagreement is allowed.
    """
    price, spread = quote
    if other == SILENCE:
        return max(spread, price * max_deviation_bps // BPS), True
    if deviates(price, other[0], max_deviation_bps):
        return max(spread, abs(price - other[0])), True
    return spread, False


def sample_of(last: Price, clamp_bps: int) -> int:
    """What the last price stands for in the average, WAD.

    Its index, at most a step away from the average; the average where it is unfit.
    """
    if last.flags & UNFIT:
        return last.twap
    reach = last.twap * clamp_bps // BPS
    return cast(max(min(last.index, last.twap + reach), last.twap - reach), 88)


def deviates(a: int, b: int, bps: int) -> bool:
    """Whether `a` is more than `bps` of `b` away from `b`."""
    return abs(a - b) * BPS > b * bps


def _sane(limits: Limits, quote: Quote) -> Quote:
    """The quote, or silence where its price is outside the sane bounds."""
    price, spread = quote
    return (price, min(spread, _WIDEST)) if limits.min_price <= price <= limits.max_price else SILENCE
