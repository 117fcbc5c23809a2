"""Events as the trace layer makes them, in short."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vana.kernel.event import Event

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = "root"


def started(
    span: str,
    parent: str | None = ROOT,
    *,
    run: str = "run-1",
    at: float = 1000.0,
    data: Mapping[str, object] | None = None,
    content: Mapping[str, object] | None = None,
) -> Event:
    return Event("started", run, span, parent, f"tool.{span}", at, data or {}, content or {})


def ended(
    span: str,
    parent: str | None = ROOT,
    *,
    run: str = "run-1",
    at: float = 1001.0,
    data: Mapping[str, object] | None = None,
    content: Mapping[str, object] | None = None,
) -> Event:
    return Event("ended", run, span, parent, f"tool.{span}", at, data or {"status": "ok"}, content or {})


def note(
    span: str, name: str, *, run: str = "run-1", at: float = 1000.5, data: Mapping[str, object] | None = None
) -> Event:
    return Event("note", run, span, None, name, at, data or {})
