"""Write as one of several processes: `writes.py HOME WHO COUNT`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from vana.journal.sqlite import open_journal
from vana.kernel.event import Event


async def main(home: Path, who: str, count: int) -> None:
    journal = open_journal(home)
    sys.stdout.write("open\n")
    sys.stdout.flush()
    sys.stdin.readline()
    for number in range(count):
        journal.emit(Event("note", "run-1", "root", None, who, float(number), {"n": number}, {"text": who}))
        if number % 10 == 0:
            await journal.record(f"run-1/{who}/{number}", number)
    await journal.aclose()
    sys.stdout.write(f"{journal.trouble()}\n")


asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
