"""Write to HOME until it is full, or find that it may not be written, and tell as JSON how that went."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from vana.journal.blobs import FolderBlobs
from vana.journal.journal import Journal
from vana.journal.sqlite import open_journal
from vana.kernel.errors import StoreFailed
from vana.kernel.event import Event
from vana.kernel.plain import JSON


async def refusal(journal: Journal) -> str:
    try:
        await journal.record("run-1/1", "x" * 100_000)
    except StoreFailed as error:
        return f"{error} | {error.hint}"
    return "kept"


async def blob_refusal(blobs: FolderBlobs) -> str:
    try:
        await blobs.put(b"x" * 10_000_000)
    except StoreFailed as error:
        return f"{error} | {error.hint}"
    return "kept"


async def result() -> JSON:
    return "made"


async def main(home: Path) -> None:
    journal = open_journal(home)
    at_start = journal.trouble()
    for number in range(5_000):
        data, content = {"n": number}, {"text": "x" * 1000}
        journal.emit(Event("note", "run-1", "root", None, "said", 0.0, data, content))
        if number % 100 == 0:
            await journal.flush()
    await journal.flush()
    told: dict[str, JSON] = {"at_start": at_start, "trouble": journal.trouble()}
    told["record"] = await refusal(journal)
    told["recorded"] = await journal.recorded("run-1/2", result)
    told["runs"] = [run.run_id for run in await journal.runs()]
    told["notes"] = [one.data["n"] for one in (await journal.tree("last")).root.notes if one.name == "said"]
    told["blob"] = await blob_refusal(FolderBlobs(home / "blobs"))
    told["blobs"] = [path.name for path in (home / "blobs").rglob("*") if path.is_file()]
    await journal.aclose()
    sys.stdout.write(json.dumps(told))


asyncio.run(main(Path(sys.argv[1])))
