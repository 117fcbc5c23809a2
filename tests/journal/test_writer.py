from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, NoReturn

import pytest

from tests.conftest import count
from tests.journal.events import ROOT, started
from tests.journal.processes import begin
from vana.journal.journal import INTERRUPTED
from vana.journal.sqlite import open_journal

if TYPE_CHECKING:
    from pathlib import Path

    from vana.kernel.plain import JSON


async def never() -> NoReturn:
    message = "this step was acknowledged"
    raise AssertionError(message)


def killed(home: Path, what: str, moment: int) -> list[list[str]]:
    """Run the program, kill it at a moment drawn by *moment*, and give the words of its whole lines."""
    lines = random.Random(moment).randrange(2, 500)  # noqa: S311 - a moment, nothing secret
    with begin("dies.py", str(home), what) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(lines)]
        process.kill()
        said += process.stdout.readlines()
    return [line.split() for line in said if line.endswith("\n")]


def is_whole(home: Path) -> bool:
    with closing(sqlite3.connect(home / "journal.db")) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.real
@pytest.mark.parametrize("moment", range(count(daily=5, proof=50)))
async def test_kill_costs_at_most_the_last_50_ms_of_events(moment: int, tmp_path: Path) -> None:
    said = killed(tmp_path, "say", moment)
    journal = open_journal(tmp_path)
    written: list[JSON] = []
    if await journal.runs():  # otherwise it was killed within the first 50 ms
        root = (await journal.tree("run-1")).root
        assert root.status == INTERRUPTED
        written = [note.data["n"] for note in root.notes]
    assert written == list(range(len(written)))
    last_at, late = map(float, said[-1][2:])
    lost = [float(at) for _, _, at, _ in said[len(written) :]]
    assert [last_at - at for at in lost if at < last_at - 0.05 - late] == []
    await journal.aclose()
    assert is_whole(tmp_path)


@pytest.mark.real
@pytest.mark.parametrize("moment", range(count(daily=5, proof=50)))
async def test_kill_costs_no_acknowledged_step(moment: int, tmp_path: Path) -> None:
    said = killed(tmp_path, "keep", moment)
    journal = open_journal(tmp_path)
    assert len(said) >= 2
    for _, number in said:
        assert await journal.recorded(f"run-1/{number}", never) == {"n": int(number)}
    await journal.aclose()
    assert is_whole(tmp_path)


@pytest.mark.real
async def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    writers = [begin("writes.py", str(tmp_path), f"writer-{number}", "2000") for number in range(3)]
    for writer in writers:  # all open the new home at the same time; none begins before all have
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
    said = [writer.communicate("go\n") for writer in writers]
    assert [out for out, _ in said] == ["None\n"] * 3

    journal = open_journal(tmp_path)
    notes = (await journal.tree("run-1")).root.notes
    for number in range(3):
        mine = [note for note in notes if note.name == f"writer-{number}"]
        assert [note.data["n"] for note in mine] == list(range(2000))
        assert [item.value for note in mine for item in note.content] == [f"writer-{number}"] * 2000
        assert await journal.recorded(f"run-1/writer-{number}/1990", never) == 1990
    await journal.aclose()


async def test_full_queue_drops_counts_and_tells(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    with sqlite3.connect(tmp_path / "journal.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")  # nobody else can write now
        for number in range(200):
            journal.emit(started(f"s{number}", content={"text": "x" * (1 << 20)}))
        other.execute("COMMIT")
    other.close()
    await journal.flush()
    trouble = journal.trouble() or ""
    written = (await journal.tree("run-1")).events
    assert 64 <= written < 200
    assert "journal.db: facts came faster than they could be written" in trouble
    assert f"{200 - written} events were lost" in trouble
    await journal.aclose()


async def test_events_after_aclose_are_counted_as_lost(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.emit(started(ROOT, None))
    await journal.aclose()
    assert journal.trouble() is None
    journal.emit(started("late"))
    assert journal.trouble() == f"{tmp_path / 'journal.db'}: the journal is closed; 1 events were lost"
    assert (await journal.tree("run-1")).events == 1
