"""State that the processes of one machine share, in a small SQLite file of the data folder."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from vana.journal.fault import damaged, store_failed
from vana.kernel.plain import JSON

T = TypeVar("T")

FILE_NAME = "shared.db"
BUSY_S = 5.0
"""How long one statement waits for another process."""

_TABLE = """CREATE TABLE IF NOT EXISTS shared_state (
    key TEXT PRIMARY KEY, value TEXT NOT NULL, version INTEGER NOT NULL
)"""


class SqliteSharedState:
    """The contract is `vana.kernel.ports.SharedState`; every write raises a key's version by one.

    Each call opens the file anew, in a thread: it may be kept by any number of processes and loops, and
    there is nothing to close. What was written survives a crash of the process; of a power cut only that the
    file is whole: what is shared here is found out again.

    Every method raises `StoreFailed` when the file cannot be read or written.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / FILE_NAME

    async def read(self, key: str) -> tuple[JSON, int]:
        """Give the value and its version; `(None, 0)` where nothing is kept."""

        def find(connection: sqlite3.Connection) -> tuple[JSON, int]:
            row = connection.execute(
                "SELECT value, version FROM shared_state WHERE key = ?", (key,)
            ).fetchone()
            return (json.loads(row[0]), int(row[1])) if row is not None else (None, 0)

        return await asyncio.to_thread(self._with_file, find)

    async def swap(self, key: str, value: JSON, *, version: int) -> bool:
        """Write *value* when the kept version is still *version*, and say whether it was."""
        text = json.dumps(value)

        def write(connection: sqlite3.Connection) -> bool:
            # One statement each, so that no other process comes in between.
            if version == 0:
                kept = "INSERT OR IGNORE INTO shared_state (key, value, version) VALUES (?, ?, 1)"
                return connection.execute(kept, (key, text)).rowcount == 1
            kept = "UPDATE shared_state SET value = ?, version = version + 1 WHERE key = ? AND version = ?"
            return connection.execute(kept, (text, key, version)).rowcount == 1

        return await asyncio.to_thread(self._with_file, write)

    def _with_file(self, errand: Callable[[sqlite3.Connection], T]) -> T:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with closing(sqlite3.connect(self._path, timeout=BUSY_S, isolation_level=None)) as connection:
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute(_TABLE)
                return errand(connection)
        except (OSError, sqlite3.Error) as error:
            raise store_failed(self._path, error) from error
        except ValueError as error:
            raise damaged(self._path, f"{error}") from error
