from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING

import pytest

from tests.journal.events import ROOT, ended, note, started
from tests.journal.processes import run_on
from vana.journal.sqlite import open_journal
from vana.kernel.errors import StoreFailed
from vana.kernel.run import Run, Span, inside

if TYPE_CHECKING:
    from pathlib import Path

    from vana.kernel.plain import JSON


async def made() -> JSON:
    return "made"


@pytest.mark.parametrize("under", ["a file", "a folder that cannot be made"])
async def test_impossible_home_gives_a_journal_in_trouble(under: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    home = tmp_path / "file" if under == "a file" else tmp_path / "file" / "home"
    journal = open_journal(home)
    trouble = journal.trouble() or ""
    assert (
        trouble
        == f"{home / 'journal.db'}: its folder cannot be made; let VANA_HOME name a folder that can be"
    )

    journal.emit(started(ROOT, None))
    await journal.flush()
    assert (journal.trouble() or "").endswith("; 1 events were lost")
    for reading in (
        journal.runs(),
        journal.tree("last"),
        journal.forget("run-1"),
        journal.record("run-1/1", 1),
    ):
        with pytest.raises(StoreFailed):
            await reading
    await journal.aclose()


async def test_step_that_cannot_be_kept_is_given_and_degrades_the_span(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    journal = open_journal(tmp_path / "file")
    with inside(Span("root", "ask", Run("run-1"))) as span:
        assert await journal.recorded("run-1/1", made) == "made"
    assert {fact.what for fact in span.degraded} == {"journal"}
    assert str(tmp_path / "file" / "journal.db") in span.degraded[0].why
    await journal.aclose()


async def test_file_that_is_no_database_is_said_to_be_damaged_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"this is no database" * 500)
    journal = open_journal(tmp_path)
    assert journal.trouble() == f"{path}: it is damaged; move it away, and a new one is made"
    journal.emit(started(ROOT, None))
    with pytest.raises(StoreFailed, match="damaged"):
        await journal.runs()
    await journal.aclose()
    assert path.read_bytes() == b"this is no database" * 500


async def test_damage_found_while_running_is_told_and_kills_nothing(tmp_path: Path) -> None:
    first = open_journal(tmp_path)
    for number in range(2000):
        first.emit(started(f"s{number}", content={"text": "x" * 100}))
    await first.aclose()
    path = tmp_path / "journal.db"
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    journal = open_journal(tmp_path)
    journal.emit(started("late"))
    await journal.flush()
    journal.emit(started("later"))
    assert f"{path}: it is damaged" in (journal.trouble() or "")
    assert "2 events were lost" in (journal.trouble() or "")
    with pytest.raises(StoreFailed, match="damaged"):
        await journal.tree("run-1")
    await journal.aclose()


@pytest.mark.real
def test_full_disk_loses_facts_and_tells_and_what_was_written_stays(tmp_path: Path) -> None:
    told = json.loads(run_on('mount -t tmpfs -o size=1m tmpfs "$1"', "no_room.py", tmp_path))
    assert told["at_start"] is None
    assert f"{tmp_path / 'journal.db'}: the disk has no space left; free some space" in told["trouble"]
    assert "events were lost" in told["trouble"]
    assert "the disk has no space left" in told["record"]
    assert told["recorded"] == "made"
    assert told["runs"] == ["run-1"]
    assert told["notes"] == list(range(len(told["notes"])))
    assert len(told["notes"]) >= 100
    assert "the disk has no space left | free some space" in told["blob"]
    assert told["blobs"] == []


@pytest.mark.real
async def test_read_only_home_is_trouble_and_can_be_read(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.emit(started(ROOT, None))
    journal.emit(note(ROOT, "said", data={"n": 7}))
    await journal.aclose()
    mount = 'mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"'
    told = json.loads(run_on(mount, "no_room.py", tmp_path))
    assert told["at_start"] == (
        f"{tmp_path / 'journal.db'}: it may not be written; make its folder writable, "
        "or let VANA_HOME name one that is"
    )
    assert "it may not be written" in told["record"]
    assert "5000 events were lost" in told["trouble"]
    assert (told["runs"], told["notes"], told["recorded"]) == (["run-1"], [7], "made")
    assert "it may not be written" in told["blob"]


async def test_new_home_and_journal_are_for_their_owner_only(tmp_path: Path) -> None:
    if os.name != "posix":
        pytest.skip("rights of files: this is no POSIX system")
    home = tmp_path / "a" / "home"
    journal = open_journal(home)
    journal.emit(started(ROOT, None))
    await journal.flush()
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in home.iterdir()} == {0o600}
    await journal.aclose()


async def test_two_journals_of_one_process_write_to_one_home(tmp_path: Path) -> None:
    first, second = open_journal(tmp_path), open_journal(tmp_path)
    first.emit(started(ROOT, None))
    await first.flush()
    second.emit(started("a"))
    await first.aclose()
    second.emit(ended("a"))
    assert (await second.tree("run-1")).events == 3
    await second.aclose()
