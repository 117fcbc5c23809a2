"""What waits for the disk, away from the thread that writes: inside a commit it would hold up all others.

In WAL mode a commit is durable once the write-ahead file is synced: `PRAGMA synchronous = FULL` does just
that, inside the commit (https://www.sqlite.org/pragma.html#pragma_synchronous). Here it is done after it, so
that others commit meanwhile and one sync serves them all.
"""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

LONG_BYTES = 4 << 20
"""SQLite's own measure: it moves a write-ahead file of 1000 pages into the database."""


def write_ahead(path: Path) -> Path:
    """Give the write-ahead file of the database *path*."""
    return path.with_name(path.name + "-wal")


def sync(path: Path) -> None:
    """Wait until all that was committed to *path* is on the disk.

    Raises:
        OSError: the disk could not take it.
    """
    try:
        descriptor = os.open(write_ahead(path), os.O_RDWR)
    except FileNotFoundError:
        return  # it is taken away only when all it held is in the database, on the disk
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_long(path: Path) -> bool:
    """Say whether the write-ahead file is long enough to be moved into the database."""
    try:
        return write_ahead(path).stat().st_size > LONG_BYTES
    except OSError:
        return False


def checkpoint(path: Path) -> None:
    """Move what the write-ahead file holds into the database; others read and write meanwhile."""
    # Where it fails nothing is lost: the facts stay in the write-ahead file, and what ails the disk meets the
    # next commit, which tells.
    address = f"{path.absolute().as_uri()}?mode=rw"  # never made where it is missing
    with suppress(sqlite3.Error), closing(sqlite3.connect(address, uri=True)) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
