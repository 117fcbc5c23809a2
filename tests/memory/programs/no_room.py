"""Remember in HOME until it is full or find it closed; make room, go on, and tell as JSON how that went.

With a second argument no file may grow beyond that many bytes.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sqlite3
import sys
from pathlib import Path

from vana.kernel.errors import StoreFailed
from vana.kernel.plain import JSON
from vana.memory import knowledge
from vana.memory.recall import Memory
from vana.memory.store.sqlite import open_store

BALLAST = "ballast"


async def fill(memory: Memory, told: dict[str, JSON]) -> list[str]:
    kept: list[str] = []
    for number in range(3000):
        text = f"thing{number} lies in box {number} " + "x" * 500
        try:
            kept.append((await memory.remember(text, tenant="local", session=None)).ref)
        except StoreFailed as error:
            told["error"], told["hint"] = error.message, error.hint
            break
    return kept


async def main(home: Path, most_bytes: int | None) -> None:
    if most_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY))
    told: dict[str, JSON] = {"error": None}
    ballast = home / BALLAST
    store = open_store(home)
    memory = Memory([knowledge.open_tier(store)], store=store)
    kept = await fill(memory, told)
    told["kept"] = len(kept)
    if most_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    if ballast.exists():
        ballast.unlink()
    if kept:
        told["after"] = (await memory.remember("there is room again", tenant="local", session=None)).new
    await store.aclose()
    path = home / "memory" / "local.db"
    if path.exists():
        connection = sqlite3.connect(path)
        told["integrity"] = connection.execute("PRAGMA integrity_check").fetchone()[0]
        found = {ref for (ref,) in connection.execute("SELECT ref FROM items")}
        told["lost"] = len(set(kept) - found)
        told["too many"] = len(found) - len(kept) - 1
        connection.close()
    sys.stdout.write(json.dumps(told))


asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None))
