"""Results that must not be made twice, as rows."""

import sqlite3

from vana.journal.facts import decoded, encoded, storable
from vana.journal.schema import transaction
from vana.kernel.errors import StoreFailed
from vana.kernel.plain import JSON

FORGOTTEN = "forgotten"
"""The code of the error about a result that was forgotten."""


def keep(connection: sqlite3.Connection, key: str, value: JSON) -> JSON:
    """Keep *value* under *key*, `RUN_ID/STEP`, and give what is kept: the first.

    Raises:
        StoreFailed: what was kept has been forgotten.
        sqlite3.Error: it could not be written.
    """
    key = storable(key)
    row = (key.partition("/")[0], key, encoded(value))
    with transaction(connection):
        connection.execute("INSERT OR IGNORE INTO steps (run_id, key, value) VALUES (?,?,?)", row)
    found = find(connection, key)
    return None if found is None else found[0]


def find(connection: sqlite3.Connection, key: str) -> tuple[JSON] | None:
    """Give what is kept under *key*, alone in a tuple; `None` when nothing is.

    Raises:
        StoreFailed: what was kept has been forgotten.
    """
    row = connection.execute("SELECT value FROM steps WHERE key = ?", (storable(key),)).fetchone()
    if row is None:
        return None
    if not isinstance(row[0], str):
        message = f"the result of {key} was forgotten, so the run cannot go on from there"
        raise StoreFailed(message, hint="start the request anew", code=FORGOTTEN)
    return (decoded(row[0]),)
