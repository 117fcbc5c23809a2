from __future__ import annotations

import base64
import json
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import PurePosixPath

import pydantic
from hypothesis import given
from hypothesis import strategies as st

from vana.kernel.answer import Answer
from vana.kernel.plain import JSON, plain, readable

SCALARS: st.SearchStrategy[object] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.dates()
    | st.datetimes()
)
ANYTHING: st.SearchStrategy[object] = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(), inner)
        | st.frozensets(SCALARS)
        | st.builds(Exception, inner)
    ),
)


@given(ANYTHING)
def test_whatever_goes_in_strict_json_comes_out(value: object):
    json.dumps(plain(value), allow_nan=False)


JSON_VALUES: st.SearchStrategy[JSON] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON_VALUES)
def test_what_is_json_already_stays_as_it_is(value: JSON):
    assert plain(value) == value


@given(st.binary())
def test_bytes_of_every_kind_are_base64(raw: bytes):
    text = base64.b64encode(raw).decode()
    assert [plain(raw), plain(bytearray(raw)), plain(memoryview(raw))] == [text] * 3


class Colour(Enum):
    RED = "red"


@dataclass
class Point:
    x: float
    tags: tuple[str, ...] = ()


class Wire(pydantic.BaseModel):
    when: date


class Own:
    def as_json(self) -> dict[str, JSON]:
        return {"own": True}


def test_each_kind_of_value_has_its_form():
    cases: list[tuple[object, JSON]] = [
        (math.nan, None),
        (math.inf, None),
        (Colour.RED, "red"),
        (Point(1.5, ("a",)), {"x": 1.5, "tags": ["a"]}),
        (Wire(when=date(2026, 1, 2)), {"when": "2026-01-02"}),
        (Own(), {"own": True}),
        (datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "2026-01-02T03:04:00+00:00"),
        (PurePosixPath("/a/b"), "/a/b"),
        ({1: "a"}, {"1": "a"}),
        ((1, 2), [1, 2]),
    ]
    assert [plain(value) for value, _ in cases] == [expected for _, expected in cases]


def test_what_has_no_form_is_its_repr_types_included():
    assert plain(len) == "<built-in function len>"
    for kind in (Point, Wire, Own, Answer, Colour):
        json.dumps(plain(kind))


def test_what_contains_itself_or_is_endlessly_deep_has_a_form_all_the_same():
    endless: dict[str, object] = {}
    endless["self"] = [endless]
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    for value in (endless, deep):
        assert len(json.dumps(plain(value))) < 2000


class Told:
    def as_text(self) -> str:
        return "told"


def test_text_reads_as_it_is_and_all_else_as_its_own_text_or_json():
    assert [readable("a"), readable(Told()), readable({"ä": 1})] == ["a", "told", '{"ä": 1}']
