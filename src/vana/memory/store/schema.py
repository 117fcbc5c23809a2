"""The tables of one tenant's file, and the way from each version of them to the next."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from vana.kernel.errors import StoreFailed

_TO_1 = (
    """
    CREATE TABLE items (
        id INTEGER PRIMARY KEY,
        ref TEXT NOT NULL,
        level TEXT NOT NULL,
        scope TEXT NOT NULL,
        session TEXT,
        source TEXT NOT NULL,
        speaker TEXT,
        text TEXT NOT NULL,
        at REAL NOT NULL,
        turn INTEGER NOT NULL,
        seen INTEGER NOT NULL DEFAULT 1,
        identity BLOB NOT NULL UNIQUE
    )
    """,
    # `turn` orders what was said in the same instant; a text said anew gets a new one, and a new `at`.
    "CREATE INDEX items_turn ON items (turn)",
    "CREATE INDEX items_ref ON items (ref)",
    """
    CREATE TABLE facts (
        item INTEGER PRIMARY KEY REFERENCES items (id) ON DELETE CASCADE,
        subject TEXT NOT NULL,
        attribute TEXT NOT NULL,
        kind TEXT NOT NULL,
        value TEXT NOT NULL,
        start INTEGER NOT NULL,
        stop INTEGER NOT NULL
    )
    """,
    "CREATE INDEX facts_key ON facts (subject, attribute)",
    # `scope` narrows a search to one level and conversation inside the index itself: matching a common word
    # in every conversation and dropping most of it afterwards grows with the whole file.
    """
    CREATE VIRTUAL TABLE words USING fts5 (
        scope, body, tokenize = "porter unicode61 remove_diacritics 2"
    )
    """,
    "INSERT INTO words (words, rank) VALUES ('rank', 'bm25(0.0, 1.0)')",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_TO_1,)
"""What leads from version N to N + 1, at place N. What has reached a user is never changed, only followed."""

VERSION = len(MIGRATIONS)


def version_of(connection: sqlite3.Connection, path: Path) -> int:
    """Give the version of the file's tables; 0 when it has none yet.

    Raises:
        StoreFailed: it was written by a newer VANA, or is a database of something else.
    """
    # In this order: tables and version are committed together, so whoever sees the tables sees their version.
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        message = f"{path} was written by a newer VANA (schema {version}; this one knows up to {VERSION})"
        raise StoreFailed(message, hint="install the newer vana-agents again, or choose another VANA_HOME")
    if version == 0 and tables:
        message = f"{path} is a database of something else"
        raise StoreFailed(message, hint="move it away, or choose another VANA_HOME")
    return int(version)


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the file to the newest version, in one transaction; two processes at once do it once.

    Raises:
        StoreFailed: it was written by a newer VANA, or is a database of something else.
    """
    if version_of(connection, path) == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in MIGRATIONS[version_of(connection, path) :]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
