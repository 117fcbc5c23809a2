from __future__ import annotations

import errno
import sqlite3
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vana.kernel.errors import StoreFailed, Unavailable
from vana.memory.store.file import explain, open_to_read, open_to_write, path_of

NAME = st.text(st.characters(codec="utf-8"), min_size=1, max_size=200)


@given(NAME, NAME)
def test_each_tenant_has_a_file_of_its_own_in_the_folder_itself(one: str, other: str):
    first, second = path_of(Path("home"), one), path_of(Path("home"), other)
    assert (first == second) == (one == other)
    assert str(first).casefold() == str(first)
    assert first.parent == Path("home")
    assert len(first.name.encode()) <= 130
    assert first.name.isascii()


@pytest.mark.parametrize(
    ("tenant", "name"),
    [
        ("local", "local.db"),
        ("Ana", "%41na.db"),
        ("../x", "%2e%2e%2fx.db"),
        ("con", "%63on.db"),
        ("\u00e4", "%c3%a4.db"),
        ("a b", "a%20b.db"),
    ],
)
def test_name_of_a_tenants_file(tenant: str, name: str):
    assert path_of(Path(), tenant).name == name


def test_writer_waits_for_the_disk_at_every_commit(tmp_path: Path):
    file = open_to_write(tmp_path / "a.db", busy_s=1)
    modes = [
        file.connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")
    ]
    file.close()
    assert modes == ["wal", 2]


def test_making_the_file_waits_for_one_who_is_about_to_write_it(tmp_path: Path):
    """SQLite does not wait here: it reports at once that the file is busy."""
    path = tmp_path / "a.db"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    going = threading.Timer(0.05, lambda: other.execute("ROLLBACK"))
    going.start()
    file = open_to_write(path, busy_s=30)
    going.join()
    other.close()
    assert file.connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    file.close()


def test_reader_cannot_write(tmp_path: Path):
    open_to_write(tmp_path / "a.db", busy_s=1).close()
    file = open_to_read(tmp_path / "a.db", busy_s=1)
    assert file is not None
    with pytest.raises(sqlite3.OperationalError):
        file.connection.execute("DELETE FROM items")
    file.close()


def test_nothing_is_made_to_read(tmp_path: Path):
    assert open_to_read(tmp_path / "a.db", busy_s=1) is None
    assert list(tmp_path.iterdir()) == []


def test_file_that_another_process_is_making_has_nothing_to_read(tmp_path: Path):
    (tmp_path / "a.db").touch()
    assert open_to_read(tmp_path / "a.db", busy_s=1) is None


def test_full_disk_is_told_alike_by_sqlite_and_the_system():
    told = explain(OSError(errno.ENOSPC, "No space left on device"), Path("a.db"))
    assert isinstance(told, StoreFailed)
    assert "a.db cannot be written: the disk is full" in told.message


def test_lock_is_told_as_something_that_passes(tmp_path: Path):
    one, two = (sqlite3.connect(tmp_path / "a.db", timeout=0, isolation_level=None) for _ in range(2))
    one.execute("BEGIN EXCLUSIVE")
    with pytest.raises(sqlite3.OperationalError) as caught:
        two.execute("BEGIN EXCLUSIVE")
    one.close()
    two.close()
    assert isinstance(explain(caught.value, tmp_path), Unavailable)
