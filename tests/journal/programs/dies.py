"""Emit, or record, until killed: `dies.py HOME say|keep`.

Each line on standard output is a promise: `kept N`, or `said N AT LATE`.

LATE is by how much the machine was ever late to wake a thread of this process: no writer can be quicker.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from pathlib import Path

from vana.journal.journal import Journal
from vana.journal.sqlite import open_journal
from vana.kernel.event import Event

late = 0.0


def watch() -> None:
    global late  # noqa: PLW0603 - one number between two threads of one small program
    while True:
        before = time.monotonic()
        time.sleep(0.002)
        late = max(late, time.monotonic() - before - 0.002)


async def keep(journal: Journal) -> None:
    number = 0
    while True:
        await journal.record(f"run-1/{number}", {"n": number})
        sys.stdout.write(f"kept {number}\n")
        sys.stdout.flush()
        number += 1


async def say(journal: Journal) -> None:
    journal.emit(Event("started", "run-1", "root", None, "run", time.time()))
    number = 0
    while True:
        at = time.monotonic()
        journal.emit(
            Event("note", "run-1", "root", None, "said", time.time(), {"n": number}, {"text": "x" * 200})
        )
        sys.stdout.write(f"said {number} {at} {late}\n")
        sys.stdout.flush()
        number += 1
        await asyncio.sleep(0.001)


async def main(home: Path, what: str) -> None:
    journal = open_journal(home)
    await {"say": say, "keep": keep}[what](journal)


threading.Thread(target=watch, daemon=True).start()
asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
