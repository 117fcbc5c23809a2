from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st

from vana.layers.window import Window


@given(
    st.floats(0, 1e6),
    st.lists(
        st.tuples(st.sampled_from([0.0, 0.4, 1.0, 2.9, 3.0, 27.0, 95.0]), st.booleans(), st.booleans()),
        max_size=60,
    ),
)
def test_it_counts_what_came_in_this_bucket_and_the_nine_before(
    begin: float, calls: list[tuple[float, bool, bool]]
):
    now, seen = begin, list[tuple[int, bool, bool]]()
    window = Window(30.0, now)
    for seconds, failing, slow in calls:
        now += seconds
        if now >= window.edge:
            window.roll(now)
        window.calls += 1
        window.failures += failing
        window.slow += slow
        seen.append((window.bucket, failing, slow))
        assert window.bucket == int(now // 3.0)
        kept = [call for call in seen if call[0] > window.bucket - 10]
        assert window.calls == len(kept)
        assert window.failures == sum(call[1] for call in kept)
        assert window.slow == sum(call[2] for call in kept)


@given(st.sampled_from([0.33, 0.7, 1.0, 5.3]), st.integers(1, 200_000))
def test_at_the_very_edge_of_a_bucket_no_call_is_lost_or_counted_twice(seconds: float, edge: int):
    """The product of number and width, rounded, may lie in the bucket before: nothing has passed then."""
    window = Window(seconds, (edge - 0.5) * (seconds / 10))
    window.calls += 3
    for _ in range(3):
        window.roll(window.edge)
    assert window.calls == 3
    window.roll(window.edge + 2 * seconds)
    assert window.calls == 0


def test_a_window_of_only_good_calls_takes_a_tenth_of_a_kilobyte():
    window = Window(30.0, 0.0)
    for number in range(1, 40):
        window.calls += 1000
        window.roll(3.0 * number)
    kept = [getattr(window, name) for name in Window.__slots__]
    assert window.calls == 9000
    assert sum(map(sys.getsizeof, [kept[0], window.calls])) + sys.getsizeof(window) <= 200
    assert kept[1] == 0


def test_a_failure_that_comes_later_leaves_with_the_call_it_belongs_to():
    window = Window(30.0, 0.0)
    window.calls += 1
    bucket = window.bucket
    window.roll(27.0)
    window.fail(bucket)
    assert (window.calls, window.failures) == (1, 1)
    window.roll(30.0)
    assert (window.calls, window.failures) == (0, 0)
    window.fail(bucket)
    assert window.failures == 0
