from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vana.layers.pacing import LONGEST_PAUSE, retry_after

NOW = 1_750_000_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "2"}, 2.0),
        ({"retry-after": " 0.5 "}, 0.5),
        ({"Retry-After-Ms": "1500"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"Retry-After": formatdate(NOW + 30, usegmt=True)}, 30.0),
        ({"Retry-After": formatdate(NOW - 30, usegmt=True)}, 0.0),
        ({"Retry-After": "-5"}, 0.0),
        ({"Retry-After": "4294967"}, LONGEST_PAUSE),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}, LONGEST_PAUSE),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "tomorrow"}, None),
        ({"Retry-After": ""}, None),
        ({}, None),
    ],
)
def test_what_the_other_side_asks_for_is_read(headers: dict[str, str], seconds: float | None):
    assert retry_after(headers, NOW) == seconds


def test_a_date_counts_from_the_date_of_the_answer_whatever_our_clock_says():
    theirs = NOW + 7200
    headers = {"Date": formatdate(theirs, usegmt=True), "Retry-After": formatdate(theirs + 10, usegmt=True)}
    assert retry_after(headers, NOW) == 10.0


@given(st.dictionaries(st.sampled_from(["retry-after", "Retry-After-MS", "date"]), st.text()))
def test_no_header_breaks_it_and_every_pause_is_bounded(headers: dict[str, str]):
    pause = retry_after(headers, NOW)
    assert pause is None or 0 <= pause <= LONGEST_PAUSE
