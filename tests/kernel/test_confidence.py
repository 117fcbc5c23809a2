from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vana.kernel.confidence import Confidence
from vana.kernel.errors import UsageError


@given(st.floats(0.0, 1.0))
def test_every_probability_is_a_confidence_and_stays_the_number_it_is(probability: float):
    assert Confidence(probability) == probability


@given(st.floats().filter(lambda number: math.isnan(number) or not 0 <= number <= 1))
def test_no_other_number_is_one(number: float):
    with pytest.raises(UsageError, match="from 0 to 1"):
        Confidence(number)


def test_it_is_a_float_of_its_own_kind():
    assert isinstance(Confidence(0.5), Confidence)
    assert Confidence(0.7) > Confidence(0.6)
