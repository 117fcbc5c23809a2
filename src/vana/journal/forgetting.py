"""How personal content is destroyed, so that no byte of it is left in any file of the journal.

It is overwritten in place with as many zeros, never deleted: even with `secure_delete`, a deletion lets
SQLite merge pages, and a page written anew may keep copies of moved rows in its free space (measured:
deleting 1,400 of 2,000 rows left up to two texts readable). Then the write-ahead file is emptied.
"""

import re
import sqlite3
import time
from pathlib import Path

from vana.journal.facts import storable
from vana.journal.reading import RECENT, newest
from vana.journal.schema import BUSY_S, transaction
from vana.kernel.errors import StoreFailed, UnknownName

_PAUSE_S = 0.01
_ITEM = re.compile(r"c(\d{1,18})\.(.+)", re.DOTALL)
_OVERWRITE_ITEM = """UPDATE content SET text = zeroblob(length(CAST(text AS BLOB)))
    WHERE seq = ? AND key = ? AND typeof(text) = 'text'"""
_OVERWRITE_ITEMS = """UPDATE content SET text = zeroblob(length(CAST(text AS BLOB)))
    WHERE seq IN (SELECT seq FROM events WHERE run_id = ?) AND typeof(text) = 'text'"""
_OVERWRITE_STEPS = """UPDATE steps SET value = zeroblob(length(CAST(value AS BLOB)))
    WHERE run_id = ? AND typeof(value) = 'text'"""
_IS_ITEM = "SELECT 1 FROM content WHERE seq = ? AND key = ?"
_IS_RUN = "SELECT 1 FROM runs WHERE run_id = ?1 UNION ALL SELECT 1 FROM steps WHERE run_id = ?1"


def forget(connection: sqlite3.Connection, target: str, *, path: Path) -> int:
    """Destroy the content item, or all content and step results of the run, called *target*; give how many.

    Raises:
        UnknownName: neither is called so.
        StoreFailed: another process still holds the write-ahead file, which may hold the text.
        sqlite3.Error: nothing was destroyed.
    """
    with transaction(connection):
        count = _overwrite(connection, storable(target))
    if not _empty_write_ahead(connection):
        message = (
            f"{target} is forgotten, but {path}-wal may still hold its text: another process is reading it"
        )
        raise StoreFailed(message, hint="forget it again when that process has ended")
    return count


def _empty_write_ahead(connection: sqlite3.Connection) -> bool:
    """Say whether it is empty now, on the disk. SQLite waits for readers, but not for another checkpoint."""
    until = time.monotonic() + BUSY_S
    while connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        if time.monotonic() > until:
            return False
        time.sleep(_PAUSE_S)
    return True


def _overwrite(connection: sqlite3.Connection, target: str) -> int:
    item = _ITEM.fullmatch(target)
    if item is not None and connection.execute(_IS_ITEM, item.groups()).fetchone():
        return connection.execute(_OVERWRITE_ITEM, item.groups()).rowcount
    if not connection.execute(_IS_RUN, [target]).fetchone():
        kind = "content item or run"
        raise UnknownName(kind, target, newest(connection, RECENT), listed="newest")
    items = connection.execute(_OVERWRITE_ITEMS, [target]).rowcount
    return items + connection.execute(_OVERWRITE_STEPS, [target]).rowcount
