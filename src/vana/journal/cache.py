"""A second level for caches in one SQLite file of the data folder, shared by the processes of one machine.

The contract is `vana.layers.second_level.SecondLevel`. The file holds copies only: it may be deleted whenever
nobody has it open.
"""

import asyncio
import json
import os
import sqlite3
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from vana.journal.fault import damaged, primary_code, store_failed
from vana.journal.schema import transaction
from vana.kernel.clock import SYSTEM_CLOCK, Clock
from vana.kernel.errors import ConfigError, StoreFailed
from vana.kernel.plain import JSON
from vana.layers.second_level import MAX_BYTES, MOST_FENCES, Found, SecondLevel, as_text

T = TypeVar("T")

FILE_NAME = "cache.db"
BUSY_S = 0.25
"""How long a statement waits for another process: a cache that is slower than the call helps nobody."""

VERSION = 1
_TABLES = (
    # `bytes` stands in the row so that the sum can be kept without reading values.
    """CREATE TABLE entries (
        id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, value TEXT NOT NULL,
        until REAL NOT NULL, bytes INTEGER NOT NULL
    )""",
    "CREATE INDEX entries_by_end ON entries (until)",
    """CREATE TABLE tags (
        tag TEXT NOT NULL, entry INTEGER NOT NULL REFERENCES entries (id) ON DELETE CASCADE,
        PRIMARY KEY (tag, entry)
    ) WITHOUT ROWID""",
    "CREATE INDEX tags_of_entry ON tags (entry)",
    "CREATE TABLE fences (tag TEXT PRIMARY KEY, fence INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE state (bytes INTEGER NOT NULL, fence INTEGER NOT NULL, floor INTEGER NOT NULL)",
    "INSERT INTO state VALUES (0, 0, 0)",
    "CREATE TRIGGER comes AFTER INSERT ON entries BEGIN UPDATE state SET bytes = bytes + NEW.bytes; END",
    "CREATE TRIGGER goes AFTER DELETE ON entries BEGIN UPDATE state SET bytes = bytes - OLD.bytes; END",
)


def open_cache(home: Path) -> SecondLevel:
    """Give the second level in the data folder *home*; no file is touched before it is first asked."""
    return SqliteCache(home / FILE_NAME)


class SqliteCache:
    """Values in one file, at most *max_bytes*; full, it drops what would be over first.

    One thread of its own does the work. The file is opened at the first call, and again after a call that
    failed, so that a file that was mended or moved away is taken up as it is then.
    """

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES, clock: Clock = SYSTEM_CLOCK) -> None:
        if max_bytes < 1:
            message = f"a second level keeps at least 1 byte, not {max_bytes}"
            raise ConfigError(message)
        self._path = path
        self._max_bytes = max_bytes
        self._clock = clock
        self._connection: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="vana-cache")
        self._is_closed = False

    async def find(self, key: bytes) -> Found:
        """Give what is kept under *key* and not over."""
        return await self._ask(partial(_find, path=self._path, key=key, now=self._clock.now()))

    async def keep(
        self, key: bytes, value: JSON, *, seconds: float, tags: Collection[str], fence: int
    ) -> bool:
        """Keep *value* for *seconds*, and say whether it is."""
        text = as_text(value)
        if len(key) + len(text) > self._max_bytes:
            return False
        now = self._clock.now()
        row = (key, text, now + seconds, len(key) + len(text))
        return await self._ask(
            partial(_keep, row=row, tags=frozenset(tags), fence=fence, now=now, most=self._max_bytes)
        )

    async def invalidate(self, tags: Collection[str]) -> None:
        """Let go of all that bears one of *tags*, and of what is being computed with one."""
        await self._ask(partial(_invalidate, tags=frozenset(tags)))

    async def aclose(self) -> None:
        """Let go of the file; further calls do nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        await asyncio.shield(asyncio.wrap_future(self._thread.submit(self._close)))
        self._thread.shutdown(wait=False)

    async def _ask(self, errand: Callable[[sqlite3.Connection], T]) -> T:
        """Run *errand* on the thread. Who is cancelled no longer waits; the errand goes on."""
        if self._is_closed:
            message = f"{self._path} is closed"
            raise StoreFailed(message, hint="open it anew")
        return await asyncio.shield(asyncio.wrap_future(self._thread.submit(self._run, errand)))

    def _run(self, errand: Callable[[sqlite3.Connection], T]) -> T:
        try:
            if self._connection is None:
                self._connection = _opened(self._path)
            return errand(self._connection)
        except (OSError, sqlite3.Error) as error:
            self._close()
            raise store_failed(self._path, error) from error
        except StoreFailed:
            self._close()
            raise

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _opened(path: Path) -> sqlite3.Connection:
    """Give a connection to the file, made where it is missing, for its owner's eyes only.

    Raises:
        StoreFailed: another version of VANA wrote the file.
        OSError: its folder or the file cannot be made.
        sqlite3.Error: it cannot be opened or written, or it is damaged.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        _prepare(connection, path)
    except (sqlite3.Error, StoreFailed):
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    _use_wal(connection)
    connection.execute("PRAGMA synchronous = OFF")  # a crash of the machine may cost the file, and no fact
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")
    if connection.execute("PRAGMA user_version").fetchone()[0] == VERSION:
        return
    with transaction(connection):
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if version == VERSION:
            return
        if tables:
            message = f"{path} was written by another version of VANA, or by something else"
            raise StoreFailed(message, hint="delete it: it holds copies only")
        for statement in _TABLES:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Let readers and a writer go side by side.

    Of two processes that make a new file at once, SQLite tells one without waiting that the file is busy.
    """
    until = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                raise
            time.sleep(0.01)
        else:
            return


def _find(connection: sqlite3.Connection, *, path: Path, key: bytes, now: float) -> Found:
    # One statement sees one moment: no value can be newer than its fence.
    query = """SELECT state.fence, entries.value, entries.until FROM state
        LEFT JOIN entries ON entries.key = ? AND entries.until > ?"""
    row: tuple[int, str | None, float | None] | None = connection.execute(query, (key, now)).fetchone()
    if row is None:
        raise damaged(path, "its state is missing")
    fence, text, until = row
    if text is None or until is None:
        return Found(fence)
    try:
        return Found(fence, (json.loads(text),), until - now)
    except ValueError as error:
        raise damaged(path, str(error)) from error


def _keep(
    connection: sqlite3.Connection,
    *,
    row: tuple[bytes, str, float, int],
    tags: frozenset[str],
    fence: int,
    now: float,
    most: int,
) -> bool:
    with transaction(connection):
        if _is_void(connection, tags, fence):
            return False
        connection.execute("DELETE FROM entries WHERE key = ? OR until <= ?", (row[0], now))
        insert = "INSERT INTO entries (key, value, until, bytes) VALUES (?, ?, ?, ?)"
        entry = connection.execute(insert, row).lastrowid
        connection.executemany("INSERT INTO tags VALUES (?, ?)", [(tag, entry) for tag in tags])
        _make_room(connection, most)
        kept = connection.execute("SELECT 1 FROM entries WHERE id = ?", (entry,)).fetchone()
    return kept is not None


def _is_void(connection: sqlite3.Connection, tags: frozenset[str], fence: int) -> bool:
    (floor,) = connection.execute("SELECT floor FROM state").fetchone()
    newer = "SELECT 1 FROM fences WHERE tag = ? AND fence > ?"
    return fence < floor or any(connection.execute(newer, (tag, fence)).fetchone() for tag in tags)


def _make_room(connection: sqlite3.Connection, most: int) -> None:
    """Drop what would be over first, with a tenth to spare, so that not every one that comes must."""
    (held,) = connection.execute("SELECT bytes FROM state").fetchone()
    if held <= most:
        return
    for entry, size in connection.execute("SELECT id, bytes FROM entries ORDER BY until").fetchall():
        connection.execute("DELETE FROM entries WHERE id = ?", (entry,))
        held -= size
        if held <= most * 9 // 10:
            return


def _invalidate(connection: sqlite3.Connection, *, tags: frozenset[str]) -> None:
    with transaction(connection):
        connection.execute("UPDATE state SET fence = fence + 1")
        (fence,) = connection.execute("SELECT fence FROM state").fetchone()
        rows = [(tag, fence) for tag in tags]
        connection.executemany("INSERT OR REPLACE INTO fences VALUES (?, ?)", rows)
        drop = "DELETE FROM entries WHERE id IN (SELECT entry FROM tags WHERE tag = ?)"
        connection.executemany(drop, [(tag,) for tag in tags])
        (remembered,) = connection.execute("SELECT count(*) FROM fences").fetchone()
        if remembered > MOST_FENCES:
            connection.execute("UPDATE state SET floor = fence")
            connection.execute("DELETE FROM fences")
