"""What is wrong with a file, in words that a person can act on."""

import errno
import shutil
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from vana.kernel.errors import StoreFailed

_Words: TypeAlias = tuple[str, str]

_FULL: _Words = ("the disk has no space left", "free some space, then start again")
_CLOSED: _Words = ("it may not be written", "make its folder writable, or let VANA_HOME name one that is")
_NO_FOLDER: _Words = ("its folder cannot be made", "let VANA_HOME name a folder that can be")
_DAMAGED: _Words = ("it is damaged", "move it away, and a new one is made")
_BUSY: _Words = ("another process holds it", "wait until that has ended, then try again")
_OTHER = "look at the disk and at the folder's rights"

_BY_ERRNO: Mapping[int | None, _Words] = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EACCES: _CLOSED,
    errno.EPERM: _CLOSED,
    errno.EROFS: _CLOSED,
    errno.ENOTDIR: _NO_FOLDER,
    errno.ENOENT: _NO_FOLDER,
    errno.EEXIST: _NO_FOLDER,
}
_BY_SQLITE: Mapping[int, _Words] = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _CLOSED,
    sqlite3.SQLITE_PERM: _CLOSED,
    sqlite3.SQLITE_CANTOPEN: _CLOSED,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
}
_NEARLY_FULL_BYTES = 64 * 1024
"""SQLite reports a disk that is full while it grows its shared memory as a plain I/O error."""


def store_failed(path: Path, error: sqlite3.Error | OSError) -> StoreFailed:
    """Give the error that says what is wrong with *path* and what to do about it."""
    if isinstance(error, OSError):
        words = _BY_ERRNO.get(error.errno)
    else:
        words = _BY_SQLITE.get(primary_code(error))
        if primary_code(error) == sqlite3.SQLITE_IOERR and _is_full(path.parent):
            words = _FULL
    what, hint = words or (f"{error}", _OTHER)
    return StoreFailed(f"{path}: {what}", hint=hint)


def damaged(path: Path, how: str) -> StoreFailed:
    """Give the error that says that *path* can be opened, but does not hold what was written."""
    what, hint = _DAMAGED
    return StoreFailed(f"{path}: {what} ({how})", hint=hint)


def primary_code(error: sqlite3.Error) -> int:
    """Give SQLite's primary result code, 0 for an error that Python's own module raised."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF if isinstance(code, int) else 0


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _NEARLY_FULL_BYTES
    except OSError:
        return False
