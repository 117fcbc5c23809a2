from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import PurePosixPath
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vana.kernel.call import Call
from vana.kernel.clock import Deadline
from vana.kernel.errors import UsageError
from vana.layers.key import canonical


class Colour(Enum):
    RED = "r"


class Shade(Enum):
    RED = "r"


@dataclass(frozen=True)
class One:
    x: int


@dataclass(frozen=True)
class Other:
    x: int


DIFFERENT: list[object] = [
    None, False, True, 0, 1, 1.0, "", "1", "None", b"", b"1", bytearray(b"1"), "31",
    [], [1], (), (1,), [[1]], [1, [2]], [[1], 2], ["list", 1], {}, {"a": 1}, {"a": "1"}, {1: "a"}, {"1": "a"},
    set[int](), {1}, frozenset({1, 2}), ["set", 1], ["map", ["a", 1]], [["a", 1]],
    Colour.RED, Shade.RED, One(1), Other(1), date(2026, 1, 2), datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02",
    Decimal(1), Decimal("1.0"), PurePosixPath("1"), UUID(int=1),
    Call("a"), Call("b"), Call("a", {"x": 1}), Call("a", tenant="t"), Call("a", session="s"),
]  # fmt: skip


def test_values_that_differ_have_different_keys():
    keys = [canonical(value) for value in DIFFERENT]
    assert len(set(keys)) == len(DIFFERENT)


def test_the_order_of_mappings_and_sets_plays_no_part():
    assert canonical({"a": 1, "b": [2]}) == canonical({"b": [2], "a": 1})
    assert canonical({3, 1, 2}) == canonical({2, 3, 1})


def test_a_call_is_the_same_whoever_makes_it_and_however_often():
    again = Call("a", {"x": 1}, Deadline.after(5.0), "span-9", attempt=3)
    assert canonical(again) == canonical(Call("a", {"x": 1}))


DATA: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(DATA, DATA)
def test_two_pieces_of_json_have_one_key_exactly_if_they_are_one(first: object, second: object):
    def text(value: object) -> str:
        return json.dumps(value, sort_keys=True)

    assert (canonical(first) == canonical(second)) == (text(first) == text(second))


def cyclic() -> object:
    endless: list[object] = []
    endless.append(endless)
    return endless


@pytest.mark.parametrize(
    "make",
    [
        object,
        lambda: print,
        lambda: [object()],
        lambda: {"deep": (1, {2: object()})},
        lambda: float("nan"),
        lambda: [float("inf")],
        cyclic,
    ],
)
def test_what_is_no_data_has_no_key(make: Callable[[], object]):
    with pytest.raises(UsageError) as caught:
        canonical(make())
    assert "key=" in (caught.value.hint or "")
