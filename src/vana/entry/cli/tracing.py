"""`vana trace`: a run as a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vana.entry.cli.drawing import draw_run
from vana.entry.cli.opening import opened
from vana.journal.journal import NEWEST
from vana.kernel.answer import iso_time
from vana.kernel.errors import Failed
from vana.kernel.plain import JSON, plain

if TYPE_CHECKING:
    from vana.entry.cli.face import Face
    from vana.entry.cli.options import Trace
    from vana.journal.journal import Content, Journal, Note, RunTree, SpanNode

SCHEMA = "vana.trace/1"


async def run(options: Trace, face: Face) -> int:
    """Draw the run that is named, by default the newest one."""
    async with opened(face) as vana, face.in_time("reading the journal"):
        tree = await _tree(vana.journal, options.run)
    return face.show(as_json(tree), lambda: draw_run(tree))


async def _tree(journal: Journal, run_id: str) -> RunTree:
    """Give the run called *run_id*.

    Raises:
        Failed: there is no run yet at all.
        UnknownName: there is none of that name.
    """
    if run_id == NEWEST and not await journal.runs(1):
        message = "there are no runs yet"
        raise Failed(
            message, hint='ask something first: vana "Execute this Python code: print(6*7)"', code="no_runs"
        )
    return await journal.tree(run_id)


def as_json(tree: RunTree) -> dict[str, JSON]:
    """Give *tree* in its stable JSON form, schema `vana.trace/1`."""
    return {"schema": SCHEMA, "run_id": tree.run_id, "events": tree.events, "root": _node(tree.root)}


def _node(node: SpanNode) -> JSON:
    return {
        "span_id": node.span_id,
        "name": node.name,
        "status": node.status,
        "started_at": iso_time(node.started_at),
        "ms": plain(node.ms),
        "attempts": node.attempts,
        "degraded": plain(node.degraded),
        "data": plain(node.data),
        "content": [_content(item) for item in node.content],
        "notes": [_note(note) for note in node.notes],
        "children": [_node(child) for child in node.children],
    }


def _note(note: Note) -> JSON:
    content: list[JSON] = [_content(item) for item in note.content]
    return {"name": note.name, "at": iso_time(note.at), "data": plain(note.data), "content": content}


def _content(item: Content) -> JSON:
    return {"id": item.id, "key": item.key, "value": item.value, "forgotten": item.forgotten}
