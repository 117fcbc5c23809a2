from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from vana.kernel.errors import StoreFailed
from vana.memory.store.writer import Writer
from vana.memory.tier import KNOWLEDGE, Item
from vana.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

WAL_HEADER, FRAME_HEADER = 32, 24


@pytest.fixture
def writer(tmp_path: Path) -> Generator[Writer]:
    opened = Writer(tmp_path, FakeClock(), busy_s=10)
    yield opened
    opened.close()


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Hold the file, as another process would, so that what is submitted has to wait."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


def item(text: str, tenant: str = "local") -> Item:
    return Item(text, tenant, KNOWLEDGE)


def commits(path: Path) -> int:
    """Count the commits in the log: frames that give the file's size (SQLite file format, section 4.1)."""
    log = path.with_name(f"{path.name}-wal").read_bytes()
    page = int.from_bytes(log[8:12], "big")
    frames = range(WAL_HEADER, len(log), FRAME_HEADER + page)
    return sum(log[at + 4 : at + 8] != b"\0\0\0\0" for at in frames)


def test_all_that_waits_shares_a_transaction(writer: Writer, tmp_path: Path):
    writer.submit([item("tea")]).result()
    before = commits(tmp_path / "local.db")
    with locked(tmp_path / "local.db"):
        waiting = [writer.submit([item(f"tea {n}")]) for n in range(200)]
    assert len({stored.ref for job in waiting for stored in job.result()}) == 200
    assert commits(tmp_path / "local.db") - before <= 2


def test_each_gets_its_answer_whichever_tenant_it_is_of(writer: Writer, tmp_path: Path):
    jobs = [writer.submit([item("tea", f"t{n % 5}"), item(f"milk {n}", f"t{n % 5}")]) for n in range(50)]
    assert [len(job.result()) for job in jobs] == [2] * 50
    assert sorted(path.name for path in tmp_path.glob("*.db")) == [f"t{n}.db" for n in range(5)]


def test_what_is_cancelled_before_its_turn_is_not_written(writer: Writer, tmp_path: Path):
    writer.submit([item("tea")]).result()
    with locked(tmp_path / "local.db"):
        first = writer.submit([item("milk")])
        while not first.running():
            pass
        second = writer.submit([item("salt")])
        assert not first.cancel()
        assert second.cancel()
    assert first.result()[0].new
    writer.submit([item("bread")]).result()
    connection = sqlite3.connect(tmp_path / "local.db")
    assert {text for (text,) in connection.execute("SELECT text FROM items")} == {"tea", "milk", "bread"}
    connection.close()


def test_mistake_of_ours_is_loud_and_nobody_waits_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    class Broken(FakeClock):
        is_broken = True

        def now(self) -> float:
            if self.is_broken:
                raise ZeroDivisionError
            return super().now()

    heard: list[type[BaseException]] = []

    def hear(told: threading.ExceptHookArgs) -> None:
        heard.append(told.exc_type)

    monkeypatch.setattr(threading, "excepthook", hear)
    clock = Broken()
    writer = Writer(tmp_path, clock, busy_s=10)
    with pytest.raises(StoreFailed, match="was not written"):
        writer.submit([item("tea")]).result(timeout=10)
    clock.is_broken = False
    assert writer.submit([item("tea")]).result(timeout=10)[0].new
    writer.close()
    assert heard == [ZeroDivisionError]
