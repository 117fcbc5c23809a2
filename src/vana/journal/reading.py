"""Runs, read back from their rows."""

import sqlite3
from collections.abc import Mapping, Sequence

from vana.journal.facts import decoded, decoded_object, storable
from vana.journal.journal import NEWEST, Content, RunSummary, RunTree
from vana.journal.process import is_alive
from vana.journal.tree import StoredEvent, grow
from vana.kernel.errors import UnknownName

RECENT = 5
"""How many runs an error lists."""

_FACTS = "SELECT seq, kind, span_id, parent_id, name, at, data FROM events WHERE run_id = ?"
_WHOLE = f"{_FACTS} ORDER BY seq"
_ROOT = f"{_FACTS} AND parent_id IS NULL AND kind <> 'note' ORDER BY seq"
_CONTENT = """SELECT c.seq, c.key, CASE typeof(c.text) WHEN 'text' THEN c.text END
    FROM events e JOIN content c ON c.seq = e.seq WHERE e.run_id = ? ORDER BY c.id"""
_WRITER = "SELECT writer FROM runs WHERE run_id = ?"


def newest(connection: sqlite3.Connection, limit: int) -> list[str]:
    """Give the ids of at most *limit* runs, the newest first."""
    rows = connection.execute("SELECT run_id FROM runs ORDER BY seq DESC LIMIT ?", [max(0, limit)])
    return [run_id for (run_id,) in rows]


def summaries(connection: sqlite3.Connection, limit: int) -> Sequence[RunSummary]:
    """Give at most *limit* runs as a line each, the newest first."""
    return tuple(_summary(connection, run_id) for run_id in newest(connection, limit))


def _summary(connection: sqlite3.Connection, run_id: str) -> RunSummary:
    events = _events(connection, _ROOT, run_id, {}) or _events(connection, _WHOLE, run_id, {})
    root = grow(run_id, events, is_alive=_has_writer(connection, run_id)).root
    return RunSummary(run_id, root.name, root.status, root.started_at, root.ms, root.degraded)


def run_tree(connection: sqlite3.Connection, run_id: str) -> RunTree:
    """Give the run called *run_id*, or with `"last"` the newest.

    Raises:
        UnknownName: there is none.
    """
    wanted = next(iter(newest(connection, 1)), run_id) if run_id == NEWEST else storable(run_id)
    events = _events(connection, _WHOLE, wanted, _content(connection, wanted))
    if not events:
        kind = "run"
        known = newest(connection, RECENT)
        raise UnknownName(kind, run_id, known, listed="newest", hint="`vana trace last` shows the newest")
    return grow(wanted, events, is_alive=_has_writer(connection, wanted))


def _has_writer(connection: sqlite3.Connection, run_id: str) -> bool:
    row = connection.execute(_WRITER, [run_id]).fetchone()
    return row is not None and is_alive(row[0])


def _events(
    connection: sqlite3.Connection, query: str, run_id: str, content: Mapping[int, tuple[Content, ...]]
) -> list[StoredEvent]:
    return [
        StoredEvent(kind, span_id, parent_id, name, at, decoded_object(data), content.get(seq, ()))
        for seq, kind, span_id, parent_id, name, at, data in connection.execute(query, [run_id])
    ]


def _content(connection: sqlite3.Connection, run_id: str) -> dict[int, tuple[Content, ...]]:
    items: dict[int, tuple[Content, ...]] = {}
    for seq, key, text in connection.execute(_CONTENT, [run_id]):
        value = None if text is None else decoded(text)
        items[seq] = (*items.get(seq, ()), Content(f"c{seq}.{key}", key, value, forgotten=text is None))
    return items
