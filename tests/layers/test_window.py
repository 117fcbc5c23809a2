from __future__ import annotations

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
