from __future__ import annotations

from collections.abc import Mapping

import pytest

from vana.agents.router import MEMORY, Router, is_question
from vana.agents.specialist import SPECIALISTS, Specialist
from vana.kernel.answer import Route
from vana.kernel.reading import Reading, Utterance
from vana.tools.tool import Context


def reading(name: str, known: Mapping[str, Reading], *, examples: tuple[str, ...] = ()) -> Specialist[object]:
    """Give a specialist with one tool `work`, whose reader knows the requests of *known*."""
    specialist = Specialist[object](name, does=name, examples=examples)

    @specialist.tool(reader=lambda said: known.get(said.text))
    async def work(ctx: Context[object]) -> None: ...

    assert work
    return specialist


def router(*specialists: Specialist[object]) -> Router:
    return Router({one.name: one for one in specialists})


def route(text: str, *specialists: Specialist[object]) -> Route:
    return router(*specialists).route(Utterance(text))


COMPLETE = Reading({"code": "1"}, {"code": "text"})
LACKING = Reading(missing="there is no code")


def test_a_request_that_a_tool_reads_whole_goes_to_that_tool():
    found = route("go", reading("one", {}), reading("two", {"go": COMPLETE}))
    assert found == Route("action", "two", "work", None, "it states a call of work: code from the text")


def test_of_two_readings_the_heavier_is_meant():
    heavy = reading("heavy", {"go": Reading(weight=2)})
    light = reading("light", {"go": Reading(weight=1)})
    assert route("go", light, heavy).specialist == route("go", heavy, light).specialist == "heavy"


def test_a_command_of_memory_is_of_its_own_kind():
    assert route("go", reading(MEMORY, {"go": COMPLETE})).kind == "memory"


def test_a_complete_reading_goes_before_a_likeness():
    like = reading("like", {}, examples=("run the backup script",))
    assert (
        route("run the backup script", like, reading("read", {"run the backup script": COMPLETE})).specialist
        == "read"
    )


def test_a_request_like_an_example_goes_to_its_specialist_without_a_tool():
    weather = reading("weather", {}, examples=("forecast rain in Oslo", "warn of storms"))
    found = route("forecast rain for Bergen", weather, reading("code", {}, examples=("execute a script",)))
    assert (found.kind, found.specialist, found.tool, found.confidence) == ("action", "weather", None, None)
    assert found.reason == "like the example 'forecast rain in Oslo'"


def test_a_question_goes_to_memory_unless_it_is_very_like_an_example():
    weather = reading("weather", {}, examples=("will it rain in Oslo tomorrow?",))
    assert route("who lives in Oslo?", weather).kind == "question"
    assert route("will it rain in Oslo tomorrow?", weather).specialist == "weather"


def test_what_a_specialists_own_reader_finds_lacking_is_said_even_of_a_question():
    found = route("why does it fail?", reading("code", {"why does it fail?": LACKING}))
    assert (found.kind, found.specialist, found.tool, found.reason) == (
        "action",
        "code",
        "work",
        "there is no code",
    )


def test_a_tool_without_a_reader_is_found_by_its_written_call():
    weather = Specialist[object]("weather", does="forecasts")

    @weather.plain_tool
    async def rain_forecast(city: str) -> str:
        return city

    assert rain_forecast
    assert route("rain_forecast(city='Oslo')", weather).tool == "rain_forecast"
    assert route("was the rain forecast right?", weather).kind == "question"
    assert route("the rain forecast again", weather).reason.startswith(
        "rain_forecast is named and not called"
    )


def test_what_nobody_reads_and_asks_nothing_is_left_alone():
    assert route("lorem ipsum", reading("one", {}, examples=("run this",))).kind == "abstain"
    assert route("lorem ipsum").kind == "abstain"


def test_a_specialist_that_comes_can_be_reached_and_one_that_goes_is_forgotten():
    specialists = {"one": reading("one", {}, examples=("fly to the moon",))}
    assert Router(specialists).route(Utterance("fly to the moon")).specialist == "one"
    specialists["two"] = reading("two", {"fly to the moon": COMPLETE})
    assert Router(specialists).route(Utterance("fly to the moon")).specialist == "two"
    del specialists["one"], specialists["two"]
    assert Router(specialists).route(Utterance("fly to the moon")).kind == "abstain"


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("is it raining", True),
        ("What now", True),
        ("tell me?  ", True),
        ("本当\uff1f", True),
        ("whatever", False),
        ("island life", False),
        ("do it", True),
        ("", False),
    ],
)
def test_a_question_ends_or_begins_like_one(text: str, *, claim: bool):
    assert is_question(text) is claim


@pytest.mark.parametrize(
    ("text", "kind", "specialist", "tool"),
    [
        ("Execute this Python code: print(6*7)", "action", "code_execution", "execute_code"),
        ("run the tests\n```python\ndef test_a(): assert 1\n```", "action", "code_execution", "run_tests"),
        ("why does this fail?\n```python\n1/0\n```", "action", "code_execution", "debug_code"),
        ("which languages can you run?", "action", "code_execution", "list_languages"),
        ("what's wrong with this code?", "action", "code_execution", None),
        ("remember that x = 5", "memory", "memory", "remember"),
        ("what do you know about Oslo?", "memory", "memory", "recall"),
        ("who is the king of Norway?", "question", None, None),
        ("hello", "abstain", None, None),
    ],
)
def test_the_installed_specialists_are_reached(
    text: str, kind: str, specialist: str | None, tool: str | None
):
    installed: dict[str, Specialist[object]] = {
        name: SPECIALISTS.load(name)  # pyright: ignore[reportAssignmentType] - a route needs no dependencies
        for name in SPECIALISTS.names()
    }
    found = Router(installed).route(Utterance(text))
    assert (found.kind, found.specialist) == (kind, specialist)
    assert tool is None or found.tool == tool
