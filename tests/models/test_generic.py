from __future__ import annotations

import keyword
import math
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vana.kernel.plain import JSON
from vana.kernel.reading import Reading, Utterance
from vana.models.generic import read_generic
from vana.models.model import ToolOffer

PARAMETERS: Mapping[str, JSON] = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "days": {"type": "integer"},
        "places": {"type": "array"},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    },
    "required": ["city"],
}
FORECAST = ToolOffer("rain_forecast", "", PARAMETERS)


def read(text: str) -> Reading | None:
    return read_generic(FORECAST, Utterance(text))


def stated(text: str) -> Mapping[str, object]:
    reading = read(text)
    assert reading is not None
    assert reading.missing is None, reading.missing
    return reading.arguments


_NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True).filter(lambda name: name.isidentifier())
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(_NAMES.filter(lambda name: name not in keyword.kwlist), _VALUES, max_size=4))
def test_a_written_call_gives_the_very_values_that_were_written(arguments: dict[str, object]):
    arguments = {**arguments, "city": "Oslo"}
    written = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    reading = read(f"  rain_forecast({written})\n")
    assert reading is not None
    assert (reading.arguments, reading.missing, reading.weight) == (arguments, None, 3)
    assert reading.grounds == dict.fromkeys(arguments, "text")


@given(st.text())
def test_no_text_breaks_it(text: str):
    for request in (text, f"rain_forecast({text})", f"rain forecast city={text}", f"rain-forecast {text}=1"):
        reading = read(request)
        assert reading is None or reading.missing is None or reading.missing


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("rain forecast city=Oslo", {"city": "Oslo"}),
        ("RAIN-FORECAST: city=Oslo, days=2.", {"city": "Oslo", "days": 2}),
        ("rain_forecast city: Oslo days: 2", {"city": "Oslo", "days": 2}),
        ("rain_forecast city='New York' days=3", {"city": "New York", "days": 3}),
        ('rain_forecast city="a \\"b\\" c"', {"city": 'a "b" c'}),
        ("rain_forecast city=2024", {"city": "2024"}),
        ("rain_forecast city=true note=5", {"city": "true", "note": "5"}),
        (
            'rain_forecast city=Oslo places=["a", "b"] days=1',
            {"city": "Oslo", "places": ["a", "b"], "days": 1},
        ),
        ("rain_forecast city=Oslo days=007", {"city": "Oslo", "days": "007"}),
        ("rain_forecast city=Oslo days=NaN", {"city": "Oslo", "days": "NaN"}),
    ],
)
def test_pairs_are_read_as_they_are_stated(text: str, arguments: dict[str, object]):
    assert stated(text) == arguments


def test_an_unknown_name_is_passed_on_to_be_refused():
    assert stated("rain_forecast city=Oslo dyas=2") == {"city": "Oslo", "dyas": 2}
    assert stated("rain_forecast tomorrow: city=Oslo") == {"city": "Oslo"}


def test_what_is_required_and_not_said_is_named():
    reading = read("rain_forecast days=2")
    assert reading is not None
    assert reading.missing == "rain_forecast needs city: say city=…"
    assert reading.arguments == {"days": 2}


@pytest.mark.parametrize(
    "text", ["how much rain will there be", "rain", "forecasts", "brain_forecast city=Oslo", "city=Oslo"]
)
def test_a_request_that_does_not_name_the_tool_is_not_for_it(text: str):
    assert read(text) is None


@pytest.mark.parametrize("text", ["rain_forecast", "the rain forecast was wrong"])
def test_a_name_alone_is_no_call(text: str):
    reading = read(text)
    assert reading is not None
    assert reading.missing is not None


@pytest.mark.parametrize(
    "text",
    [
        'rain_forecast("Oslo")',
        'rain_forecast(**{"city": "Oslo"})',
        "rain_forecast(city=open('x'))",
        "rain_forecast(city={[]: 1})",
        'rain_forecast(city="a", city="b")',
    ],
)
def test_a_call_that_is_not_literal_and_by_name_is_not_guessed_at(text: str):
    reading = read(text)
    assert reading is not None
    assert reading.missing is not None or reading.weight < 3


def test_no_number_comes_out_that_json_does_not_have():
    value = stated("rain_forecast city=Oslo days=Infinity")["days"]
    assert not isinstance(value, float) or math.isfinite(value)


def test_deep_brackets_are_text():
    assert str(stated("rain_forecast city=Oslo places=" + "[" * 100_000)["places"]).startswith("[[")
