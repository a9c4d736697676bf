"""Twin of `oracle/PriceHistory.sol`: time-weighted accumulator ring."""

from bisect import bisect_right
from dataclasses import dataclass, field

from keel.model.errors import Refused
from keel.model.fixed import checked, div

SIZE = 256
# Updates closer than this share an observation, seconds.
SPACING = 8


@dataclass(frozen=True, slots=True)
class Observation:
    """Time integral of the sample, WAD * seconds, up to a time in seconds."""

    at: int
    cumulative: int


@dataclass(slots=True)
class PriceHistory:
    """The sample price is constant between updates, so an average over any window of the history is exact.

    Attributes:
        at: Last update, seconds; 0 = never.
        sample: Sample in force since then, WAD.
        cumulative: Time integral up to the last update, WAD * seconds.
        variance: Annualised variance, WAD.
        index: Last index, WAD.
        observations: At most `SIZE`, oldest first.
    """

    at: int = 0
    sample: int = 0
    cumulative: int = 0
    variance: int = 0
    index: int = 0
    observations: list[Observation] = field(default_factory=list)

    def push(self, sample: int, now: int) -> None:
        """Close the stretch since the last update and put `sample` (WAD) in force."""
        self.cumulative = self._cumulative_now(now)
        self.at, self.sample = now, sample
        if self.observations and now - self.observations[-1].at < SPACING:
            return
        self.observations.append(Observation(now, self.cumulative))
        del self.observations[:-SIZE]

    def average(self, window_seconds: int, now: int) -> int:
        """Average of the samples over the window (above 0) that ends now, WAD, floor.

        Raises:
            Refused: `HistoryTooShort`.
        """
        start, available = now - window_seconds, self.coverage(now)
        if available < window_seconds:
            raise Refused("HistoryTooShort", window_seconds, available)
        return div(self._cumulative_now(now) - self._cumulative_at(start, now), window_seconds)

    def coverage(self, now: int) -> int:
        """Seconds of history that end now."""
        return now - self.observations[0].at if self.observations else 0

    def _cumulative_now(self, now: int) -> int:
        return checked(self.cumulative + self.sample * (now - self.at), 128) if self.at else 0

    def _cumulative_at(self, time: int, now: int) -> int:
        """At the last observation at or before `time`, then along the line to the next one, floor."""
        place = bisect_right(self.observations, time, key=lambda seen: seen.at) - 1
        before = self.observations[place]
        if before.at == time:
            return before.cumulative
        after = Observation(now, self._cumulative_now(now))
        if place + 1 < len(self.observations):
            after = self.observations[place + 1]
        slope = after.cumulative - before.cumulative
        return before.cumulative + slope * (time - before.at) // (after.at - before.at)
