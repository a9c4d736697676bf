"""Choices of hypothesis as a source for proposals."""

from hypothesis import strategies as st


class HypothesisDraws:
    """Implements `Draws` on a hypothesis data object, so that hypothesis shrinks what is drawn."""

    def __init__(self, data):
        self._draw = data.draw

    def integer(self, low, high):
        return self._draw(st.integers(low, high))

    def pick(self, options):
        return self._draw(st.sampled_from(list(options)))

    def chance(self, percent):
        return self._draw(st.integers(0, 99)) < percent
