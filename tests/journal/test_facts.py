from __future__ import annotations

import json
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.journal.events import ROOT, note, started
from vana.journal.facts import ITEM_CHARACTERS, decoded, encoded, encoded_item, settled
from vana.journal.sqlite import open_journal
from vana.kernel.event import Event

if TYPE_CHECKING:
    from pathlib import Path


class Colour(IntEnum):
    RED = 3


@dataclass
class Point:
    x: int
    y: object


class Hostile:
    def as_json(self) -> NoReturn:
        message = "no"
        raise LookupError(message)


def ring() -> list[object]:
    around: list[object] = []
    around.append(around)
    return around


def round_trip(value: object) -> object:
    values = settled({"value": value})
    assert values is not None
    return decoded(encoded(values["value"]))


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ((1, [2, {"a": (3,)}]), [1, [2, {"a": [3]}]]),
        (Colour.RED, 3),
        (Point(1, {2: {3}}), {"x": 1, "y": {"2": [3]}}),
        ({1: "int key", None: 2}, {"1": "int key", "None": 2}),
        (float("nan"), None),
        ([float("inf")], [None]),
        ("half a pair: \ud800", "half a pair: \ud800"),
        ({"\udc00": "\ud800"}, {"\udc00": "\ud800"}),
        (Hostile(), "[no JSON form: LookupError]"),
        ({"inner": [Hostile()]}, "[no JSON form: LookupError]"),
        (ring(), "[no JSON form: RecursionError]"),
        pytest.param(10**5000, "[no JSON form: ValueError]", id="huge"),
        (b"\x00\xff", "AP8="),
    ],
)
def test_any_value_is_written_and_read_back_as_json(value: object, read: object) -> None:
    assert round_trip(value) == read


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values)
def test_json_data_is_read_back_as_it_was(value: object) -> None:
    assert round_trip(value) == value


def test_settled_copies_at_every_depth() -> None:
    inner: list[object] = [1]
    values = settled({"a": {"b": inner}, "c": "text"})
    inner.append(2)
    assert values == {"a": {"b": [1]}, "c": "text"}


def test_nothing_settles_to_none() -> None:
    assert settled({}) is None


@pytest.mark.parametrize("value", ["x" * (ITEM_CHARACTERS + 5), ["y" * ITEM_CHARACTERS]])
def test_item_that_is_too_long_is_cut_and_says_so(value: object) -> None:
    kept = decoded(encoded_item(value))
    assert isinstance(kept, str)
    whole = len(value if isinstance(value, str) else json.dumps(value))
    assert kept.endswith(f" … [cut: {whole - ITEM_CHARACTERS} more characters were not kept]")
    assert decoded(encoded_item("x" * ITEM_CHARACTERS)) == "x" * ITEM_CHARACTERS


async def test_no_value_stops_the_journal(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    values = {"a": Hostile(), "\ud800": ring(), "n": float("nan"), "big": 10**5000}
    journal.emit(Event("started", "run-1", ROOT, None, "half \ud800", float("nan"), values, values))
    journal.emit(started("\udc00", "\ud800", content={"k\ud800": "\ud800"}))
    journal.emit(note(ROOT, "after"))
    tree = await journal.tree("run-1")
    assert journal.trouble() is None
    assert tree.root.name == "half \\ud800"
    assert [one.key for one in tree.root.content] == ["a", "\\ud800", "n", "big"]
    assert [one.name for one in tree.root.notes] == ["after"]
    assert await journal.forget(tree.root.children[0].content[0].id) == 1
    await journal.aclose()
