"""Facts that are committed together, as rows."""

import math
import sqlite3
from collections.abc import Sequence
from typing import TypeAlias

from vana.journal.facts import Settled, characters, encoded, encoded_item, storable
from vana.journal.schema import transaction
from vana.kernel.event import Event

Fact: TypeAlias = tuple[Event, Settled, Settled]
"""An event with its data and its content as they were when it was emitted."""

_FactRow: TypeAlias = tuple[str, str, str | None, str, str, float, str | None]

_ADD_FACT = (
    "INSERT INTO events (seq, run_id, span_id, parent_id, kind, name, at, data) VALUES (?,?,?,?,?,?,?,?)"
)
_ADD_ITEM = "INSERT INTO content (seq, key, text) VALUES (?,?,?)"
_ADD_RUN = """INSERT INTO runs (run_id, seq, writer) VALUES (?,?,?)
    ON CONFLICT (run_id) DO UPDATE SET writer = excluded.writer WHERE writer <> excluded.writer"""
_LEAVE_RUN = "UPDATE runs SET writer = '' WHERE run_id = ? AND writer = ?"


class Group:
    """Rows made of *facts* before the file is locked, so that it is locked for as short as can be."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self.characters = sum(characters(content) for _, _, content in facts)
        self._rows = [_row(event, data) for event, data, _ in facts]
        self._items = [
            (place, storable(key), encoded_item(value))
            for place, (_, _, content) in enumerate(facts)
            if content
            for key, value in content.items()
        ]

    def write(self, connection: sqlite3.Connection, writer: str) -> None:
        """Commit the rows in their order, after all that is there; *writer* marks who writes these runs.

        Raises:
            sqlite3.Error: nothing was written.
        """
        with transaction(connection):
            first = 1 + int(connection.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()[0])
            runs: dict[str, int] = {}
            for seq, row in enumerate(self._rows, first):
                runs.setdefault(row[0], seq)
            connection.executemany(_ADD_FACT, ((seq, *row) for seq, row in enumerate(self._rows, first)))
            connection.executemany(
                _ADD_ITEM, ((first + place, key, text) for place, key, text in self._items)
            )
            connection.executemany(_ADD_RUN, ((run_id, seq, writer) for run_id, seq in runs.items()))


def leave(connection: sqlite3.Connection, runs: Sequence[str], writer: str) -> None:
    """Say that *writer* will write no more of *runs*, so that their open spans read as interrupted."""
    with transaction(connection):
        connection.executemany(_LEAVE_RUN, ((run_id, writer) for run_id in runs))


def _row(event: Event, data: Settled) -> _FactRow:
    return (
        storable(event.run_id),
        storable(event.span_id),
        None if event.parent_id is None else storable(event.parent_id),
        event.kind,
        storable(event.name),
        event.at if math.isfinite(event.at) else 0.0,  # SQLite reads NaN as NULL
        None if data is None else encoded(data),
    )
