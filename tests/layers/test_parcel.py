from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vana.kernel.errors import UsageError
from vana.layers.parcel import is_immutable, packed, size_of


@dataclass
class Basket:
    items: list[str] = field(default_factory=list[str])


class Unpicklable:
    def __init__(self) -> None:
        self.call = lambda: 1
        self.items = [1]


@pytest.mark.parametrize("value", [None, True, 1, 1.5, "x", b"x", (1, "x"), frozenset({1})], ids=repr)
def test_what_cannot_be_changed_passes_through(value: object):
    assert packed(value, "t").opened() is value


@pytest.mark.parametrize("value", [[1], {"a": [1]}, ([1],), {1}, bytearray(b"x"), Basket(["a"])], ids=repr)
def test_all_else_comes_out_equal_and_anew_each_time(value: object):
    parcel = packed(value, "t")
    first, second = parcel.opened(), parcel.opened()
    assert first == second == value
    assert type(first) is type(value)
    assert first is not second
    assert first is not value
    assert not is_immutable(value)


def test_what_is_changed_after_it_was_packed_stays_as_it_was():
    value = Basket(["a"])
    parcel = packed(value, "t")
    value.items.append("b")
    assert parcel.opened() == Basket(["a"])


def test_what_contains_itself_or_one_part_twice_still_does():
    value: list[object] = [[1]]
    value.extend([value[0], value])
    again = packed(value, "t").opened()
    assert isinstance(again, list)
    assert again[0] is again[1]
    assert again[2] is again


def test_what_pickle_does_not_know_is_copied_all_the_same():
    value = Unpicklable()
    again = packed(value, "t").opened()
    assert isinstance(again, Unpicklable)
    assert again is not value
    assert again.items is not value.items


def test_what_nobody_can_copy_is_refused_unless_nobody_changes_it():
    lock = threading.Lock()
    with pytest.raises(UsageError, match="the result of t cannot be cached"):
        packed(lock, "t")
    assert packed(lock, "t", frozen=True).opened() is lock


def test_frozen_values_are_not_copied():
    value = [1]
    assert packed(value, "t", frozen=True).opened() is value


@given(st.text() | st.binary() | st.integers() | st.floats())
def test_the_size_of_a_scalar_is_exact(value: object):
    assert size_of(value) == sys.getsizeof(value)


def test_the_size_of_a_container_counts_its_parts_those_not_looked_at_too():
    assert size_of(["x" * 1000] * 5) >= 5 * 1000
    large = [f"{'x' * 1000}{number}" for number in range(10_000)]
    true = sum(map(sys.getsizeof, large)) + sys.getsizeof(large)
    assert 0.8 * true < size_of(large) < 1.2 * true
    assert size_of(Basket(["x" * 1000])) > 1000
    assert size_of({"k" * 1000: "v" * 1000}) > 2000
