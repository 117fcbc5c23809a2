"""Keep a value in the second level of the folder given, and invalidate a tag; say that it was kept."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from vana.journal.cache import open_cache


async def main() -> None:
    """Do it."""
    level = open_cache(Path(sys.argv[1]))
    await level.invalidate(["x"])
    fence = (await level.find(b"k")).fence
    kept = await level.keep(b"k", ["from", "another"], seconds=600.0, tags=["x"], fence=fence)
    await level.aclose()
    sys.stdout.write(json.dumps({"kept": kept}))


asyncio.run(main())
