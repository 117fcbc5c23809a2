"""What is written to one tenant's tables and read from them. Every value is a parameter."""

from __future__ import annotations

import hashlib
import sqlite3
import unicodedata
from typing import TypeAlias

from vana.kernel.errors import InputError
from vana.kernel.run import new_id
from vana.memory.facts import Question
from vana.memory.store.store import Stored
from vana.memory.store.words import body_of, match_of, scope_of, words_of
from vana.memory.tier import SESSION, USER, Hit, Item, Query

MOST_RANKED = 1000
"""So many memories are ranked for a query at most, at a microsecond or two each. Words that more of them hold
tell little: they order what the rarer words of the query find. Without rarer ones the newest are ranked."""

_HIT = "items.ref, items.text, items.source, items.at"
_HitRow: TypeAlias = "tuple[str, str, str, float, float | None]"


def keep(connection: sqlite3.Connection, item: Item, now: float) -> Stored:
    """Write *item* inside the open transaction, or find it there.

    Raises:
        InputError: another text is kept under its id.
    """
    identity = _identity(item)
    found = connection.execute("SELECT id, ref, text FROM items WHERE identity = ?", (identity,)).fetchone()
    at = now if item.at is None else item.at
    if found is None:
        return Stored(_insert(connection, item, identity, at), new=True)
    row, ref, text = found
    if item.id is None:
        connection.execute(
            "UPDATE items SET seen = seen + 1, at = max(at, ?), turn = ? WHERE id = ?",
            (at, _next_turn(connection), row),
        )
    elif _normal(text) != _normal(item.text):
        message = f"the id {item.id!r} is taken by another text: {text[:80]!r}"
        raise InputError(message, hint="give a new text a new id; what is kept is never rewritten")
    return Stored(ref, new=False)


def find(connection: sqlite3.Connection, query: Query, level: str) -> tuple[Hit, ...]:
    """Give the hits of *level* whose words match best, the best first and of equals the newest."""
    scope = _scope(level, query.session)
    if scope is None:
        return ()
    words = words_of(query.text)
    rows = _ranked(connection, words, query.limit, level=level, scope=scope) if words else []
    if not rows and not (words and query.text.isascii()):
        # The index knows no signs that are not letters or digits, and of letters those of Unicode 6.1.
        rows = connection.execute(
            f"SELECT {_HIT}, NULL FROM items"  # noqa: S608 - a constant of this file
            " WHERE level = ? AND scope = ? AND instr(text, ?) ORDER BY turn DESC LIMIT ?",
            (level, scope, query.text.strip(), query.limit),
        ).fetchall()
    return tuple(_hit(row, level) for row in rows)


def stated(connection: sqlite3.Connection, query: Query, level: str, question: Question) -> tuple[Hit, ...]:
    """Give the memories of *level* in which the user states what *question* asks for, newest first."""
    scope = _scope(level, query.session)
    if scope is None:
        return ()
    kinds = ", ".join("?" * len(question.wants))
    rows = connection.execute(
        f"SELECT {_HIT}, NULL, facts.start, facts.stop"  # noqa: S608 - constants, and as many `?` as kinds
        " FROM facts JOIN items ON items.id = facts.item"
        " WHERE facts.subject = ? AND facts.attribute = ?"
        f" AND items.level = ? AND items.scope = ? AND items.source = ? AND facts.kind IN ({kinds})"
        " ORDER BY items.at DESC, items.turn DESC LIMIT ?",
        (question.subject, question.attribute, level, scope, USER, *sorted(question.wants), query.limit),
    ).fetchall()
    return tuple(_hit((*hit, None), level, (start, stop)) for *hit, _, start, stop in rows)


def _ranked(
    connection: sqlite3.Connection, words: list[str], limit: int, *, level: str, scope: str
) -> list[_HitRow]:
    """Rank what holds the rarest of *words*, as many as can be ranked; the newest, if not one can."""
    match, oldest = match_of(words, level, scope), 0
    if connection.execute("SELECT coalesce(max(id), 0) FROM items").fetchone()[0] > MOST_RANKED:
        counts = {word: _holding(connection, match_of([word], level, scope)) for word in words}
        chosen = _rarest(counts)
        match = match_of(chosen, level, scope, ranked=[word for word in words if word not in chosen])
        if counts[chosen[0]] > MOST_RANKED:
            oldest = _oldest_ranked(connection, match)
    return connection.execute(
        f"SELECT {_HIT}, -found.rank FROM"  # noqa: S608 - a constant of this file
        " (SELECT rowid, rank FROM words WHERE words MATCH ? AND rowid >= ? ORDER BY rank LIMIT ?) AS found"
        " JOIN items ON items.id = found.rowid ORDER BY found.rank, items.turn DESC",
        (match, oldest, limit),
    ).fetchall()


def _rarest(counts: dict[str, int]) -> list[str]:
    """Give words from the rarest on, while all that hold one can be ranked; at least one."""
    held = sorted((word for word, count in counts.items() if count), key=counts.__getitem__)
    chosen: list[str] = []
    ranked = 0
    for word in held or list(counts):
        ranked += counts[word]
        if chosen and ranked > MOST_RANKED:
            break
        chosen.append(word)
    return chosen


def _holding(connection: sqlite3.Connection, match: str) -> int:
    """Give how many memories *match*, counted up to one more than can be ranked."""
    counted = "SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ?)"
    return int(connection.execute(counted, (match, MOST_RANKED + 1)).fetchone()[0])


def _oldest_ranked(connection: sqlite3.Connection, match: str) -> int:
    """Give the row from which on as many *match* as can be ranked."""
    newest = "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid DESC LIMIT 1 OFFSET ?"
    return int(connection.execute(newest, (match, MOST_RANKED - 1)).fetchone()[0])


def _insert(connection: sqlite3.Connection, item: Item, identity: bytes, at: float) -> str:
    ref = item.id or new_id("mem")
    scope = _scope(item.level, item.session) or ""
    row = connection.execute(
        "INSERT INTO items (ref, level, scope, session, source, speaker, text, at, turn, identity)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            ref,
            item.level,
            scope,
            item.session,
            item.source,
            item.speaker,
            item.text,
            at,
            _next_turn(connection),
            identity,
        ),
    ).lastrowid
    connection.execute(
        "INSERT INTO words (rowid, scope, body) VALUES (?, ?, ?)",
        (row, scope_of(item.level, scope), body_of(item.text, item.speaker)),
    )
    if item.fact is not None:
        fact = item.fact
        connection.execute(
            "INSERT INTO facts (item, subject, attribute, kind, value, start, stop)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (row, fact.subject, fact.attribute, fact.kind, fact.value, *fact.span),
        )
    return ref


def _scope(level: str, session: str | None) -> str | None:
    """Give the conversation that a level is divided by: only `session` is; `None` when not named."""
    return session if level == SESSION else ""


def _next_turn(connection: sqlite3.Connection) -> int:
    (turn,) = connection.execute("SELECT coalesce(max(turn), 0) + 1 FROM items").fetchone()
    return int(turn)


def _identity(item: Item) -> bytes:
    """Give what tells *item* from every other of its tenant."""
    scope = _scope(item.level, item.session) or ""
    parts = (
        ("text", item.level, scope, item.source, item.speaker or "", _normal(item.text))
        if item.id is None
        else ("id", item.level, scope, item.id)
    )
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode()
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.digest()


def _normal(text: str) -> str:
    """Give *text* without what changes nothing it says: blanks, and how accents are written."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _hit(row: _HitRow, level: str, span: tuple[int, int] | None = None) -> Hit:
    ref, text, source, at, score = row
    return Hit(ref, text, level, score=score, source=source, at=at, span=span)
