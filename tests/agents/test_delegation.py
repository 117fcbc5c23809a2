from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.agents.crew import Heard, open_run, team
from vana.agents.delegation import REQUEST, failed
from vana.agents.specialist import Specialist
from vana.kernel.answer import Answer, Route, Source
from vana.kernel.call import Call
from vana.kernel.errors import ArgumentsInvalid, ModelFailed, ToolFailed, UnknownName
from vana.models.model import Context as Data
from vana.models.model import File, Message, ModelRequest, ModelResponse, Text, ToolCall
from vana.testing import ScriptedModel
from vana.tools.tool import Context


@pytest.fixture
def weather() -> Specialist[None]:
    specialist = Specialist[None]("weather", does="forecasts", instructions="Answer in Celsius.")

    @specialist.tool(cache=60, idempotent=True)
    async def forecast(ctx: Context[None], city: str) -> str:
        ctx.cite(Source("web", city))
        ctx.degrade("radar", "off", "satellite")
        return f"sun in {city}"

    @specialist.plain_tool
    async def storm() -> str:
        message = "no radar"
        raise ToolFailed(message)

    assert [forecast, storm]
    return specialist


def user(text: str, *parts: File | Data) -> Message:
    return Message("user", (Text(text), *parts))


def returning(call: ToolCall) -> ModelResponse:
    return ModelResponse((), "returns", returns=call.id)


async def test_a_delegate_answers_with_its_own_books(weather: Specialist[None]):
    call = ToolCall("c", "forecast", {"city": "Oslo"})
    crew = team([weather], ScriptedModel([call, returning(call)]))
    with open_run() as books:
        answer = await crew.delegate(crew.member("weather"), user("weather in Oslo?"))
    assert (answer.status, answer.value) == ("answered", "sun in Oslo")
    assert (answer.usage.model_calls, answer.usage.tool_calls) == (2, 1)
    assert answer.usage.input_tokens == 1
    assert [source.ref for source in answer.sources] == ["Oslo"]
    assert [fact.what for fact in answer.degraded] == ["radar"]
    assert (books.model_calls, books.tool_calls, len(books.sources)) == (2, 1, 1)


async def test_a_delegate_sees_its_request_and_files_and_nothing_else(weather: Specialist[None]):
    model = ScriptedModel(["sunny"])
    crew = team([weather], model)
    around = [File("a.csv", b"1"), Data("piped", "standard input")]
    hand = crew.as_tool(crew.member("weather"), around, None)
    with open_run():
        await hand.service({"request": "weather in Oslo?"})
    (request,) = model.requests
    system, asked = request.messages
    assert system.text == "Answer in Celsius."
    assert asked.parts == (Text("weather in Oslo?"), *around)
    assert [offer.name for offer in request.tools] == ["forecast", "storm"]


async def test_the_route_goes_along_to_the_specialist_it_names_and_to_no_other(weather: Specialist[None]):
    crew = team([weather])
    route = Route("action", "weather", "forecast")
    with open_run():
        answer = await crew.as_tool(crew.member("weather"), [], route).service(
            {"request": "forecast city=Oslo"}
        )
        other = await crew.as_tool(crew.member("weather"), [], Route("action", "other", "storm")).service(
            {"request": "forecast city=Oslo"}
        )
    assert isinstance(answer, Answer)
    assert isinstance(other, Answer)
    assert answer.status == other.status == "answered"


@pytest.mark.parametrize(
    "arguments", [{}, {"request": ""}, {"request": "  "}, {"request": 5}, {"request": "x", "city": "Oslo"}]
)
async def test_a_delegate_is_called_with_a_request_in_words(
    weather: Specialist[None], arguments: dict[str, object]
):
    crew = team([weather])
    with open_run(), pytest.raises(ArgumentsInvalid, match="weather takes one argument"):
        await crew.as_tool(crew.member("weather"), [], None).service(arguments)
    assert REQUEST["required"] == ["request"]


async def test_a_failed_delegate_is_an_answer_and_what_it_used_is_counted(weather: Specialist[None]):
    crew = team([weather], ScriptedModel([ToolCall("c", "storm", {}), RuntimeError("a bug in the model")]))
    with open_run() as books:
        answer = await crew.delegate(crew.member("weather"), user("storms?"))
    assert answer.error is not None
    assert answer.status == "failed"
    assert "a bug in the model" in answer.error.message
    assert (answer.usage.model_calls, answer.usage.tool_calls) == (2, 1)
    assert (books.model_calls, books.tool_calls, books.input_tokens) == (2, 1, 1)


async def test_when_a_model_is_lost_half_way_the_last_result_is_handed_back_and_marked(
    weather: Specialist[None],
):
    script = [ToolCall("c", "forecast", {"city": "Oslo"}), ModelFailed("the provider is gone")]
    crew = team([weather], ScriptedModel(script))
    with open_run() as books:
        answer = await crew.delegate(crew.member("weather"), user("how warm?"))
    assert answer.status == "answered"
    (lost,) = [fact for fact in books.degraded if fact.what == "model:scripted"]
    assert "the provider is gone" in lost.why


async def test_usage_of_a_nested_delegate_is_counted_all_the_way_up(weather: Specialist[None]):
    inner = ToolCall("i", "forecast", {"city": "Oslo"})

    def is_inner(request: ModelRequest) -> bool:
        return request.messages[0].text == "Answer in Celsius."

    script: list[Callable[[ModelRequest], ToolCall | ModelResponse]] = [
        lambda request: ToolCall("o", "ask_weather", {"city": "Oslo"}),
        lambda request: inner if is_inner(request) else ModelResponse(()),
        lambda request: returning(inner) if is_inner(request) else ModelResponse(()),
        lambda request: ModelResponse((), "returns", returns="o"),
    ]
    model = ScriptedModel(script)
    planner = Specialist[None]("planner", does="plans trips")
    crew = team([weather, planner], model)

    @planner.plain_tool
    async def ask_weather(city: str) -> str:
        answer = await crew.delegate(crew.member("weather"), user(f"weather in {city}?"))
        return answer.text

    with open_run() as books:
        answer = await crew.delegate(crew.member("planner"), user("plan a trip"))
    assert ask_weather.name == "ask_weather"
    assert (answer.status, answer.text) == ("answered", "sun in Oslo")
    assert (answer.usage.model_calls, answer.usage.tool_calls) == (4, 2)
    assert (books.model_calls, books.tool_calls) == (4, 2)
    assert [source.ref for source in answer.sources] == ["Oslo"]


async def test_every_part_of_a_delegation_is_a_span_of_its_own(weather: Specialist[None]):
    heard = Heard()
    call = ToolCall("c", "forecast", {"city": "Oslo"})
    crew = team([weather], ScriptedModel([call, returning(call)]), heard=heard)
    with open_run():
        await crew.delegate(crew.member("weather"), user("?"))
    assert heard.ended() == [
        ("model:scripted", "ok"),
        ("weather.forecast", "ok"),
        ("model:scripted", "ok"),
        ("weather", "ok"),
    ]
    parents = {event.span_id: event.parent_id for event in heard.events}
    (delegation,) = {event.span_id for event in heard.events if event.name == "weather"}
    assert parents.pop(delegation) == "root"
    assert set(parents.values()) == {delegation}


async def test_a_cached_result_brings_its_sources_along(weather: Specialist[None]):
    crew = team([weather])
    member = crew.member("weather")
    sources: list[list[str]] = []
    for _ in range(2):
        with open_run() as books:
            await crew.call_tool(member, member.specialist.find("forecast"), {"city": "Oslo"})
        sources.append([source.ref for source in books.sources])
    assert sources == [["Oslo"], ["Oslo"]]


async def test_an_agent_that_turns_in_circles_is_stopped_where_the_team_says(weather: Specialist[None]):
    crew = team([weather], ScriptedModel([ToolCall("c", "storm", {})] * 9), max_turns=2)
    with open_run():
        answer = await crew.delegate(crew.member("weather"), user("?"))
    assert answer.error is not None
    assert (answer.error.code, answer.usage.model_calls) == ("too_many_turns", 2)


async def test_without_a_language_model_the_deterministic_one_thinks(weather: Specialist[None]):
    crew = team([weather])
    with open_run():
        answer = await crew.delegate(crew.member("weather"), user("forecast city=Oslo"))
    assert (answer.status, answer.value) == ("answered", "sun in Oslo")
    assert answer.understood_as is not None
    assert answer.understood_as.arguments == {"city": "Oslo"}


async def test_names_lead_to_specialists_and_tools(weather: Specialist[None]):
    crew = team([weather])
    with open_run():
        said = await crew.resolve("weather")(Call("weather", {"request": "forecast city=Oslo"}))
        called = await crew.resolve("weather.forecast")(Call("weather.forecast", {"city": "Rome"}))
        with pytest.raises(ArgumentsInvalid):
            await crew.resolve("weather")(Call("weather", {}))
    assert (said.value, called.value) == ("sun in Oslo", "sun in Rome")
    for target in ("wether", "weather.forcast"):
        with pytest.raises(UnknownName):
            crew.resolve(target)


def test_an_error_as_an_answer_keeps_what_came_out():
    answer = failed(ToolFailed("no", hint="wait", value=3))
    assert (answer.status, answer.value, answer.text) == ("failed", 3, "no")
    assert answer.error is not None
    assert answer.error.hint == "wait"
