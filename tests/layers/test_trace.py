from __future__ import annotations

import asyncio

import pytest

from tests.layers.herd import Heard, awaited, outcome, turns
from vana.kernel.answer import Answer, Degradation, Failure, Source
from vana.kernel.errors import ModelRetry, ToolFailed, Unavailable
from vana.kernel.run import Run, Span, current_span, degrade, inside
from vana.layers.retry import Retry
from vana.layers.trace import Trace, Whole
from vana.testing import FakeClock, faulty


async def double(x: int) -> int:
    return 2 * x


def root() -> Span:
    return Span("root", "root", Run("run-1"))


async def test_a_call_is_told_when_it_starts_and_when_it_ends():
    heard, clock = Heard(), FakeClock(wall=5000.0)

    async def slow(x: int) -> int:
        clock.advance(0.25)
        return x

    with inside(root()):
        assert await Trace(heard, clock=clock).wrap(slow, "s.slow")(7) == 7
    started, ended = heard.events
    assert (started.kind, ended.kind) == ("started", "ended")
    assert (started.at, ended.at) == (5000.0, 5000.25)
    assert started.span_id == ended.span_id != "root"
    for event in heard.events:
        assert (event.run_id, event.parent_id, event.name, event.content) == ("run-1", "root", "s.slow", {})
    assert started.data == {"kind": "tool"}
    assert ended.data == {
        "kind": "tool",
        "status": "ok",
        "code": None,
        "ms": 250.0,
        "attempts": 1,
        "degraded": [],
        "usage": {"input_tokens": 0, "output_tokens": 0, "cost_usd": 0.0, "model_calls": 0, "tool_calls": 1},
    }


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ToolFailed("no", code="out_of_paper"), "failed", "out_of_paper"),
        (ValueError("bug"), "failed", "internal"),
        (ModelRetry("which one?"), "failed", "model_retry"),
        (asyncio.CancelledError(), "cancelled", None),
        (KeyboardInterrupt(), "cancelled", None),
        (SystemExit(1), "failed", "internal"),
    ],
)
async def test_an_error_is_told_and_travels_on(error: BaseException, status: str, code: str | None):
    heard = Heard()
    caught: BaseException | None = None
    with inside(root()):
        try:
            await Trace(heard).wrap(faulty(double, errors=[error]), "t")(1)
        except BaseException as error_seen:  # noqa: BLE001 - interrupts included, which is the point
            caught = error_seen
    assert caught is error
    assert (heard.ended[0].data["status"], heard.ended[0].data["code"]) == (status, code)


async def test_a_failure_that_comes_as_an_answer_is_told_as_a_failure():
    heard = Heard()

    async def delegate() -> Answer[int]:
        return Answer(None, "failed", error=Failure("no_luck", "none today"))

    with inside(root()):
        await Trace(heard, "delegation").wrap(delegate, "t")()
    assert (heard.ended[0].data["status"], heard.ended[0].data["code"]) == ("failed", "no_luck")


@pytest.mark.parametrize("ending", ["return", "error", "cancel"])
async def test_the_books_reach_the_caller_however_the_call_ends(ending: str):
    parent, fact, source = root(), Degradation("a", "b", "c"), Source("web", "http://x")

    async def work() -> None:
        span = current_span()
        assert span is not None
        span.input_tokens, span.output_tokens, span.cost_usd = 10, 4, 0.5
        span.sources.append(source)
        degrade("a", "b", "c")
        if ending == "error":
            raise ToolFailed(ending)
        if ending == "cancel":
            await asyncio.get_running_loop().create_future()

    with inside(parent):
        task = asyncio.create_task(outcome(Trace(Heard(), "model").wrap(work, "t")()))
    await turns()
    task.cancel()
    await task
    assert (parent.input_tokens, parent.output_tokens, parent.cost_usd) == (10, 4, 0.5)
    assert (parent.degraded, parent.sources) == ([fact], [source])


@pytest.mark.parametrize(
    ("kind", "models", "tools"),
    [("tool", 0, 1), ("model", 1, 0), ("delegation", 0, 0), ("memory", 0, 0), ("sandbox", 0, 0)],
)
async def test_tool_and_model_calls_are_counted_and_no_others(kind: str, models: int, tools: int):
    parent = root()
    with inside(parent):
        await Trace(Heard(), kind).wrap(double, "t")(1)
    assert (parent.model_calls, parent.tool_calls) == (models, tools)


async def test_nested_calls_hang_under_their_callers_and_count_for_all_above():
    heard, parent = Heard(), root()
    inner = Trace(heard, "tool").wrap(double, "inner")

    async def outer(x: int) -> int:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(awaited(inner(x))) for _ in range(3)]
        return sum(task.result() for task in tasks)

    with inside(parent):
        await Trace(heard, "delegation").wrap(outer, "outer")(1)
    told = {event.span_id: event for event in heard.ended}
    assert [told[event.parent_id or ""].name for event in heard.ended if event.name == "inner"] == [
        "outer"
    ] * 3
    assert parent.tool_calls == 3


async def test_attempts_and_degradations_of_the_layers_inside_are_told():
    heard, clock = Heard(), FakeClock()
    flaky = Retry(clock=clock).wrap(faulty(double, errors=[Unavailable("a")]), "t")

    async def work(x: int) -> int:
        degrade("map", "no network", "old map")
        return await flaky(x)

    with inside(root()):
        await clock.drive(Trace(heard, clock=clock).wrap(work, "t")(1))
    data = heard.ended[0].data
    assert data["attempts"] == 2
    assert data["degraded"] == [{"what": "map", "why": "no network", "instead": "old map"}]


async def test_outside_any_run_the_call_just_goes_through():
    heard = Heard()
    assert await Trace(heard).wrap(double, "t")(4) == 8
    assert heard.events == []


async def test_what_was_said_is_content_and_only_where_asked_for():
    heard, error = Heard(), ToolFailed("too loud")

    async def say(name: str, *, loud: bool = False) -> str:
        if loud:
            raise error
        return f"hello {name}"

    traced = Trace(heard, content=Whole()).wrap(say, "t")
    with inside(root()):
        await traced("Ana")
        await outcome(traced("Bo", loud=True))
    assert [event.content for event in heard.events] == [
        {"args": ["Ana"], "kwargs": {}},
        {"result": "hello Ana"},
        {"args": ["Bo"], "kwargs": {"loud": True}},
        {"error": "too loud"},
    ]
    assert not any("Ana" in str(event.data) or "loud" in str(event.data) for event in heard.events)


def test_it_reads_as_written():
    assert repr(Trace(Heard())) == "Trace()"
    assert repr(Trace(Heard(), "model", content=Whole())) == "Trace(kind='model', content=Whole())"
