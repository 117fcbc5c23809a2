from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import NoReturn

import pytest

from tests.journal.events import ROOT, started
from vana.journal.journal import INTERRUPTED
from vana.journal.schema import VERSION
from vana.journal.sqlite import open_journal
from vana.kernel.errors import ConfigError, StoreFailed

FIXTURES = Path(__file__).parents[1] / "fixtures" / "journal"


async def never() -> NoReturn:
    message = "this call has been made before"
    raise AssertionError(message)


def test_each_version_has_its_fixture() -> None:
    assert {path.name for path in FIXTURES.glob("*.db")} == {
        f"v{number}.db" for number in range(1, VERSION + 1)
    }


@pytest.mark.parametrize("version", range(1, VERSION + 1))
async def test_journal_of_every_version_is_read_and_written_on(version: int, tmp_path: Path) -> None:
    shutil.copy(FIXTURES / f"v{version}.db", tmp_path / "journal.db")
    journal = open_journal(tmp_path)
    root = (await journal.tree("run-1")).root
    assert (root.name, root.status, root.ms) == ("ask", "answered", 1000.0)
    assert [item.value for item in root.content] == ["größer als 6?", "42"]
    (child,) = root.children
    assert (child.status, child.ms, child.attempts) == ("ok", 250.0, 2)
    assert [item.value for item in child.content] == ["6*7", {"stdout": "42"}]
    assert [note.data for note in root.notes] == [{"wait_s": 0.5}]
    assert [(run.run_id, run.status) for run in await journal.runs()] == [
        ("run-2", INTERRUPTED),
        ("run-1", "answered"),
    ]
    assert [item.forgotten for item in (await journal.tree("last")).root.content] == [True]
    assert await journal.recorded("run-1/approval", never) is True
    with pytest.raises(StoreFailed, match="forgotten"):
        await journal.recorded("run-2/1", never)
    journal.emit(started(ROOT, None, run="run-3"))
    assert (await journal.tree("last")).run_id == "run-3"
    assert journal.trouble() is None
    await journal.aclose()


async def test_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with sqlite3.connect(path) as newer:
        newer.execute("CREATE TABLE of_the_future (x)")
        newer.execute(f"PRAGMA user_version = {VERSION + 1}")
    newer.close()
    before = path.read_bytes()
    with pytest.raises(ConfigError) as caught:
        open_journal(tmp_path)
    assert caught.value.message == f"{path} has schema version {VERSION + 1}; this VANA reads up to {VERSION}"
    assert caught.value.hint == "upgrade vana-agents, or let VANA_HOME name another folder"
    assert path.read_bytes() == before


@pytest.mark.parametrize("statement", ["DELETE FROM events", "UPDATE events SET name = 'another'"])
async def test_fact_can_neither_be_deleted_nor_changed(statement: str, tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.emit(started(ROOT, None))
    await journal.aclose()
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        with pytest.raises(sqlite3.IntegrityError, match="a fact stays as it was written"):
            connection.execute(statement)
        assert connection.execute("SELECT name FROM events").fetchall() == [("tool.root",)]
    connection.close()
