"""`vana recall QUERY`: what is remembered about something, with where it came from."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from vana.entry.cli.exit import ABSTAINED, DEGRADED, worst
from vana.entry.cli.face import write
from vana.entry.cli.opening import opened
from vana.entry.cli.stdin import request
from vana.entry.cli.streams import paint
from vana.entry.render import degraded_line
from vana.kernel.answer import iso_time
from vana.sandbox.display import printable

if TYPE_CHECKING:
    from vana.entry.cli.face import Face
    from vana.entry.cli.options import Recall as Options
    from vana.memory.recall import Recall
    from vana.memory.tier import Hit


async def run(options: Options, face: Face) -> int:
    """Print the hits for what was typed, best first; finding none is an abstention."""
    query = await request(options.query, face)
    async with opened(face) as vana, face.in_time("recalling"):
        found = await vana.memory.recall(query, k=options.k, session=options.session)
    codes = [ABSTAINED] if not found.hits else []
    codes += [DEGRADED] if found.degraded and face.shared.strict else []
    return face.show(found.as_json(), lambda: draw(found, face), code=worst(codes))


def draw(found: Recall, face: Face) -> None:
    """Print the hits of *found* on standard output, each with where it came from."""
    for hit in found.hits:
        write(sys.stdout, hit.text)
        sys.stdout.write(paint(f"  {printable(_origin(hit))}", "dim", sys.stdout) + "\n")
    if not found.hits:
        face.tell(["vana: nothing in memory is about this"], "bold")
        face.tell(['hint: vana remember "…" keeps a fact'], "cyan")
    face.tell([degraded_line(found.degraded)], "yellow")


def _origin(hit: Hit) -> str:
    """Give where a hit came from: its level, id, day and source, and how sure it is."""
    sure = "uncalibrated" if hit.confidence is None else f"confidence {hit.confidence:.2f}"
    told = [hit.level, hit.ref, (iso_time(hit.at) or "")[:10], hit.source or "", sure]
    return " · ".join(part for part in told if part)
