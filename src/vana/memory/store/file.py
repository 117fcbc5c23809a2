"""One tenant's file: its name, how it is opened, and what its errors mean to a person."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vana.kernel.errors import StoreFailed, Unavailable, VanaError
from vana.memory.store.schema import migrate, version_of

_PLAIN = re.compile(r"[^a-z0-9_-]")
_RESERVED = re.compile(r"con|prn|aux|nul|com\d|lpt\d")
_LONGEST_NAME = 120
_OPEN_RETRY_S = 0.02


def path_of(folder: Path, tenant: str) -> Path:
    """Give the tenant's file: a name any file system takes, different for every tenant.

    Capitals are written out too, for some file systems do not tell them apart.
    """
    name = _PLAIN.sub(lambda sign: "".join(f"%{byte:02x}" for byte in sign[0].encode()), tenant)
    if len(name) > _LONGEST_NAME:
        name = f"~{hashlib.sha256(tenant.encode()).hexdigest()}"
    if _RESERVED.fullmatch(name):
        name = f"%{ord(name[0]):02x}{name[1:]}"
    return folder / f"{name}.db"


@dataclass(slots=True, eq=False)
class File:
    """An open connection, and which file it was opened on."""

    path: Path
    connection: sqlite3.Connection
    identity: tuple[int, int]

    def is_current(self) -> bool:
        """Tell whether the path still leads to this file: what is written to a removed one would be lost."""
        return _identity(self.path) == self.identity

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


def open_to_write(path: Path, *, busy_s: float) -> File:
    """Open the file, make it where it is missing, and bring its tables to the newest version.

    *busy_s*: how long to wait for another process, in seconds.

    Raises:
        StoreFailed: it is of a newer VANA, or of something else.
        sqlite3.Error: it cannot be opened, read or written.
        OSError: its folder cannot be made.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite would let others read it
    connection = _connect(f"{path.absolute().as_uri()}?mode=rw", busy_s)
    try:
        _patiently(lambda: _prepare(connection, path), busy_s)
    except BaseException:
        connection.close()
        raise
    return File(path, connection, _identity(path))


def open_to_read(path: Path, *, busy_s: float) -> File | None:
    """Open the file for reading, or give `None` where nothing was ever written.

    Raises:
        StoreFailed: it is of a newer VANA, or of something else.
        sqlite3.Error: it cannot be opened or read.
    """
    try:
        path.stat()
    except FileNotFoundError:
        return None
    try:
        return _reader(path, "mode=rw", busy_s)
    except sqlite3.OperationalError as error:
        # A folder we cannot write to: SQLite cannot make its index of the log there. Without a log nobody
        # has the file open to write, and there is nothing to index.
        closed = _code(error) in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
        if not closed or path.with_name(f"{path.name}-wal").exists():
            raise
        return _reader(path, "mode=ro&immutable=1", busy_s)


def explain(error: sqlite3.Error | OSError, path: Path) -> VanaError:
    """Give what went wrong with the file at *path*, for a person; nothing was half written."""
    why, hint, is_busy = _meaning(error)
    message = f"the memory at {path} {why} ({error})"
    return Unavailable(message, hint=hint, code="store_busy") if is_busy else StoreFailed(message, hint=hint)


def _reader(path: Path, mode: str, busy_s: float) -> File | None:
    connection = _connect(f"{path.absolute().as_uri()}?{mode}", busy_s)
    try:
        connection.execute("PRAGMA query_only = ON")
        version = version_of(connection, path)
    except BaseException:
        connection.close()
        raise
    if version == 0:  # another process is making it
        connection.close()
        return None
    return File(path, connection, _identity(path))


def _connect(uri: str, busy_s: float) -> sqlite3.Connection:
    # Each connection is used by one thread at a time, and closed by another.
    return sqlite3.connect(uri, uri=True, timeout=busy_s, isolation_level=None, check_same_thread=False)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    version_of(connection, path)  # before anything is written to a file that is not ours
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # an acknowledged write survives the loss of power
    connection.execute("PRAGMA foreign_keys = ON")
    migrate(connection, path)


def _patiently(work: Callable[[], None], busy_s: float) -> None:
    """Do *work* again while the file is busy: SQLite's own waiting does not cover the change to WAL."""
    until = time.monotonic() + busy_s
    while True:
        try:
            work()
        except sqlite3.OperationalError as error:
            if not _meaning(error)[2] or time.monotonic() >= until:
                raise
            time.sleep(_OPEN_RETRY_S)
        else:
            return


def _identity(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_dev, found.st_ino)


_CLOSED_FOLDER = "make its folder writable for you, or choose another with VANA_HOME"
_NO_SPACE = "free some space and try again; everything acknowledged before is safe"
_DAMAGED = "move the file away and put a copy back; VANA never repairs or removes it by itself"
_BUSY = "another process holds it for long; try again, or end that process"

_BY_CODE: dict[int, tuple[str, str]] = {
    sqlite3.SQLITE_FULL: ("cannot be written: the disk is full", _NO_SPACE),
    sqlite3.SQLITE_IOERR: ("cannot be read or written: the disk refuses, or is full", _NO_SPACE),
    sqlite3.SQLITE_READONLY: ("is read-only", _CLOSED_FOLDER),
    sqlite3.SQLITE_PERM: ("may not be opened", _CLOSED_FOLDER),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", _CLOSED_FOLDER),
    sqlite3.SQLITE_CORRUPT: ("is damaged", _DAMAGED),
    sqlite3.SQLITE_NOTADB: ("is damaged: it is no database", _DAMAGED),
    sqlite3.SQLITE_BUSY: ("is locked by another process", _BUSY),
    sqlite3.SQLITE_LOCKED: ("is locked by another process", _BUSY),
}
_BY_ERRNO: dict[int, tuple[str, str]] = {
    errno.ENOSPC: _BY_CODE[sqlite3.SQLITE_FULL],
    errno.EDQUOT: _BY_CODE[sqlite3.SQLITE_FULL],
}


def _meaning(error: sqlite3.Error | OSError) -> tuple[str, str, bool]:
    """Give why, what to do next, and whether it may pass by itself."""
    if isinstance(error, OSError):
        return (*_BY_ERRNO.get(error.errno or 0, ("cannot be opened", _CLOSED_FOLDER)), False)
    code = _code(error)
    why, hint = _BY_CODE.get(code, ("cannot be used", "vana doctor tests the store"))
    return why, hint, code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def _code(error: sqlite3.Error) -> int:
    """Give the kind of an error of SQLite: the low byte of its code; 0 where Python raised it itself."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
