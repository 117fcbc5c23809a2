from __future__ import annotations

import asyncio

import pytest

from vana.kernel.background import Background
from vana.kernel.errors import UsageError


async def give(value: int) -> int:
    await asyncio.sleep(0)
    return value


async def fail() -> None:
    await asyncio.sleep(0)
    raise ValueError("lost?")


async def hang() -> None:
    await asyncio.get_running_loop().create_future()


async def test_work_outlives_the_task_that_started_it():
    background, kept = Background(), list[asyncio.Task[int]]()

    async def start() -> None:
        kept.append(background.spawn(give(3), name="work"))

    await asyncio.create_task(start())
    assert len(background) == 1
    assert await kept[0] == 3
    await asyncio.sleep(0)
    assert len(background) == 0
    await background.aclose()


async def test_closing_cancels_what_runs_and_waits_for_its_clean_up():
    cleaned: list[int] = []

    async def work() -> None:
        try:
            await hang()
        finally:
            await asyncio.sleep(0)
            cleaned.append(1)

    background = Background()
    tasks = [background.spawn(work(), name="work") for _ in range(3)]
    await asyncio.sleep(0)
    await background.aclose()
    assert cleaned == [1, 1, 1]
    assert all(task.cancelled() for task in tasks)


async def test_an_error_nobody_awaits_is_reported_with_the_tasks_name():
    told: list[tuple[str, str]] = []
    background = Background(lambda name, error: told.append((name, str(error))))
    task = background.spawn(fail(), name="extraction")
    await asyncio.wait({task})
    await asyncio.sleep(0)
    assert told == [("extraction", "lost?")]


async def test_without_somebody_to_tell_the_loops_handler_hears_it():
    heard: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context))
    task = Background().spawn(fail(), name="extraction")
    await asyncio.wait({task})
    await asyncio.sleep(0)
    assert [context["message"] for context in heard] == ["background task extraction failed"]


async def test_the_error_of_shared_work_is_theirs_who_await_it():
    told: list[str] = []
    background = Background(lambda name, _: told.append(name))
    with pytest.raises(ValueError, match="lost"):
        await background.share(fail(), name="flight")
    assert told == []
    assert len(background) == 0


async def test_a_closed_owner_starts_nothing():
    background = Background()
    await background.aclose()
    for start in (background.spawn, background.share):
        work = give(1)
        with pytest.raises(UsageError, match="cannot start late"):
            start(work, name="late")
        assert work.cr_frame is None, "the coroutine was closed, so nobody warns that it was never awaited"
