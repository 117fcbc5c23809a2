"""Memories in SQLite: one file for each tenant, in a folder that only its owner can read."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

from vana.kernel.clock import SYSTEM_CLOCK, Clock
from vana.kernel.errors import UsageError
from vana.memory.facts import Question
from vana.memory.store import rows
from vana.memory.store.file import File, explain, open_to_read, path_of
from vana.memory.store.store import Store, Stored
from vana.memory.store.writer import MOST_FILES, Writer
from vana.memory.tier import Hit, Item, Query

BUSY_S = 10.0
"""How long to wait for another process that holds the file, in seconds."""

READERS = 4
"""So many searches run at once; SQLite lets go of the interpreter while it searches."""

_Read: TypeAlias = Callable[[sqlite3.Connection], tuple[Hit, ...]]


def open_store(home: Path) -> Store:
    """Give the store in *home*, under `memory/`. Nothing is opened or made before first use."""
    return SqliteStore(home)


class SqliteStore:
    """The store of one data folder. Several processes may have it open at once.

    All SQLite work is done in threads: one that writes for everyone, and a few that read.
    """

    def __init__(self, home: Path, *, clock: Clock = SYSTEM_CLOCK, busy_s: float = BUSY_S) -> None:
        self._folder = home / "memory"
        self._busy_s = busy_s
        self._writer = Writer(self._folder, clock, busy_s=busy_s)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="vana-memory-reader")
        self._own = threading.local()
        self._opened: list[_Files] = []
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def append(self, items: Sequence[Item]) -> tuple[Stored, ...]:
        """Keep *items* of one tenant, all or none; see the contract."""
        self._check_open()
        if not items:
            return ()
        if len({item.tenant for item in items}) > 1:
            message = "items that are kept together must be of one tenant"
            raise UsageError(message)
        return await asyncio.wrap_future(self._writer.submit(items))

    async def find(self, query: Query, level: str) -> tuple[Hit, ...]:
        """Give the hits of *level* whose words match best; see the contract. Scores are BM25 sums."""
        return await self._read(query.tenant, lambda connection: rows.find(connection, query, level))

    async def stated(self, query: Query, level: str, question: Question) -> tuple[Hit, ...]:
        """Give the memories in which the user states what *question* asks for; see the contract."""
        return await self._read(
            query.tenant, lambda connection: rows.stated(connection, query, level, question)
        )

    async def aclose(self) -> None:
        """Write what was taken, then close every file and thread. Closing twice is closing once."""
        if self._closed:
            return
        self._closed = True
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._readers.shutdown()
        for files in self._opened:
            files.close()
        self._writer.close()

    async def _read(self, tenant: str, read: _Read) -> tuple[Hit, ...]:
        self._check_open()
        path = path_of(self._folder, tenant)
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read_here, path, read)

    def _read_here(self, path: Path, read: _Read) -> tuple[Hit, ...]:
        files: _Files | None = getattr(self._own, "files", None)
        if files is None:
            files = self._own.files = _Files(self._busy_s)
            self._opened.append(files)
        try:
            file = files.opened(path)
            return () if file is None else read(file.connection)
        except (sqlite3.Error, OSError) as error:
            files.drop(path)
            raise explain(error, path) from error

    def _check_open(self) -> None:
        if self._closed:
            message = "the memory is closed"
            raise UsageError(message)


class _Files:
    """The files one reading thread has open, the one unused for longest first."""

    def __init__(self, busy_s: float) -> None:
        self._busy_s = busy_s
        self._files: OrderedDict[Path, File] = OrderedDict()

    def opened(self, path: Path) -> File | None:
        file = self._files.get(path)
        if file is not None and not file.is_current():
            self.drop(path)
            file = None
        if file is None:
            file = open_to_read(path, busy_s=self._busy_s)
            if file is None:
                return None
            self._files[path] = file
            if len(self._files) > MOST_FILES:
                self._files.popitem(last=False)[1].close()
        self._files.move_to_end(path)
        return file

    def drop(self, path: Path) -> None:
        file = self._files.pop(path, None)
        if file is not None:
            file.close()

    def close(self) -> None:
        while self._files:
            self._files.popitem()[1].close()
