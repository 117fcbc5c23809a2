from __future__ import annotations

from typing import TYPE_CHECKING

from tests.journal.events import ROOT, note, started
from vana.journal.fanout import Fanout

if TYPE_CHECKING:
    from vana.kernel.event import Event


class Listing:
    def __init__(self) -> None:
        self.seen: list[Event] = []

    def emit(self, event: Event) -> None:
        self.seen.append(event)


def test_every_sink_gets_every_event_in_order() -> None:
    sinks = [Listing(), Listing(), Listing()]
    events = [started(ROOT, None), note(ROOT, "a"), note(ROOT, "b")]
    fanout = Fanout(*sinks)
    for event in events:
        fanout.emit(event)
    assert [sink.seen for sink in sinks] == [events] * 3


def test_without_a_sink_nothing_happens() -> None:
    Fanout().emit(started(ROOT, None))
