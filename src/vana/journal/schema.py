"""The journal's file: its tables, their versions, and how it is opened."""

import os
import sqlite3
import time
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from vana.journal.fault import primary_code
from vana.kernel.errors import ConfigError

BUSY_S = 5.0
"""How long one statement waits for another process."""

_WAL_TRIES, _WAL_WAIT_S = 100, 0.02

# Content and steps are never deleted but overwritten in place (see `forgetting`), and they only ever grow at
# their end: so no page is split or merged, and no copy of a text is left behind in a page's free space.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE events (
            seq INTEGER PRIMARY KEY,
            run_id TEXT NOT NULL, span_id TEXT NOT NULL, parent_id TEXT,
            kind TEXT NOT NULL, name TEXT NOT NULL, at REAL NOT NULL, data TEXT
        )""",
        "CREATE INDEX events_of_run ON events (run_id)",
        "CREATE INDEX roots_of_run ON events (run_id) WHERE parent_id IS NULL",
        """CREATE TRIGGER events_stay BEFORE DELETE ON events
            BEGIN SELECT RAISE(ABORT, 'a fact stays as it was written'); END""",
        """CREATE TRIGGER events_do_not_change BEFORE UPDATE ON events
            BEGIN SELECT RAISE(ABORT, 'a fact stays as it was written'); END""",
        """CREATE TABLE content (
            id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, key TEXT NOT NULL, text NOT NULL, UNIQUE (seq, key)
        )""",
        "CREATE TABLE runs (run_id TEXT PRIMARY KEY, seq INTEGER NOT NULL, writer TEXT NOT NULL)",
        "CREATE INDEX runs_by_age ON runs (seq)",
        """CREATE TABLE steps (
            id INTEGER PRIMARY KEY, run_id TEXT NOT NULL, key TEXT NOT NULL UNIQUE, value NOT NULL
        )""",
        "CREATE INDEX steps_of_run ON steps (run_id)",
    ),
)
"""One entry for each version, in order; an entry that reached `main` never changes."""

VERSION = len(MIGRATIONS)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Generator[None]:
    """Commit what the block writes, or none of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Give a connection to the file, made and migrated where needed. Any thread may use it, one at a time.

    Raises:
        ConfigError: a newer VANA wrote the file.
        OSError: its folder or the file cannot be made.
        sqlite3.Error: it cannot be opened or written, or it is damaged.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        with suppress(FileExistsError):
            # For its owner's eyes only; SQLite gives the files beside it the same rights. Never opened where
            # it exists: closing it would take away the locks that this process holds on it.
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        _prepare(connection, path)
    except (sqlite3.Error, ConfigError):
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    refuse_newer(connection, path)
    _use_wal(connection)
    connection.execute("PRAGMA synchronous = NORMAL")  # the disk is waited for elsewhere: vana.journal.disk
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("PRAGMA journal_size_limit = 0")  # begun anew, the write-ahead file is short again
    connection.execute("PRAGMA secure_delete = ON")
    with transaction(connection):  # even with nothing to migrate: it shows that the file can be written
        for number in range(refuse_newer(connection, path), VERSION):
            for statement in MIGRATIONS[number]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Let readers and a writer go side by side.

    Two processes that open a new file at once can each hold what the other waits for; SQLite then reports
    that it is busy without waiting, so the wait is here.
    """
    for attempt in range(1, _WAL_TRIES + 1):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if primary_code(error) != sqlite3.SQLITE_BUSY or attempt == _WAL_TRIES:
                raise
            time.sleep(_WAL_WAIT_S)
        else:
            return


def refuse_newer(connection: sqlite3.Connection, path: Path) -> int:
    """Give the version of the file.

    Raises:
        ConfigError: it is newer than this VANA.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > VERSION:
        message = f"{path} has schema version {version}; this VANA reads up to {VERSION}"
        raise ConfigError(message, hint="upgrade vana-agents, or let VANA_HOME name another folder")
    return version


@contextmanager
def open_for_reading(path: Path) -> Generator[sqlite3.Connection]:
    """Give a connection that sees one moment of the file, for the block.

    Raises:
        ConfigError: a newer VANA wrote the file.
        sqlite3.Error: it cannot be read.
    """
    with closing(_connect_to_read(path)) as connection:
        refuse_newer(connection, path)
        connection.execute("BEGIN")
        yield connection


def _connect_to_read(path: Path) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(address, uri=True, timeout=BUSY_S, isolation_level=None)
    try:
        connection.execute("PRAGMA user_version")
    except sqlite3.OperationalError:
        connection.close()
        # SQLite shares its index through a file beside this one. Where that cannot be made (a folder that may
        # only be read) and no write-ahead file lies there, nobody writes, and the file may be read as it is.
        if not path.exists() or path.with_name(path.name + "-wal").exists():
            raise
        connection = sqlite3.connect(f"{address}&immutable=1", uri=True, isolation_level=None)
    return connection
