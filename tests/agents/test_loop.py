from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from tests.agents.crew import open_run
from vana.agents.loop import Hand, Loop, ToolService
from vana.kernel.answer import Answer, Failure
from vana.kernel.errors import Crashed, ModelFailed, ModelRetry, ToolFailed
from vana.layers.contain import Contain
from vana.layers.stack import stack
from vana.models.model import Message, ModelRequest, ModelResponse, Text, ToolCall, ToolOffer, ToolResult
from vana.testing import ScriptedModel

ASKED = (Message("user", (Text("go"),)),)


def hand(name: str, service: ToolService) -> Hand:
    return Hand(ToolOffer(name, f"the tool {name}", {"type": "object"}), stack(Contain())(service, name))


async def echo(arguments: Mapping[str, object]) -> object:
    return arguments


async def fail(arguments: Mapping[str, object]) -> object:
    message = "no radar"
    raise ToolFailed(message, hint="wait", value={"half": 1})


async def crash(arguments: Mapping[str, object]) -> object:
    message = "unplanned"
    raise ValueError(message)


async def advise(arguments: Mapping[str, object]) -> object:
    message = "say which city"
    raise ModelRetry(message)


HANDS = (hand("echo", echo), hand("fail", fail), hand("crash", crash), hand("advise", advise))


async def run(model: ScriptedModel, hands: Sequence[Hand] = HANDS, max_turns: int = 16) -> Answer[object]:
    return await Loop("agent", "Be brief.", model.request, hands, max_turns).run(ASKED)


def results(request: ModelRequest) -> list[ToolResult]:
    return [part for part in request.messages[-1].parts if isinstance(part, ToolResult)]


def calls(*named: str, **arguments: object) -> list[ToolCall]:
    return [ToolCall(f"call-{name}", name, arguments) for name in named]


async def test_a_model_that_answers_at_once_has_used_no_tool():
    model = ScriptedModel(["42"])
    answer = await run(model)
    assert (answer.status, answer.value, answer.text) == ("answered", "42", "42")
    (request,) = model.requests
    assert [message.role for message in request.messages] == ["system", "user"]
    assert [offer.name for offer in request.tools] == ["echo", "fail", "crash", "advise"]


async def test_what_a_tool_gives_goes_back_to_the_model_as_text():
    model = ScriptedModel([calls("echo", city="Oslo"), "done"])
    await run(model)
    (result,) = results(model.requests[1])
    assert (result.call_id, result.content, result.failed) == ("call-echo", '{"city": "Oslo"}', False)
    assert [message.role for message in model.requests[1].messages] == ["system", "user", "assistant", "tool"]


async def test_tools_asked_for_together_run_at_once():
    met = asyncio.Barrier(3)

    async def wait(arguments: Mapping[str, object]) -> object:
        async with asyncio.timeout(5):  # hangs, were they called one after the other
            await met.wait()
        return "met"

    model = ScriptedModel([[ToolCall(str(n), "wait", {}) for n in range(3)], "done"])
    await run(model, [hand("wait", wait)])
    assert [result.content for result in results(model.requests[1])] == ["met"] * 3


async def test_results_stand_in_the_order_of_their_calls():
    model = ScriptedModel([[*calls("fail", "echo"), *calls("advise")], "done"])
    await run(model)
    assert [result.name for result in results(model.requests[1])] == ["fail", "echo", "advise"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("fail", "tool_failed: no radar (wait)"),
        ("crash", "crashed: crash broke: ValueError: unplanned"),
        ("advise", "say which city"),
        ("nosuch", "unknown_name: no tool named 'nosuch'; installed: advise, crash, echo, fail"),
    ],
)
async def test_a_tool_that_fails_is_a_result_and_the_loop_goes_on(name: str, content: str):
    model = ScriptedModel([calls(name), "sorry"])
    answer = await run(model)
    (result,) = results(model.requests[1])
    assert result.failed
    assert result.content.startswith(content)
    assert (answer.status, answer.text) == ("answered", "sorry")


async def test_the_siblings_of_a_tool_that_breaks_keep_their_results():
    model = ScriptedModel([calls("crash", "echo", x=1), "done"])
    await run(model)
    crashed, kept = results(model.requests[1])
    assert isinstance(crashed.value, Crashed)
    assert isinstance(crashed.value.__cause__, ValueError)
    assert (kept.value, kept.failed) == ({"x": 1}, False)


async def test_a_model_that_never_answers_is_stopped():
    model = ScriptedModel([calls("echo")] * 5)
    with pytest.raises(ModelFailed) as caught:
        await run(model, max_turns=3)
    assert (caught.value.code, len(model.requests)) == ("too_many_turns", 3)


async def test_a_result_handed_back_is_the_answer_with_the_call_it_came_from():
    call = ToolCall("c", "echo", {"x": 1})
    model = ScriptedModel([call, ModelResponse((), "returns", returns="c")])
    answer = await run(model)
    assert (answer.status, answer.value, answer.text) == ("answered", {"x": 1}, '{"x": 1}')
    assert answer.understood_as is not None
    assert (answer.understood_as.specialist, answer.understood_as.tool) == ("agent", "echo")


async def test_a_failure_handed_back_is_a_failed_answer_with_what_came_out():
    model = ScriptedModel([calls("fail"), ModelResponse((), "returns", returns="call-fail")])
    answer = await run(model)
    assert (answer.status, answer.value, answer.text) == ("failed", {"half": 1}, '{"half": 1}')
    assert answer.error == Failure("tool_failed", "no radar", "wait")


async def test_the_result_of_a_call_that_was_not_made_cannot_be_handed_back():
    model = ScriptedModel([calls("echo"), ModelResponse((), "returns", returns="other")])
    with pytest.raises(ModelFailed, match="a call that was not made: other"):
        await run(model)


async def test_an_answer_of_a_delegate_passes_through_whole():
    given = Answer[object]("v", "failed", "text", error=Failure("x", "y"))

    async def delegate(arguments: Mapping[str, object]) -> object:
        return given

    model = ScriptedModel([calls("delegate"), ModelResponse((), "returns", returns="call-delegate")])
    assert await run(model, [hand("delegate", delegate)]) is given
    (result,) = results(model.requests[1])
    assert (result.content, result.failed) == ("text", True)


async def test_a_model_that_abstains_gives_its_reason():
    model = ScriptedModel([ModelResponse((Text("cannot"),), "abstained")])
    answer = await run(model)
    assert (answer.status, answer.value, answer.error) == ("abstained", None, Failure("abstained", "cannot"))


async def test_a_model_that_refuses_has_not_answered():
    model = ScriptedModel([ModelResponse((Text("I will not"),), "refused")])
    with pytest.raises(ModelFailed, match="I will not") as caught:
        await run(model)
    assert caught.value.code == "model_refused"


async def test_an_answer_cut_short_is_marked_as_such():
    model = ScriptedModel([ModelResponse((Text("half an ans"),), "length")])
    with open_run() as books:
        answer = await run(model)
    assert (answer.status, answer.text) == ("answered", "half an ans")
    assert [fact.what for fact in books.degraded] == ["answer"]


async def test_an_error_of_the_model_is_its_own():
    error = ModelFailed("gone")
    with pytest.raises(ModelFailed) as caught:
        await run(ScriptedModel([error]))
    assert caught.value is error


async def test_one_loop_may_be_at_work_many_times_at_once():
    async def reply(request: ModelRequest) -> ModelResponse:
        if request.messages[-1].role == "tool":
            return ModelResponse((), "returns", returns="c")
        return ModelResponse((ToolCall("c", "echo", {"said": request.messages[-1].text}),), "tool_calls")

    loop = Loop("agent", "", reply, HANDS)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(loop.run([Message("user", (Text(str(n)),))])) for n in range(20)]
    assert [task.result().value for task in tasks] == [{"said": str(n)} for n in range(20)]


async def test_cancelling_the_loop_cancels_its_tools():
    begun, ended = asyncio.Event(), asyncio.Event()

    async def hang(arguments: Mapping[str, object]) -> object:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return None

    task = asyncio.create_task(run(ScriptedModel([calls("hang", "echo")]), [hand("hang", hang), *HANDS]))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
