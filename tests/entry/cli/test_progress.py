from __future__ import annotations

import io
import json

from vana.entry.cli.progress import EventLines, Progress, Watched
from vana.kernel.event import Event, EventKind


def event(kind: EventKind, name: str, parent: str | None = "root", **data: object) -> Event:
    return Event(kind, "run-1", name, parent, name, 1.0, data, {"arguments": "private"})


class Broken:
    """A reader that is gone."""

    def emit(self, event: Event) -> None:
        raise BrokenPipeError


def test_an_event_is_one_line_of_json_without_what_was_said():
    stream = io.StringIO()
    EventLines(stream).emit(event("ended", "tool", status="ok"))
    line = json.loads(stream.getvalue())
    assert line["type"] == "event"
    assert line["data"] == {"status": "ok"}
    assert "private" not in stream.getvalue()


def test_a_span_that_ended_stays_as_a_line_with_status_and_time_inset_by_its_depth():
    stream = io.StringIO()
    progress = Progress(stream)
    progress.emit(event("started", "root", None))
    progress.emit(event("started", "code_execution"))
    progress.emit(event("started", "code_execution.execute_code", "code_execution"))
    progress.emit(event("ended", "code_execution.execute_code", "code_execution", status="ok", ms=14.2))
    progress.emit(event("ended", "code_execution", status="failed", ms=20.0))
    progress.emit(event("ended", "root", None))
    kept = [line.rpartition("\x1b[2K")[2] for line in stream.getvalue().split("\n")[:-1]]
    assert kept == ["  → code_execution.execute_code … ok 14 ms", "→ code_execution … failed 20 ms"]


def test_a_name_cannot_move_the_cursor():
    stream = io.StringIO()
    Progress(stream).emit(event("started", "evil\x1b[2Jname"))
    assert "evil\\x1b[2Jname" in stream.getvalue()


def test_the_run_that_is_watched_is_known_and_can_be_forgotten():
    watched = Watched(None)
    watched.emit(event("started", "ask", None))
    assert watched.run_id == "run-1"
    watched.forget_run()
    assert watched.run_id == ""


def test_a_reader_that_is_gone_does_not_hurt_the_run():
    watched = Watched(Broken())
    watched.emit(event("started", "ask", None))
    watched.emit(event("ended", "ask", None))
    assert watched.run_id == "run-1"
