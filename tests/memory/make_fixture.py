"""Write the memory that `store/test_schema.py` opens, with the VANA at hand: `python make_fixture.py FOLDER`.

Run once for each version of the schema, before it reaches `main`; the file is then kept as it is.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from vana.memory.facts import read_statement
from vana.memory.session import Turn, item_of
from vana.memory.store.schema import VERSION
from vana.memory.store.sqlite import open_store
from vana.memory.tier import KNOWLEDGE, Item


async def main(folder: Path) -> None:
    store = open_store(folder)
    for at, text in ((100.0, "the office is in Rome"), (200.0, "the office is in G\u00f6teborg")):
        await store.append([Item(text, "ana", KNOWLEDGE, at=at, fact=read_statement(text))])
    turn = Turn("D1:1", "Caroline", "I adopted a puppy", 50.0)
    await store.append([item_of(turn, tenant="ana", session="s1", now=50.0)])
    await store.aclose()
    (folder / "memory" / "ana.db").rename(folder / f"v{VERSION}.db")
    (folder / "memory").rmdir()


asyncio.run(main(Path(sys.argv[1])))
