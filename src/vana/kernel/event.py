"""One immutable fact about a run. Events leave sideways, at one place: the trace layer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

EventKind: TypeAlias = Literal["started", "ended", "note"]


@dataclass(frozen=True, slots=True)
class Event:
    """A span started, a span ended, or something happened inside it.

    `data` holds facts only (status, counts, codes). What a person wrote or a program printed goes into
    `content`, which is stored apart so that it can be forgotten.
    """

    kind: EventKind
    run_id: str
    span_id: str
    parent_id: str | None
    name: str
    """What was called: `code_execution.execute_code`, `model:rules`, `sandbox.high`."""
    at: float
    """Seconds since 1970, UTC."""
    data: Mapping[str, object] = field(default_factory=dict[str, object])
    content: Mapping[str, object] = field(default_factory=dict[str, object])
