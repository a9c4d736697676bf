"""Twin of `oracle/PriceHistory.sol`: time-weighted accumulator ring.

The caller keeps the time of the last update (`since`, seconds) and the sample in force since then (WAD).
"""

from bisect import bisect_right
from dataclasses import dataclass, field

from keel.model.fixed import cast

KEPT = 255
# Updates closer than this share a stretch, seconds.
SPACING = 8

_LONGEST = 2**16 - 1


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time that ends where the next one begins.

    Attributes:
        end: Where it ends, seconds.
        length: How long it is, seconds; 65,535 = that or longer.
        average: Average of its samples, WAD, floor.
        cumulative: Time integral of all samples up to its end, WAD * seconds.
    """

    end: int
    length: int
    average: int
    cumulative: int


@dataclass(slots=True)
class PriceHistory:
    """The sample is constant between updates, so an average over any window of the history is exact.

    Attributes:
        cumulative: Time integral up to the last update, WAD * seconds.
        variance: Annualised variance of the index, WAD.
        stretches: At most `KEPT`, oldest first.
    """

    cumulative: int = 0
    variance: int = 0
    stretches: list[Stretch] = field(default_factory=list)

    def push(self, since: int, sample: int, now: int) -> None:
        """Close the stretch that began at the last update."""
        elapsed = now - since
        self.cumulative = cast(self.cumulative + sample * elapsed, 120)
        average = sample
        if self.stretches and self.stretches[-1].length < SPACING:
            newest = self.stretches.pop()
            average = (newest.average * newest.length + sample * elapsed) // (newest.length + elapsed)
            elapsed += newest.length
        self.stretches.append(Stretch(now, min(elapsed, _LONGEST), average, self.cumulative))
        del self.stretches[:-KEPT]

    def average(self, since: int, sample: int, window_seconds: int, now: int) -> int:
        """Average of the samples over the window that ends now and lies inside the history, WAD, floor."""
        start = now - window_seconds
        if start >= since:
            return sample
        total = self.cumulative + sample * (now - since)
        return (total - self._cumulative_at(start)) // window_seconds

    def reach(self, since: int, enough: int, now: int) -> int:
        """How far back the history reaches, seconds, at most `enough`; `since` 0 = there was no update."""
        if since == 0:
            return 0
        age = now - since
        if age < enough and self.stretches:
            # Every stretch but the newest is at least so long, also one whose length is not known.
            if (len(self.stretches) - 1) * SPACING >= enough:
                return enough
            oldest = self.stretches[0]
            age = now - oldest.end + oldest.length
        return min(age, enough)

    def _cumulative_at(self, time: int) -> int:
        """Integral up to a time before the last update."""
        around = self.stretches[bisect_right(self.stretches, time, key=lambda stretch: stretch.end)]
        return around.cumulative - around.average * (around.end - time)
