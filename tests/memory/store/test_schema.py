from __future__ import annotations

import asyncio
import shutil
import sqlite3
from pathlib import Path

import pytest

from vana.kernel.errors import StoreFailed
from vana.memory import knowledge, session
from vana.memory.recall import Memory
from vana.memory.store.file import open_to_write
from vana.memory.store.schema import VERSION
from vana.memory.store.sqlite import SqliteStore

FIXTURES = Path(__file__).parents[2] / "fixtures" / "memory"


def place(home: Path, fixture: Path) -> Path:
    (home / "memory").mkdir()
    return Path(shutil.copy(fixture, home / "memory" / "ana.db"))


def test_a_file_of_every_version_is_kept():
    assert sorted(path.stem for path in FIXTURES.glob("v*.db")) == [f"v{n + 1}" for n in range(VERSION)]


@pytest.mark.parametrize("fixture", sorted(FIXTURES.glob("v*.db")), ids=lambda path: path.stem)
async def test_file_of_an_older_version_is_read_and_written(fixture: Path, tmp_path: Path):
    place(tmp_path, fixture)
    async with SqliteStore(tmp_path) as store:
        memory = Memory([session.open_tier(store), knowledge.open_tier(store)], store=store)
        found = await memory.recall("Where is the office?", tenant="ana", session="s1")
        assert found.exact is not None
        assert (found.exact.text, found.exact.at) == ("the office is in G\u00f6teborg", 200.0)
        assert found.exact.span is not None
        (turn,) = (await memory.recall("puppy", tenant="ana", session="s1")).hits
        assert (turn.ref, turn.source, turn.at) == ("D1:1", "session:s1", 50.0)
        again = await memory.remember("the office is in Rome", tenant="ana", session=None)
        assert not again.new
        moved = await memory.recall("Where is the office?", tenant="ana", session=None)
        assert moved.exact is not None
        assert moved.exact.text == "the office is in Rome"
    connection = sqlite3.connect(tmp_path / "memory" / "ana.db")
    assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
    connection.close()


async def test_newer_file_is_refused_and_left_alone(tmp_path: Path):
    path = place(tmp_path, FIXTURES / f"v{VERSION}.db")
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {VERSION + 6}")
    connection.close()
    before = path.read_bytes()
    async with SqliteStore(tmp_path) as store:
        memory = Memory([knowledge.open_tier(store)], store=store)
        for work in (
            memory.recall("office", tenant="ana", session=None),
            memory.remember("tea", tenant="ana", session=None),
        ):
            with pytest.raises(StoreFailed, match=rf"newer VANA \(schema {VERSION + 6}") as caught:
                await work
            assert str(path) in caught.value.message
            assert caught.value.hint is not None
    assert path.read_bytes() == before


async def test_database_of_something_else_is_refused_and_left_alone(tmp_path: Path):
    (tmp_path / "memory").mkdir()
    path = tmp_path / "memory" / "ana.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()
    before = path.read_bytes()
    async with SqliteStore(tmp_path) as store:
        memory = Memory([knowledge.open_tier(store)], store=store)
        with pytest.raises(StoreFailed, match="a database of something else"):
            await memory.remember("tea", tenant="ana", session=None)
        with pytest.raises(StoreFailed, match="a database of something else"):
            await memory.recall("tea", tenant="ana", session=None)
    assert path.read_bytes() == before


async def test_many_who_make_the_same_file_at_once_make_it_once(tmp_path: Path):
    path = tmp_path / "a.db"
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(asyncio.to_thread(open_to_write, path, busy_s=30.0)) for _ in range(12)]
    files = [task.result() for task in tasks]
    assert {file.connection.execute("PRAGMA user_version").fetchone() for file in files} == {(VERSION,)}
    for file in files:
        file.close()
