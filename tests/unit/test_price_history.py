"""The price history against a list of samples, one for each second: no ring and no merging changes it."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from keel.model.price_history import KEPT, SPACING, PriceHistory
from keel.units import WAD

START = 1_000
samples = st.integers(1, 10**6).map(lambda price: price * WAD)


def history_of(steps: list[tuple[int, int]]) -> tuple[PriceHistory, int, list[int]]:
    """The history of stretches of so many seconds with a sample; its end; the sample of each second."""
    history, now, seconds = PriceHistory(), START, []
    for length, sample in steps:
        history.push(now, sample, now + length)
        now += length
        seconds += [sample] * length
    return history, now, seconds


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(SPACING, 60), samples), min_size=1, max_size=40),
    st.integers(0, 100),
    samples,
    st.data(),
)
def test_wide_updates_give_the_exact_average(
    steps: list[tuple[int, int]], since: int, sample: int, data: st.DataObject
) -> None:
    history, last, seconds = history_of(steps)
    seconds += [sample] * since
    window = data.draw(st.integers(1, len(seconds)))
    assert history.reach(last, window, last + since) == window
    expected = sum(seconds[-window:]) // window
    assert history.average(last, sample, window, last + since) == expected


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 12), samples), min_size=1, max_size=60), samples, st.data())
@example([(1, WAD)] * 20, 10**6 * WAD, None)
def test_merged_updates_stay_between_the_samples(
    steps: list[tuple[int, int]], sample: int, data: st.DataObject | None
) -> None:
    """Beyond the time that one merged stretch may add, an average knows nothing of other samples."""
    history, last, seconds = history_of(steps)
    window = data.draw(st.integers(1, len(seconds))) if data else len(seconds)
    found = history.average(last, sample, window, last)
    near = seconds[-window - SPACING - 12 :]
    assert min(near) - 1 <= found <= max(near) + 1
    whole = history.average(last, sample, len(seconds), last)
    # Each merging drops less than a wei of the average of its stretch.
    assert abs(whole - sum(seconds) // len(seconds)) <= len(steps)


@given(st.lists(st.integers(1, 20), min_size=1, max_size=300))
def test_stretches_are_as_long_as_the_spacing_but_the_newest(lengths: list[int]) -> None:
    history, _, _ = history_of([(length, WAD) for length in lengths])
    assert all(stretch.length >= SPACING for stretch in history.stretches[:-1])
    assert (
        sum(stretch.length for stretch in history.stretches) == sum(lengths) or len(history.stretches) == KEPT
    )


def test_the_ring_covers_half_an_hour_at_any_pace() -> None:
    for pace in (1, 3, 7, 8, 12, 600):
        history, last, _ = history_of([(pace, WAD)] * 3_000)
        assert history.reach(last, 1_800, last) == 1_800
        assert len(history.stretches) == KEPT


def test_a_stretch_beyond_sixteen_bits() -> None:
    """Its length is not known any more; the average over a window inside it still is."""
    history, last, _ = history_of([(12, WAD), (100_000, 3 * WAD), (12, 5 * WAD)])
    assert history.stretches[1].length == 2**16 - 1
    assert history.reach(last, 86_400, last) == 86_400
    assert history.average(last, 5 * WAD, 86_400, last) == (12 * 5 + 86_388 * 3) * WAD // 86_400


def test_there_is_no_reach_before_the_first_update() -> None:
    assert PriceHistory().reach(0, 300, START) == 0
    assert PriceHistory().reach(START, 300, START + 10) == 10
