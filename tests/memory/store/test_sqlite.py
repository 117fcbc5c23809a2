from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import sqlite3
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from tests.memory.processes import PROGRAMS, begin, run, run_on
from vana.kernel.errors import StoreFailed, Unavailable
from vana.memory.store.sqlite import SqliteStore, open_store
from vana.memory.tier import KNOWLEDGE, Item, Query

if TYPE_CHECKING:
    from collections.abc import Generator

KILLS = 40 if os.environ.get("VANA_PROOF") else 6
FACTS = 200


def item(text: str) -> Item:
    return Item(text, "local", KNOWLEDGE)


def query(text: str) -> Query:
    return Query(text, "local", limit=5)


def file_in(home: Path) -> Path:
    return home / "memory" / "local.db"


def rows(home: Path) -> dict[str, str]:
    """Give ref and text of all that is kept, from a sound file."""
    connection = sqlite3.connect(file_in(home))
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.execute("INSERT INTO words (words) VALUES ('integrity-check')")
        found = connection.execute("SELECT ref, text FROM items").fetchall()
        assert connection.execute("SELECT count(*) FROM words").fetchone() == (len(found),)
        return dict(cast("list[tuple[str, str]]", found))
    finally:
        connection.close()


def promises(lines: list[str]) -> dict[str, str]:
    """Give ref and text of each whole line; a kill may cut the last one."""
    return dict(line.rstrip("\n").split(" ", 1) for line in lines if line.endswith("\n"))


@pytest.mark.real
def test_what_was_acknowledged_survives_a_kill_at_any_moment(tmp_path: Path):
    acknowledged: dict[str, str] = {}
    cut_short = 0
    for number in range(KILLS):
        process = begin("remembers.py", str(tmp_path), f"name{number}", str(FACTS))
        assert process.stdout is not None
        with process:
            lines = [process.stdout.readline() for _ in range(random.randint(0, FACTS - 1))]  # noqa: S311 - no secret
            process.kill()
            lines += process.stdout.readlines()
        promised = promises(lines)
        cut_short += len(promised) < FACTS
        acknowledged |= promised
        kept = rows(tmp_path) if file_in(tmp_path).exists() else {}
        assert {ref: kept.get(ref) for ref in acknowledged} == acknowledged
    assert acknowledged
    assert cut_short


@pytest.mark.real
def test_two_processes_write_to_one_folder_and_lose_nothing(tmp_path: Path):
    processes = [
        begin("remembers.py", str(tmp_path), name, str(FACTS)) for name in ("code", "colour", "place")
    ]
    acknowledged: dict[str, str] = {}
    for process in processes:
        with process:
            acknowledged |= promises(process.communicate(timeout=120)[0].splitlines(keepends=True))
        assert process.returncode == 0
    assert len(acknowledged) == 3 * FACTS
    assert rows(tmp_path) == acknowledged


@pytest.mark.real
def test_full_disk_is_told_and_keeps_what_was_acknowledged(tmp_path: Path):
    mount = 'mount -t tmpfs -o size=1m tmpfs "$1"; head -c 300000 /dev/zero > "$1/ballast"'
    told = json.loads(run_on(mount, "no_room.py", tmp_path))
    assert str(file_in(tmp_path)) in told["error"]
    assert "the disk is full" in told["error"]
    assert "free some space" in told["hint"]
    assert told["kept"] > 0
    assert {name: told[name] for name in ("after", "integrity", "lost", "too many")} == {
        "after": True,
        "integrity": "ok",
        "lost": 0,
        "too many": 0,
    }


@pytest.mark.real
def test_file_that_may_not_grow_is_told_and_keeps_what_was_acknowledged(tmp_path: Path):
    told = json.loads(run([sys.executable, str(PROGRAMS / "no_room.py"), str(tmp_path), "400000"]))
    assert str(file_in(tmp_path)) in told["error"]
    assert told["kept"] > 0
    assert [told[name] for name in ("after", "integrity", "lost", "too many")] == [True, "ok", 0, 0]


@pytest.mark.real
def test_read_only_file_system_is_told(tmp_path: Path):
    told = json.loads(run_on('mount -t tmpfs -o ro tmpfs "$1"', "no_room.py", tmp_path))
    assert str(file_in(tmp_path)) in told["error"]
    assert "VANA_HOME" in told["hint"]
    assert told["kept"] == 0


@contextmanager
def as_nobody() -> Generator[Path]:
    """Give a home and, inside the block, no rights of root: its permissions count."""
    home = Path(tempfile.mkdtemp())
    is_root = os.geteuid() == 0
    try:
        if is_root:
            os.chown(home, 65534, 65534)
            os.seteuid(65534)
        yield home
    finally:
        if is_root:
            os.seteuid(0)
        for folder in (home, home / "memory"):
            if folder.exists():
                folder.chmod(0o700)
        shutil.rmtree(home)


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of another kind")
async def test_closed_home_refuses_to_write_and_names_itself():
    with as_nobody() as home:
        home.chmod(0o500)
        async with SqliteStore(home) as store:
            with pytest.raises(StoreFailed, match=str(file_in(home))) as caught:
                await store.append([item("tea")])
            assert "VANA_HOME" in (caught.value.hint or "")
            assert await store.find(query("tea"), KNOWLEDGE) == ()


async def test_what_is_in_a_folder_nobody_may_write_to_can_be_read():
    with as_nobody() as home:
        async with SqliteStore(home) as store:
            await store.append([item("tea")])
        file_in(home).chmod(0o400)
        (home / "memory").chmod(0o500)
        async with SqliteStore(home) as store:
            assert [hit.text for hit in await store.find(query("tea"), KNOWLEDGE)] == ["tea"]
            with pytest.raises(StoreFailed, match=r"read-only|opened"):
                await store.append([item("milk")])
            assert [hit.text for hit in await store.find(query("tea milk"), KNOWLEDGE)] == ["tea"]


async def test_home_that_is_a_file_is_told(tmp_path: Path):
    (tmp_path / "file").touch()
    async with SqliteStore(tmp_path / "file") as store:
        with pytest.raises(StoreFailed, match="cannot be opened"):
            await store.append([item("tea")])


async def test_file_that_is_no_database_is_told_and_left_alone(tmp_path: Path):
    path = file_in(tmp_path)
    path.parent.mkdir()
    path.write_bytes(b"this is no database" * 500)
    async with SqliteStore(tmp_path) as store:
        for work in (store.append([item("tea")]), store.find(query("tea"), KNOWLEDGE)):
            with pytest.raises(StoreFailed, match="is damaged") as caught:
                await work
            assert str(path) in caught.value.message
            assert "put a copy back" in (caught.value.hint or "")
    assert path.read_bytes() == b"this is no database" * 500


async def test_damage_is_told_and_a_copy_put_back_is_read_at_once(tmp_path: Path):
    async with SqliteStore(tmp_path) as store:
        await store.append([item(f"tea number {n} " + "x" * 200) for n in range(2000)])
    path = file_in(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    async with SqliteStore(tmp_path) as store:
        with pytest.raises(StoreFailed, match="is damaged"):
            await store.find(query("tea"), KNOWLEDGE)
        with pytest.raises(StoreFailed, match="is damaged"):
            await store.append([item("milk")])
        path.write_bytes(whole)
        for log in path.parent.glob("*-*"):
            log.unlink()
        assert len(await store.find(query("tea"), KNOWLEDGE)) == 5
        await store.append([item("milk")])


async def test_locked_file_is_told_as_something_that_passes(tmp_path: Path):
    async with SqliteStore(tmp_path, busy_s=0.02) as store:
        await store.append([item("tea")])
        other = sqlite3.connect(file_in(tmp_path), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="locked by another process") as caught:
            await store.append([item("milk")])
        assert caught.value.code == "store_busy"
        assert len(await store.find(query("tea"), KNOWLEDGE)) == 1
        other.execute("ROLLBACK")
        other.close()
        await store.append([item("milk")])
        assert len(await store.find(query("milk"), KNOWLEDGE)) == 1


async def test_file_that_was_removed_is_made_anew_instead_of_written_to(tmp_path: Path):
    async with SqliteStore(tmp_path) as store:
        await store.append([item("tea")])
        assert len(await store.find(query("tea"), KNOWLEDGE)) == 1
        for path in (tmp_path / "memory").iterdir():
            path.unlink()
        assert await store.find(query("tea"), KNOWLEDGE) == ()
        (kept,) = await store.append([item("milk")])
        assert kept.new
    assert rows(tmp_path) == {kept.ref: "milk"}


async def test_only_the_owner_may_read_it(tmp_path: Path):
    async with SqliteStore(tmp_path) as store:
        await store.append([item("tea")])
        modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "memory").iterdir()}
        assert modes == {0o600}
        assert (tmp_path / "memory").stat().st_mode & 0o777 == 0o700


async def test_it_writes_ahead_and_waits_for_the_disk(tmp_path: Path):
    async with SqliteStore(tmp_path) as store:
        await store.append([item("tea")])
        assert (tmp_path / "memory" / "local.db-wal").exists()
        assert file_in(tmp_path).exists()


async def test_the_loop_goes_on_while_a_write_waits_for_a_lock(tmp_path: Path):
    async with SqliteStore(tmp_path) as store:
        await store.append([item("tea")])
        other = sqlite3.connect(file_in(tmp_path), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.ensure_future(store.append([item("milk")]))
        for _ in range(3):
            assert len(await store.find(query("tea"), KNOWLEDGE)) == 1
            assert not writing.done()
        other.execute("ROLLBACK")
        other.close()
        assert (await writing)[0].new


def open_in(home: Path) -> set[str]:
    """Give the databases in *home* that this process has open; none where the system does not tell."""
    told = Path("/proc/self/fd")
    links = [os.path.realpath(link) for link in told.iterdir()] if told.exists() else []
    return {link for link in links if link.startswith(str(home)) and link.endswith(".db")}


async def test_more_tenants_than_files_may_be_open_are_all_kept(tmp_path: Path):
    async with SqliteStore(tmp_path) as store:
        for _ in range(2):
            for number in range(70):
                await store.append([Item("tea", f"tenant{number}", KNOWLEDGE)])
                found = await store.find(Query("tea", f"tenant{number}"), KNOWLEDGE)
                assert [hit.text for hit in found] == ["tea"]
        assert len(open_in(tmp_path)) < 70
    assert len(list((tmp_path / "memory").glob("*.db"))) == 70


async def test_common_words_do_not_hide_the_rare_one(tmp_path: Path):
    async with SqliteStore(tmp_path) as store:
        await store.append([item(f"box {n} of the red shelf holds thing{n}") for n in range(2500)])
        (hit, *_) = await store.find(query("which red box holds thing7?"), KNOWLEDGE)
        assert hit.text == "box 7 of the red shelf holds thing7"
        newest = await store.find(query("red box"), KNOWLEDGE)
        assert len(newest) == 5


async def test_common_word_orders_what_the_rare_one_finds(tmp_path: Path):
    async with SqliteStore(tmp_path) as store:
        await store.append([item(f"note {n} of ana") for n in range(2500)])
        await store.append([item("a car of bob"), item("a car of ana")])
        hits = await store.find(query("ana's car"), KNOWLEDGE)
        assert [hit.text for hit in hits] == ["a car of ana", "a car of bob"]


def test_opening_makes_nothing(tmp_path: Path):
    open_store(tmp_path)
    assert list(tmp_path.iterdir()) == []
