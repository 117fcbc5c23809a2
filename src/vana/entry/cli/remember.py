"""`vana remember TEXT`: keep a fact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vana.entry.cli.opening import opened
from vana.entry.cli.stdin import request

if TYPE_CHECKING:
    from vana.entry.cli.face import Face
    from vana.entry.cli.options import Remember


async def run(options: Remember, face: Face) -> int:
    """Keep what was typed, or piped in for `-`. It is on disk before anything is printed."""
    text = await request(options.text, face)
    async with opened(face) as vana, face.in_time("remembering"):
        answer = await vana.memory.remember(text, session=options.session)
    return face.answer(answer)
