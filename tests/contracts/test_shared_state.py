"""What every shared state promises. An implementation passes by standing in `OPENERS`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.layers.shared import InMemory
from vana.journal.shared import SqliteSharedState
from vana.kernel.ports import SharedState

OPENERS: dict[str, Callable[[Path], SharedState]] = {
    "in memory": lambda _: InMemory(),
    "sqlite": SqliteSharedState,
}


@pytest.fixture(params=sorted(OPENERS))
def state(request: pytest.FixtureRequest, tmp_path: Path) -> SharedState:
    return OPENERS[str(request.param)](tmp_path / "home")


async def test_where_nothing_is_kept_there_is_version_0(state: SharedState):
    assert await state.read("k") == (None, 0)


async def test_each_write_raises_the_version_of_its_key_by_one(state: SharedState):
    for version in range(3):
        assert await state.swap("k", {"n": [version, None, "é"]}, version=version)
        assert await state.read("k") == ({"n": [version, None, "é"]}, version + 1)
    assert await state.read("other") == (None, 0)


@pytest.mark.parametrize("wrong", [0, 1, 3, -1])
async def test_a_write_on_another_version_changes_nothing(state: SharedState, wrong: int):
    assert await state.swap("k", "a", version=0)
    assert await state.swap("k", "b", version=1)
    assert not await state.swap("k", "c", version=wrong)
    assert await state.read("k") == ("b", 2)


async def test_of_many_who_write_on_one_version_one_does(state: SharedState):
    for version in range(3):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(state.swap("k", number, version=version)) for number in range(10)]
        (winner,) = [number for number, task in enumerate(tasks) if task.result()]
        assert await state.read("k") == (winner, version + 1)
