"""What every journal promises. An implementation passes by standing in `OPENERS`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NoReturn

import pytest

from tests.journal.events import ROOT, ended, note, started
from vana.journal.journal import INTERRUPTED, RUNNING, Journal, SpanNode
from vana.journal.sqlite import open_journal
from vana.kernel.answer import Degradation
from vana.kernel.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from pathlib import Path

    from vana.kernel.plain import JSON

OPENERS: dict[str, Callable[[Path], Journal]] = {"sqlite": open_journal}


@pytest.fixture(params=sorted(OPENERS))
def opener(request: pytest.FixtureRequest) -> Callable[[Path], Journal]:
    return OPENERS[str(request.param)]


@pytest.fixture
async def journal(opener: Callable[[Path], Journal], tmp_path: Path) -> AsyncGenerator[Journal]:
    opened = opener(tmp_path)
    yield opened
    assert opened.trouble() is None
    await opened.aclose()


async def never() -> NoReturn:
    message = "this call has been made before"
    raise AssertionError(message)


def outline(node: SpanNode) -> tuple[str, str, list[object]]:
    return (node.span_id, node.status, [outline(child) for child in node.children])


async def test_tree_is_what_was_emitted(journal: Journal) -> None:
    journal.emit(started(ROOT, None, at=10.0, content={"request": "what is 6 times 7?"}))
    journal.emit(started("a", at=11.0, data={"kind": "tool"}, content={"args": {"code": "print(6*7)"}}))
    journal.emit(started("b", "a", at=11.5))
    journal.emit(note("a", "retry", data={"wait_s": 0.5}))
    journal.emit(ended("b", "a", data={"status": "failed", "code": "timed_out"}))
    facts = {
        "status": "ok",
        "ms": 12.5,
        "attempts": 2,
        "degraded": [{"what": "w", "why": "y", "instead": "i"}],
    }
    journal.emit(ended("a", data=facts, content={"result": "42"}))
    journal.emit(ended(ROOT, None, at=13.0, data={"status": "answered"}))

    tree = await journal.tree("run-1")

    assert outline(tree.root) == (ROOT, "answered", [("a", "ok", [("b", "failed", [])])])
    assert tree.events == 7
    a = tree.root.children[0]
    assert (a.name, a.started_at, a.ms, a.attempts) == ("tool.a", 11.0, 12.5, 2)
    assert a.degraded == (Degradation("w", "y", "i"),)
    assert a.data == {"kind": "tool", **facts}
    assert [(item.key, item.value) for item in a.content] == [
        ("args", {"code": "print(6*7)"}),
        ("result", "42"),
    ]
    assert [(one.name, one.at, one.data) for one in a.notes] == [("retry", 1000.5, {"wait_s": 0.5})]
    assert tree.root.ms == 3000.0
    assert [(depth, node.span_id) for depth, node in tree.walk()] == [(0, ROOT), (1, "a"), (2, "b")]


async def test_values_changed_after_emit_do_not_reach_the_journal(journal: Journal) -> None:
    facts: dict[str, object] = {"list": [1, {"deep": [2]}]}
    journal.emit(started(ROOT, None, data=facts, content=facts))
    facts["list"] = "changed"
    journal.emit(started("a", data=(nested := {"list": (inner := [1])}), content=nested))
    inner.append(2)

    tree = await journal.tree("run-1")

    assert tree.root.data == {"list": [1, {"deep": [2]}]}
    assert tree.root.content[0].value == [1, {"deep": [2]}]
    assert tree.root.children[0].data == {"list": [1]}
    assert tree.root.children[0].content[0].value == [1]


async def test_ten_thousand_events_keep_their_order(journal: Journal) -> None:
    journal.emit(started(ROOT, None))
    for number in range(10_000):
        journal.emit(note(ROOT, "tick", data={"n": number}))

    tree = await journal.tree("run-1")

    assert [one.data["n"] for one in tree.root.notes] == list(range(10_000))


async def test_open_span_is_running_while_its_writer_lives(journal: Journal) -> None:
    journal.emit(started(ROOT, None))
    journal.emit(started("a"))
    assert outline((await journal.tree("run-1")).root) == (ROOT, RUNNING, [("a", RUNNING, [])])
    assert (await journal.tree("run-1")).root.ms is None


async def test_open_span_of_a_closed_journal_is_interrupted(
    opener: Callable[[Path], Journal], tmp_path: Path
) -> None:
    first = opener(tmp_path)
    first.emit(started(ROOT, None))
    first.emit(started("a"))
    first.emit(ended("a"))
    await first.aclose()
    second = opener(tmp_path)
    assert outline((await second.tree("last")).root) == (ROOT, INTERRUPTED, [("a", "ok", [])])
    assert [run.status for run in await second.runs()] == [INTERRUPTED]
    await second.aclose()


async def test_open_span_of_an_ended_run_is_interrupted(journal: Journal) -> None:
    journal.emit(started(ROOT, None))
    journal.emit(started("a"))
    journal.emit(ended(ROOT, None))
    assert outline((await journal.tree("run-1")).root) == (ROOT, "ok", [("a", INTERRUPTED, [])])


async def test_runs_come_newest_first_and_last_is_the_newest(journal: Journal) -> None:
    for number in range(5):
        journal.emit(started(f"root-{number}", None, run=f"run-{number}", at=100.0 + number))
        facts = {"status": "answered", "ms": 5, "degraded": [{"what": "w", "why": "y", "instead": "i"}]}
        journal.emit(ended(f"root-{number}", None, run=f"run-{number}", data=facts))
    runs = await journal.runs(3)
    assert [run.run_id for run in runs] == ["run-4", "run-3", "run-2"]
    assert (runs[0].name, runs[0].status, runs[0].started_at, runs[0].ms) == (
        "tool.root-4",
        "answered",
        104.0,
        5,
    )
    assert runs[0].degraded == (Degradation("w", "y", "i"),)
    assert (await journal.tree("last")).run_id == "run-4"
    assert await journal.runs(0) == ()


async def test_unknown_run_lists_a_few_recent_ones(journal: Journal) -> None:
    for number in range(8):
        journal.emit(started(ROOT, None, run=f"run-{number}"))
    with pytest.raises(UnknownName) as caught:
        await journal.tree("run-77")
    assert caught.value.known == ("run-3", "run-4", "run-5", "run-6", "run-7")
    with pytest.raises(UnknownName):
        await journal.forget("run-77")


async def test_last_of_an_empty_journal_is_unknown(journal: Journal) -> None:
    assert await journal.runs() == ()
    with pytest.raises(UnknownName):
        await journal.tree("last")


async def test_forgetting_an_item_leaves_the_facts_and_the_other_items(journal: Journal) -> None:
    journal.emit(started(ROOT, None, data={"kind": "run"}, content={"text": "secret", "file": "kept"}))
    item = (await journal.tree("run-1")).root.content[0]

    assert await journal.forget(item.id) == 1

    root = (await journal.tree("run-1")).root
    assert root.data == {"kind": "run"}
    assert [(one.key, one.value, one.forgotten) for one in root.content] == [
        ("text", None, True),
        ("file", "kept", False),
    ]
    assert await journal.forget(item.id) == 0


async def test_forgetting_a_run_leaves_its_facts_and_other_runs(journal: Journal) -> None:
    for run in ("run-1", "run-2"):
        journal.emit(started(ROOT, None, run=run, content={"text": "secret"}))
        journal.emit(ended(ROOT, None, run=run, content={"answer": "also secret"}))

    assert await journal.forget("run-1") == 2

    gone, kept = (await journal.tree("run-1")).root, (await journal.tree("run-2")).root
    assert (gone.status, [item.forgotten for item in gone.content]) == ("ok", [True, True])
    assert [item.value for item in kept.content] == ["secret", "also secret"]


async def test_step_is_made_once_and_found_again(opener: Callable[[Path], Journal], tmp_path: Path) -> None:
    result: JSON = {"rows": [1, None, "ä"], "ok": True}

    async def call() -> JSON:
        return result

    first = opener(tmp_path)
    assert await first.recorded("run-1/1", call) == result
    assert await first.recorded("run-1/1", never) == result
    await first.aclose()
    second = opener(tmp_path)
    assert await second.recorded("run-1/1", never) == result
    await second.aclose()


async def test_step_asked_for_many_times_at_once_is_made_once(journal: Journal) -> None:
    made: list[int] = []

    async def call() -> JSON:
        made.append(1)
        await asyncio.sleep(0)
        return "done"

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(journal.recorded("run-1/1", call)) for _ in range(50)]
    assert [task.result() for task in tasks] == ["done"] * 50
    assert made == [1]


async def test_step_that_fails_is_not_kept(journal: Journal) -> None:
    async def fails() -> JSON:
        message = "boom"
        raise LookupError(message)

    async def works() -> JSON:
        return None

    with pytest.raises(LookupError):
        await journal.recorded("run-1/1", fails)
    assert await journal.recorded("run-1/1", works) is None
    assert await journal.recorded("run-1/1", never) is None


async def test_first_record_of_a_key_stays(journal: Journal) -> None:
    assert await journal.record("run-1/approval", value=True) is True
    assert await journal.record("run-1/approval", value=False) is True


async def test_flush_of_nothing_and_a_second_aclose_end(journal: Journal) -> None:
    await journal.flush()
    await journal.aclose()
    await journal.aclose()
