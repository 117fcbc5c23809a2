"""`vana TEXT` and `vana ask TEXT`: one request, one answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vana.entry.cli.given import named_files
from vana.entry.cli.opening import opened
from vana.entry.cli.stdin import PATIENCE_S, context, request
from vana.kernel.answer import Degradation

if TYPE_CHECKING:
    from vana.entry.cli.face import Face
    from vana.entry.cli.options import Ask


SILENT = Degradation(
    "standard input", f"nothing came within {PATIENCE_S:g} s", "the request went on without it"
)


async def run(options: Ask, face: Face) -> int:
    """Ask what was typed, with the files named in it and what was piped in, and print the answer."""
    text = await request(options.text, face)
    files = named_files(text)
    piped = await context(options.text, face)
    async with opened(face) as vana:
        answer = await vana.ask(
            text, session=options.session, files=files, context=piped or "", timeout=face.shared.timeout
        )
    if piped is None:
        answer = replace(answer, degraded=(*answer.degraded, SILENT))
    return face.answer(answer)
