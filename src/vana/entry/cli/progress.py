"""What a run does while it runs: live lines for a person, JSON lines for a program, or only its id."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TextIO

from vana.entry.cli.streams import paint
from vana.entry.render import duration
from vana.kernel.answer import iso_time
from vana.kernel.plain import plain
from vana.sandbox.display import printable

if TYPE_CHECKING:
    from vana.kernel.event import Event
    from vana.kernel.ports import Events

_ERASE = "\r\x1b[2K"
_SIGNS = {"ok": ("ok", "green"), "answered": ("ok", "green"), "failed": ("failed", "red")}


class Watched:
    """Remember which run is being watched, and pass its events on."""

    def __init__(self, on: Events | None) -> None:
        self._on = on
        self.run_id = ""

    def forget_run(self) -> None:
        """Watch for another run: the next event says which."""
        self.run_id = ""

    def emit(self, event: Event) -> None:
        """Take *event*. A reader that is gone is noticed when the answer is printed, not here."""
        self.run_id = self.run_id or event.run_id
        if self._on is None:
            return
        try:
            self._on.emit(event)
        except OSError:
            self._on = None


class EventLines:
    """Print each event as one line of JSON: the facts, never what a person wrote or a program printed."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def emit(self, event: Event) -> None:
        """Print *event*."""
        line = {
            "type": "event",
            "kind": event.kind,
            "run_id": event.run_id,
            "span_id": event.span_id,
            "parent_id": event.parent_id,
            "name": event.name,
            "at": iso_time(event.at),
            "data": plain(event.data),
        }
        self._stream.write(json.dumps(line) + "\n")
        self._stream.flush()


class Progress:
    """Draw spans on a terminal: one line for each that has ended, and one that says what is running now."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._open: dict[str, tuple[str, int, float]] = {}
        self._depths: dict[str, int] = {}

    def emit(self, event: Event) -> None:
        """Draw *event*; the run itself is not a line, its end is the footer's."""
        if event.kind == "note":
            return
        if event.kind == "started":
            self._start(event)
        else:
            self._end(event)
        self._stream.flush()

    def _start(self, event: Event) -> None:
        depth = self._depths.get(event.parent_id or "", -1) + 1
        self._depths[event.span_id] = depth
        if event.parent_id is not None:
            self._open[event.span_id] = (event.name, depth, event.at)
            self._pending()

    def _end(self, event: Event) -> None:
        opened = self._open.pop(event.span_id, None)
        if opened is None:
            return
        name, depth, at = opened
        measured = event.data.get("ms")
        ms = measured if isinstance(measured, (int, float)) else (event.at - at) * 1000
        sign, style = _SIGNS.get(str(event.data.get("status")), (str(event.data.get("status")), "yellow"))
        told = paint(f"{_line(name, depth)} ", "dim", self._stream) + paint(sign, style, self._stream)
        self._stream.write(f"{_ERASE}{told} {paint(duration(ms), 'dim', self._stream)}\n")
        self._pending()

    def _pending(self) -> None:
        if self._open:
            name, depth, _ = list(self._open.values())[-1]
            self._stream.write(_ERASE + paint(_line(name, depth), "dim", self._stream))


def _line(name: str, depth: int) -> str:
    return f"{'  ' * max(0, depth - 1)}→ {printable(name)} …"
