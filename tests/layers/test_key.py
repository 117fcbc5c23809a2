from __future__ import annotations

import json
import pickle
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, IntFlag
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import cast
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


class Rights(IntFlag):
    READ = 1


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
    frozenset({1}), Colour.RED, Shade.RED, Rights.READ, Rights(8), Rights(16), Rights(9), Rights(0),
    One(1), Other(1), date(2026, 1, 2), datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02",
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


ATOMS: st.SearchStrategy[object] = st.sampled_from(
    [None, False, True, 0, 1, 0.0, -0.0, 1.0, 1e300, 10**30, "", "0", "1", "1.0", "null", "true", '"', "\\",
     "map", "list", "tuple", "[1]", '","', ",", "\ud800", "\x00", "é", b"", b"0", Colour.RED, One(1),
     Other(1)]
)  # fmt: skip
HASHABLE = ATOMS | st.lists(ATOMS, max_size=2).map(tuple)
ARGUMENTS: st.SearchStrategy[object] = st.recursive(
    HASHABLE | st.frozensets(HASHABLE, max_size=2) | st.sets(HASHABLE, max_size=2),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.lists(inner, max_size=2).map(tuple)
        | st.dictionaries(HASHABLE, inner, max_size=2)
    ),
    max_leaves=4,
)


def typed(value: object) -> object:
    """Give something that is equal exactly where value and all types are: what a key has to tell apart."""
    kind = type(value)
    if isinstance(value, (list, tuple)):
        return kind, tuple(map(typed, cast("Iterable[object]", value)))
    if isinstance(value, (set, frozenset)):
        return kind, frozenset(map(typed, cast("Iterable[object]", value)))
    if isinstance(value, dict):
        items = cast("dict[object, object]", value).items()
        return kind, frozenset((typed(key), typed(item)) for key, item in items)
    return kind, repr(value) if isinstance(value, float) else value  # repr: 0.0 and -0.0 are two arguments


@given(st.lists(ARGUMENTS, max_size=30))
def test_keys_are_equal_exactly_where_values_and_all_their_types_are(values: list[object]):
    pairs = {(canonical(value), typed(value)) for value in values}
    assert len({key for key, _ in pairs}) == len(pairs) == len({value for _, value in pairs})


@given(ARGUMENTS)
def test_a_key_is_json_text_that_a_copy_of_the_value_has_too(value: object):
    key = canonical(value)
    json.loads(key)
    assert canonical(pickle.loads(pickle.dumps(value))) == key  # noqa: S301 - it was written in this line


def test_the_type_of_a_mapping_plays_no_part():
    assert canonical(MappingProxyType({"a": 1})) == canonical({"a": 1}) == canonical(OrderedDict([("a", 1)]))


class Text(str):
    __slots__ = ()


class Number(float):
    __slots__ = ()


def test_a_type_made_from_a_plain_one_is_another_with_the_same_rules():
    assert canonical(Text("a")) == canonical(Text("a"))
    assert len({canonical(Text("a")), canonical("a"), canonical(Number(1.0)), canonical(1.0)}) == 4
    with pytest.raises(UsageError):
        canonical(Number("nan"))


def test_data_may_be_nested_deeply():
    nested: object = 1
    for level in range(700):
        nested = [nested] if level % 2 else {"a": nested}
    assert canonical(nested).count("[") > 700


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
        lambda: {1.5: (float("-inf"),)},
        cyclic,
    ],
)
def test_what_is_no_data_has_no_key(make: Callable[[], object]):
    with pytest.raises(UsageError) as caught:
        canonical(make())
    assert "key=" in (caught.value.hint or "")
