"""Write the journal that `test_schema.py` opens, with the VANA at hand: `python make_fixture.py FOLDER`.

Run once for each version of the schema, before it reaches `main`; the file is then kept as it is.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from vana.journal.schema import VERSION
from vana.journal.sqlite import FILE_NAME, open_journal
from vana.kernel.event import Event


async def main(folder: Path) -> None:
    journal = open_journal(folder)
    journal.emit(
        Event("started", "run-1", "run-1", None, "ask", 100.0, {"kind": "run"}, {"request": "größer als 6?"})
    )
    journal.emit(
        Event("started", "run-1", "a", "run-1", "code_execution", 100.5, {"kind": "tool"}, {"code": "6*7"})
    )
    facts = {"status": "ok", "ms": 250.0, "attempts": 2}
    journal.emit(
        Event("ended", "run-1", "a", "run-1", "code_execution", 100.75, facts, {"result": {"stdout": "42"}})
    )
    journal.emit(Event("note", "run-1", "run-1", None, "retry", 100.8, {"wait_s": 0.5}))
    journal.emit(
        Event("ended", "run-1", "run-1", None, "ask", 101.0, {"status": "answered"}, {"answer": "42"})
    )
    journal.emit(Event("started", "run-2", "run-2", None, "ask", 200.0, {}, {"request": "never ended"}))
    await journal.record("run-1/approval", value=True)
    await journal.record("run-2/1", "forgotten")
    await journal.forget("run-2")
    await journal.aclose()
    (folder / FILE_NAME).rename(folder / f"v{VERSION}.db")


asyncio.run(main(Path(sys.argv[1])))
