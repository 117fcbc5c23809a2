from __future__ import annotations

import asyncio

import pytest

from vana.kernel.answer import Route
from vana.kernel.reading import Reading, Utterance
from vana.models.model import (
    Context,
    File,
    Message,
    Model,
    ModelRequest,
    ModelResponse,
    Part,
    Routed,
    Text,
    ToolOffer,
    ToolResult,
)
from vana.models.registry import MODELS
from vana.models.rules import NO_MODEL, RulesModel


def offer(name: str, *readings: tuple[str, Reading]) -> ToolOffer:
    """Give a tool whose reader knows the requests of *readings*."""
    known = dict(readings)
    return ToolOffer(name, "", {}, lambda said: known.get(said.text))


def user(text: str, *parts: Part) -> Message:
    return Message("user", (Text(text), *parts))


async def ask(*messages: Message, offers: tuple[ToolOffer, ...] = ()) -> ModelResponse:
    return await RulesModel().request(ModelRequest(messages, offers))


RUN = offer(
    "run",
    ("run", Reading({"code": "1"})),
    ("both", Reading({"a": 1}, weight=2)),
    ("half", Reading(missing="say more")),
)
TEST = offer(
    "test",
    ("both", Reading({"b": 1}, weight=2)),
    ("half", Reading({"c": 1})),
    ("run", Reading({}, missing="no")),
)


async def test_a_request_that_one_tool_reads_becomes_its_call():
    response = await ask(user("run"), offers=(RUN, TEST))
    (call,) = response.calls
    assert (response.finish, call.name, call.arguments) == ("tool_calls", "run", {"code": "1"})


async def test_the_same_request_gives_the_same_call():
    said = [await ask(user("run"), offers=(RUN,)) for _ in range(3)]
    assert [(response.calls[0].name, response.calls[0].arguments) for response in said] == [
        ("run", {"code": "1"})
    ] * 3


async def test_the_calls_of_one_model_have_ids_of_their_own():
    model = RulesModel()
    request = ModelRequest((user("run"),), (RUN,))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(model.request(request)) for _ in range(50)]
    assert len({task.result().calls[0].id for task in tasks}) == 50


async def test_what_two_tools_read_with_the_same_weight_is_not_run():
    response = await ask(user("both"), offers=(RUN, TEST))
    assert (response.finish, response.calls) == ("abstained", ())
    assert response.text == "the request can be read as run or test; name the one you mean"


async def test_the_heavier_reading_is_meant():
    heavy = offer("heavy", ("both", Reading({"h": 1}, weight=3)))
    response = await ask(user("both"), offers=(RUN, heavy, TEST))
    assert response.calls[0].name == "heavy"


async def test_a_complete_reading_goes_before_one_that_lacks_something():
    assert (await ask(user("half"), offers=(RUN, TEST))).calls[0].name == "test"


async def test_what_is_missing_is_said_and_nothing_is_called():
    response = await ask(user("half"), offers=(RUN,))
    assert (response.finish, response.text, response.calls) == ("abstained", "say more", ())


async def test_what_no_tool_reads_is_refused_with_what_to_configure():
    response = await ask(user("why is the sky blue?"), offers=(RUN, TEST))
    assert (response.finish, response.text) == ("abstained", NO_MODEL)


async def test_a_routed_request_goes_to_its_specialist_in_the_same_words():
    weather = ToolOffer("weather", "", {})
    response = await ask(user("Oslo?", Routed(Route("action", "weather", "forecast"))), offers=(weather, RUN))
    assert response.calls[0].name == "weather"
    assert response.calls[0].arguments == {"request": "Oslo?"}


async def test_a_routed_tool_is_the_only_one_that_reads():
    response = await ask(user("both", Routed(Route("action", None, "test"))), offers=(RUN, TEST))
    assert response.calls[0].name == "test"


async def test_a_route_to_what_is_not_on_offer_is_passed_over():
    response = await ask(user("run", Routed(Route("action", "gone", "gone"))), offers=(RUN,))
    assert response.calls[0].name == "run"


async def test_the_result_of_the_call_is_handed_back_as_it_is():
    done = Message("tool", (ToolResult("c-1", "run", "42", 42),))
    response = await ask(user("run"), done, offers=(RUN,))
    assert (response.finish, response.returns, response.text) == ("returns", "c-1", "42")


async def test_a_reader_sees_files_data_and_what_was_said_before():
    seen: list[Utterance] = []

    def read(said: Utterance) -> Reading:
        seen.append(said)
        return Reading()

    await ask(
        Message("system", (Text("instructions"),)),
        user("first"),
        Message("assistant", (Text("answer"),)),
        user("second", File("a.csv", b"1"), Context("piped", "standard input"), Context("more", "web")),
        offers=(ToolOffer("t", "", {}, read),),
    )
    assert seen == [Utterance("second", {"a.csv": b"1"}, "piped\nmore", ("first",))]


async def test_a_tool_without_a_reader_is_read_by_its_written_call():
    forecast = ToolOffer("forecast", "", {"properties": {"city": {"type": "string"}}, "required": ["city"]})
    response = await ask(user('forecast(city="Oslo")'), offers=(forecast,))
    assert response.calls[0].arguments == {"city": "Oslo"}


def test_it_is_the_installed_model_of_that_name_and_writes_no_prose():
    model: Model = MODELS.load("rules")()
    assert (model.card.name, model.card.writes_prose) == ("rules", False)


@pytest.mark.parametrize("text", ["", " ", "\x00", "run" * 100_000])
async def test_any_text_gets_a_response(text: str):
    assert (await ask(user(text), offers=(RUN, TEST))).finish == "abstained"
