"""Remember COUNT facts of NAME in HOME, all at once. Each line it prints is a promise: `REF TEXT`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from vana.memory import knowledge
from vana.memory.recall import Memory
from vana.memory.store.sqlite import open_store


async def keep(memory: Memory, text: str) -> None:
    kept = await memory.remember(text, tenant="local", session=None)
    sys.stdout.write(f"{kept.ref} {text}\n")
    sys.stdout.flush()


async def main(home: Path, name: str, count: int) -> None:
    store = open_store(home)
    memory = Memory([knowledge.open_tier(store)], store=store)
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(keep(memory, f"the {name} of box {number} is thing{number}"))
    await store.aclose()


asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
