from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vana.layers.aimd import Aimd


def windows(pace: Aimd, *, signals: int, of: int, times: int = 1, begin: float = 0.0) -> list[int]:
    """Give the limit after each of *times* windows of a second."""
    limits: list[int] = []
    for window in range(times):
        for number in range(of):
            pace.count(begin + window * 1.5 + 1.2 * (number + 1) / of + 0.2, signal=number < signals)
        limits.append(pace.limit)
    return limits


def test_it_shrinks_while_more_than_a_tenth_are_signals_and_not_below_a_tenth():
    assert windows(Aimd(100, 0.0), signals=2, of=10, times=8) == [70, 49, 34, 24, 16, 11, 10, 10]


def test_a_tenth_of_signals_is_borne():
    assert windows(Aimd(100, 0.0), signals=1, of=10, times=3) == [100, 100, 100]


def test_it_doubles_to_the_half_and_then_grows_by_a_tenth():
    pace = Aimd(100, 0.0)
    windows(pace, signals=10, of=10, times=8)
    assert windows(pace, signals=0, of=10, times=10, begin=100.0) == [20, 40, 50, 55, 60, 66, 73, 80, 88, 97]


def test_few_results_and_short_moments_are_no_ground_for_a_change():
    assert windows(Aimd(100, 0.0), signals=9, of=9) == [100]
    pace = Aimd(100, 0.0)
    for _ in range(1000):
        pace.count(0.9, signal=True)
    assert pace.limit == 100


@given(st.integers(1, 200), st.lists(st.tuples(st.floats(0, 2), st.booleans()), max_size=200))
def test_it_stays_between_a_tenth_and_the_whole_and_comes_back(most: int, results: list[tuple[float, bool]]):
    pace, now = Aimd(most, 0.0), 0.0
    for seconds, signal in results:
        now += seconds
        pace.count(now, signal=signal)
        assert max(1, most // 10) <= pace.limit <= most
    for _ in range(400):
        now += 0.2
        pace.count(now, signal=False)
    assert pace.limit == most
