"""One object from request to answer, with real parts but for the language model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.app.weather import Deps, Station, weather
from vana import Budget, Vana
from vana.config import Settings
from vana.kernel.answer import Answer
from vana.kernel.event import Event
from vana.models.model import Message, ModelRequest, Routed, ToolResult
from vana.testing import ScriptedModel


class Listener:
    """Keeps every event."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        """Keep *event*."""
        self.events.append(event)


@pytest.fixture
async def vana(tmp_path: Path) -> AsyncIterator[Vana[Deps]]:
    """Give one with the weather specialist, in a folder of its own."""
    async with Vana(specialists=[weather()], deps=Deps(Station()), home=tmp_path / "home") as opened:
        yield opened


async def test_a_tool_is_called_by_name_with_its_default_arguments(vana: Vana[Deps]):
    answer = await vana.call("weather", "forecast", {"city": "Oslo"})
    assert (answer.status, answer.value, answer.text) == ("answered", [24.0] * 3, "[24.0, 24.0, 24.0]")
    assert answer.understood_as is not None
    assert answer.understood_as.arguments == {"city": "Oslo"}
    assert answer.usage.tool_calls == 1


async def test_both_forms_of_a_call_give_the_same_value(tmp_path: Path):
    specialist = weather()
    async with Vana(specialists=[specialist], deps=Deps(Station()), home=tmp_path) as vana:
        typed = await vana.call(specialist.find("forecast"), "Oslo", days=2)
        named = await vana.call("weather", "forecast", {"city": "Oslo", "days": 2})
    assert typed.value == named.value == [24.0, 24.0]


async def test_a_cached_tool_is_asked_once(tmp_path: Path):
    station = Station()
    async with Vana(specialists=[weather()], deps=Deps(station), home=tmp_path) as vana:
        for _ in range(3):
            await vana.call("weather", "forecast", {"city": "Oslo"})
    assert station.asked == ["Oslo"]


@pytest.mark.parametrize(
    ("tool", "arguments", "code"),
    [
        ("storm", {"city": "Oslo"}, "tool_failed"),
        ("broken", {}, "crashed"),
        ("forecast", {"town": "Oslo"}, "arguments_invalid"),
        ("nothing", {}, "unknown_name"),
    ],
)
async def test_a_call_that_fails_is_an_answer_with_its_code(
    vana: Vana[Deps], tool: str, arguments: dict[str, object], code: str
):
    answer = await vana.call("weather", tool, arguments)
    assert answer.status == "failed"
    assert answer.error is not None
    assert answer.error.code == code


async def test_an_unknown_specialist_is_named_with_those_there_are(vana: Vana[Deps]):
    answer = await vana.call("wether", "forecast", {})
    assert answer.error is not None
    assert "code_execution, memory, weather" in answer.error.message


async def test_a_request_that_states_a_call_needs_no_model(vana: Vana[Deps]):
    answer = await vana.ask('forecast(city="Oslo", days=1)')
    assert (answer.status, answer.value) == ("answered", [24.0])
    assert answer.understood_as is not None
    assert answer.understood_as.arguments == {"city": "Oslo", "days": 1}


async def test_what_was_remembered_answers_an_exact_question_marked_uncalibrated(vana: Vana[Deps]):
    told = await vana.ask("remember that the staging database is at db7.internal")
    asked = await vana.ask("Where is the staging database?")
    assert told.status == asked.status == "answered"
    assert asked.confidence is None
    assert "db7.internal" in asked.text
    assert [source.ref for source in asked.sources] == [told.value.ref]  # type: ignore[attr-defined]
    assert any("uncalibrated" in fact.why for fact in asked.degraded)


async def test_a_question_nobody_answered_before_is_abstained_from(vana: Vana[Deps]):
    answer = await vana.ask("Who is the king of France?")
    assert (answer.status, answer.value, answer.confidence) == ("abstained", None, None)
    assert answer.error is not None
    assert answer.error.hint


async def test_what_merely_resembles_a_question_is_shown_and_not_answered(vana: Vana[Deps]):
    await vana.memory.remember("the production database is at db1.internal")
    answer = await vana.ask("Where is the staging database?")
    assert answer.status == "abstained"
    assert "db1.internal" in answer.text


async def test_a_model_delegates_to_a_specialist_and_both_are_in_one_tree(tmp_path: Path):
    model = ScriptedModel([])
    turns = [
        model.call("weather", request="highs in Oslo"),
        model.call("forecast", city="Oslo", days=1),
        "24 degrees",
        "Oslo will have 24 degrees.",
    ]
    model = ScriptedModel(turns)
    async with Vana(specialists=[weather()], deps=Deps(Station()), home=tmp_path, model=model) as vana:
        answer = await vana.ask("Compare Oslo with yesterday")
        await vana.journal.flush()
        tree = await vana.journal.tree(answer.run_id)
    assert (answer.status, answer.text) == ("answered", "Oslo will have 24 degrees.")
    assert (answer.usage.model_calls, answer.usage.tool_calls, answer.usage.input_tokens) == (4, 1, 4)
    names = [(depth, node.name) for depth, node in tree.walk()]
    assert (1, "weather") in names
    assert (2, "weather.forecast") in names


async def test_a_delegate_sees_its_request_and_nothing_of_the_conversation(tmp_path: Path):
    seen: list[tuple[Message, ...]] = []

    def look(request: ModelRequest) -> str:
        seen.append(request.messages)
        return "done"

    model = ScriptedModel([])
    model = ScriptedModel([model.call("weather", request="only this"), look, "finished"])
    async with Vana(specialists=[weather()], deps=Deps(Station()), home=tmp_path, model=model) as vana:
        await vana.ask("Compare the secret plans", session="s")
    (messages,) = seen
    told = [part for message in messages for part in message.parts if not isinstance(part, Routed)]
    assert "secret" not in repr(told)
    assert messages[-1].text == "only this"


async def test_a_tool_that_breaks_hurts_no_sibling_and_its_cause_goes_back_to_the_model(tmp_path: Path):
    results: list[ToolResult] = []

    def look(request: ModelRequest) -> str:
        results.extend(part for part in request.messages[-1].parts if isinstance(part, ToolResult))
        return "done"

    model = ScriptedModel([])
    calls = [model.call("forecast", city="Oslo"), model.call("broken"), model.call("forecast", city="Rome")]
    model = ScriptedModel([model.call("weather", request="x"), calls, look, "finished"])
    async with Vana(specialists=[weather()], deps=Deps(Station()), home=tmp_path, model=model) as vana:
        answer = await vana.ask("Compare them")
    assert answer.status == "answered"
    assert [result.failed for result in results] == [False, True, False]
    assert "ZeroDivisionError" in results[1].content


async def test_a_run_never_calls_more_than_its_budget_allows_nested_calls_included(tmp_path: Path):
    model = ScriptedModel([])
    calls = [model.call("forecast", city="Oslo"), model.call("forecast", city="Rome")]
    model = ScriptedModel([model.call("weather", request="x"), calls, "done", "finished"])
    station = Station()
    async with Vana(specialists=[weather()], deps=Deps(station), home=tmp_path, model=model) as vana:
        answer = await vana.ask("Compare them", budget=Budget(tool_calls=1, model_calls=3))
    assert len(station.asked) == 1
    assert len(model.requests) == 3
    assert answer.error is not None
    assert answer.error.code == "over_budget"


async def test_tokens_that_a_model_used_are_charged_to_the_budget_of_the_run(tmp_path: Path):
    model = ScriptedModel([])
    model = ScriptedModel([model.call("weather", request="x"), "done"])
    async with Vana(specialists=[weather()], deps=Deps(Station()), home=tmp_path, model=model) as vana:
        answer = await vana.ask("Compare them", budget=Budget(tokens=2))
    assert len(model.requests) == 1
    assert answer.error is not None
    assert (answer.error.code, answer.usage.input_tokens) == ("over_budget", 1)


async def test_the_seconds_of_a_budget_end_the_run(vana: Vana[Deps]):
    answer = await vana.ask("slow()", budget=Budget(seconds=0.03))
    assert answer.error is not None
    assert answer.error.code == "deadline_exceeded"


async def test_override_holds_inside_the_block_only(vana: Vana[Deps]):
    with vana.override(deps=Deps(Station(base=0.0))):
        inside = await vana.call("weather", "forecast", {"city": "Oslo", "days": 1})
    outside = await vana.call("weather", "forecast", {"city": "Oslo", "days": 1})
    assert (inside.value, outside.value) == ([4.0], [24.0])


@pytest.mark.parametrize("text", ["", "  \n ", "a\x00b", "x" * (1 << 20) + "x"])
async def test_a_request_that_cannot_be_one_is_refused_with_a_hint(vana: Vana[Deps], text: str):
    answer = await vana.ask(text)
    assert answer.error is not None
    assert answer.error.code == "input_invalid"
    assert answer.error.hint


async def test_a_missing_file_is_named(vana: Vana[Deps], tmp_path: Path):
    answer = await vana.ask("run it", files=[tmp_path / "nothing.py"])
    assert answer.error is not None
    assert "nothing.py" in answer.error.message


async def test_a_cancelled_run_is_written_down_as_cancelled(tmp_path: Path):
    station = Station()
    async with Vana(specialists=[weather()], deps=Deps(station), home=tmp_path) as vana:
        task = asyncio.ensure_future(vana.call("weather", "slow"))
        await station.waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await vana.journal.flush()
        (run,) = await vana.journal.runs(1)
    assert run.status == "cancelled"


async def test_a_run_ends_at_its_deadline_and_says_so(tmp_path: Path):
    settings = Settings.model_validate({"run": {"timeout": 0.03}})
    async with Vana(specialists=[weather()], deps=Deps(Station()), home=tmp_path, settings=settings) as vana:
        answer = await vana.call("weather", "slow")
    assert answer.error is not None
    assert answer.error.code == "deadline_exceeded"


async def test_a_listener_hears_what_the_journal_keeps(tmp_path: Path):
    listener = Listener()
    async with Vana(specialists=[weather()], deps=Deps(Station()), home=tmp_path, listen=listener) as vana:
        await vana.call("weather", "forecast", {"city": "Oslo"})
        await vana.journal.flush()
        tree = await vana.journal.tree("last")
    assert [(event.kind, event.name) for event in listener.events] == [
        ("started", "call weather.forecast"),
        ("started", "weather.forecast"),
        ("ended", "weather.forecast"),
        ("ended", "call weather.forecast"),
    ]
    assert tree.events == 4


async def test_a_conversation_is_remembered_under_its_name_alone(vana: Vana[Deps]):
    await vana.ask("The deploy window is on Friday", session="ana")
    mine = await vana.memory.recall("deploy window", session="ana")
    other = await vana.memory.recall("deploy window", session="bob")
    assert [hit.level for hit in mine.hits] == ["session"]
    assert other.hits == ()


async def test_a_home_that_cannot_be_written_costs_memory_and_journal_but_not_the_answer(tmp_path: Path):
    home = tmp_path / "file"
    home.write_text("a file where the folder should be")
    async with Vana(specialists=[weather()], deps=Deps(Station()), home=home) as vana:
        worked = await vana.call("weather", "forecast", {"city": "Oslo"})
        refused = await vana.memory.remember("x is y")
    assert worked.status == "answered"
    assert [fact.what for fact in worked.degraded] == ["journal"]
    assert refused.error is not None
    assert refused.error.code == "store_failed"


async def test_two_of_them_share_a_folder(tmp_path: Path):
    async with Vana(home=tmp_path) as one, Vana(home=tmp_path) as two:
        await one.memory.remember("Bob works at Acme")
        answer = await two.ask("Where does Bob work?")
    assert "Acme" in answer.text


async def test_cards_tell_every_specialist_with_its_tools(vana: Vana[Deps]):
    cards = {card.name: card for card in vana.agents()}
    assert [cards[name].origin for name in ("code_execution", "weather")] == ["built in", "yours"]
    tools = {tool.name: tool for tool in cards["code_execution"].tools}
    assert set(tools) == {"execute_code", "run_tests", "debug_code", "list_languages"}
    assert tools["execute_code"].parameters["required"] == ["code"]


@pytest.mark.real
async def test_code_in_a_request_is_run_in_the_sandbox_through_the_whole_delegation(vana: Vana[Deps]):
    answer = await vana.ask("Execute this Python code: print(6*7)")
    shown = answer.as_json()
    value, route = shown["value"], shown["route"]
    assert isinstance(value, dict)
    assert isinstance(route, dict)
    assert (value["stdout"], value["exit_code"], value["status"]) == ("42\n", 0, "ok")
    assert isinstance(value["sandbox"], dict)
    assert value["sandbox"]["tier"] == "high"
    assert route["specialist"] == "code_execution"
    await vana.journal.flush()
    names = [node.name for _, node in (await vana.journal.tree(answer.run_id)).walk()]
    assert names[0] == "ask"
    assert {"code_execution", "code_execution.execute_code", "sandbox.high"} <= set(names)


@pytest.mark.real
async def test_a_program_that_fails_fails_the_answer_and_keeps_its_outcome(vana: Vana[Deps]):
    answer = await vana.ask("Execute this Python code: print(1); 1/0")
    assert answer.status == "failed"
    assert answer.error is not None
    assert answer.error.code == "program_failed"
    assert getattr(answer.value, "stdout", None) == "1\n"
    assert "ZeroDivisionError" in answer.text


@pytest.mark.real
async def test_files_that_a_program_makes_are_artifacts_that_can_be_read_again(vana: Vana[Deps]):
    answer = await vana.ask("Execute this Python code: open('a.txt', 'w').write('hello')")
    (artifact,) = answer.artifacts
    assert (artifact.name, artifact.size, artifact.mime) == ("a.txt", 5, "text/plain")
    assert artifact.path is not None
    assert await asyncio.to_thread(Path(artifact.path).read_text) == "hello"


@pytest.mark.real
async def test_programs_of_one_session_share_their_files_and_no_others_do(vana: Vana[Deps]):
    write = {"code": "open('n','w').write('7')", "session": "a"}
    read = {"code": "print(open('n').read())"}
    await vana.call("code_execution", "execute_code", write)
    same: Answer[object] = await vana.call("code_execution", "execute_code", {**read, "session": "a"})
    other: Answer[object] = await vana.call("code_execution", "execute_code", {**read, "session": "b"})
    assert same.text == "7"
    assert other.status == "failed"


@pytest.mark.real
async def test_tests_are_run_and_each_is_told(vana: Vana[Deps]):
    code = "def f(x): return x + 1\ndef test_right(): assert f(1) == 2\ndef test_wrong(): assert f(1) == 3"
    answer = await vana.call("code_execution", "run_tests", {"code": code})
    assert answer.error is not None
    assert answer.error.code == "tests_failed"
    assert answer.value is not None
    assert "1 passed, 1 failed" in answer.value.as_text()
    assert "subject.py:3" in answer.value.as_text()


@pytest.mark.real
async def test_debugging_points_at_the_line_and_names_the_cause(vana: Vana[Deps]):
    answer = await vana.call("code_execution", "debug_code", {"code": "count = 1\nprint(cuont)"})
    assert answer.value is not None
    assert (answer.value.line, answer.value.source_line, answer.value.error_type) == (
        2,
        "print(cuont)",
        "NameError",
    )
    assert "count" in answer.value.cause


@pytest.mark.real
async def test_cancelling_a_run_ends_its_program(vana: Vana[Deps]):
    await vana.ask("run print(1)")  # the canary is behind us
    task = asyncio.ensure_future(vana.call("code_execution", "execute_code", {"code": "while True: pass"}))
    while not _programs():  # noqa: ASYNC110 - a process tells nobody that it started
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert _programs() == []


def _programs() -> list[str]:
    """Give what runs in the jails below the supervisors that this process started."""
    runs = [run for supervisor in _children("self") for run in _children(supervisor)]
    return [program for run in runs for program in _children(run)]


def _children(process: str) -> list[str]:
    """Give the children of a process; none once it is gone."""
    lists = Path(f"/proc/{process}/task").glob("*/children")
    try:
        return [child for one in lists for child in one.read_text().split()]
    except OSError:
        return []
