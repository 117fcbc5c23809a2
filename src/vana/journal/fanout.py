"""One place to send facts to, many that take them."""

from vana.kernel.event import Event
from vana.kernel.ports import Events


class Fanout:
    """Hand each event to every sink, in the order they were given.

    A sink may not raise (`vana.kernel.ports.Events`), and nothing here hides one that does: its error
    reaches whoever emitted, where a bug belongs. Sinks that may fail count and tell, as the journal does.
    """

    __slots__ = ("sinks",)

    def __init__(self, *sinks: Events) -> None:
        self.sinks = sinks

    def emit(self, event: Event) -> None:
        """Hand *event* on."""
        for sink in self.sinks:
            sink.emit(event)
