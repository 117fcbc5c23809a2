"""Facts that are no call of their own: notes in the span of the call in which they came about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from vana.kernel.event import Event
from vana.kernel.run import current_span

if TYPE_CHECKING:
    from vana.kernel.ports import Events


def note(events: Events, name: str, at: float, data: Mapping[str, object]) -> None:
    """Tell *events* of *data* about *name*, in the current span; outside any run there is nobody to tell."""
    span = current_span()
    if span is None:
        return
    parent = span.parent.id if span.parent is not None else None
    events.emit(Event("note", span.run.id, span.id, parent, name, at, data))
