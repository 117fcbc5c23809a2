from __future__ import annotations

import pytest

from vana.kernel.errors import UsageError
from vana.models.model import Message, Model, ModelRequest, ModelResponse, Text, ToolCall
from vana.testing import ScriptedModel


def asking(text: str) -> ModelRequest:
    return ModelRequest((Message("user", (Text(text),)),))


async def test_it_says_one_entry_a_request_and_keeps_the_requests():
    model = ScriptedModel(["a", "b"])
    said = [(await model.request(asking(text))).text for text in ("1", "2")]
    assert said == ["a", "b"]
    assert [request.messages[0].text for request in model.requests] == ["1", "2"]


async def test_an_entry_may_be_calls_a_whole_response_or_a_function_of_the_request():
    model = ScriptedModel([])
    call = model.call("echo", x=1)
    other = model.call("echo", x=2)
    assert (call.name, call.arguments) == ("echo", {"x": 1})
    assert call.id != other.id
    whole = ModelResponse((Text("t"),), "length", cost_usd=0.5)
    model = ScriptedModel([call, [call, other], whole, lambda request: request.messages[0].text.upper()])
    responses = [await model.request(asking("hi")) for _ in range(4)]
    assert [response.finish for response in responses] == ["tool_calls", "tool_calls", "length", "stop"]
    assert [len(response.calls) for response in responses] == [1, 2, 0, 0]
    assert (responses[2], responses[3].text) == (whole, "HI")


async def test_an_error_is_raised_in_its_turn():
    model = ScriptedModel([UsageError("no"), "yes"])
    with pytest.raises(UsageError, match="no"):
        await model.request(asking("1"))
    assert (await model.request(asking("2"))).text == "yes"


async def test_a_test_that_asks_more_often_than_it_meant_to_fails():
    model = ScriptedModel(["only"], name="m")
    await model.request(asking("1"))
    with pytest.raises(UsageError, match="m was asked 2 times and has 1 turns") as caught:
        await model.request(asking("2"))
    assert caught.value.code == "script_ended"


async def test_what_it_says_costs_tokens_so_that_books_can_be_tested():
    response = await ScriptedModel([ToolCall("c", "t", {})]).request(asking("1"))
    assert (response.input_tokens, response.output_tokens) == (1, 1)


def test_it_stands_for_a_language_model():
    model: Model = ScriptedModel([])
    assert model.card.writes_prose
