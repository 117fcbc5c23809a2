"""A team with the layers that the app puts around it, and a run to work in."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field

from vana.agents.delegation import Team
from vana.agents.guards import Guards
from vana.agents.specialist import Member, Specialist
from vana.app.stacks import stack_for
from vana.kernel.event import Event
from vana.kernel.run import Run, Span, inside
from vana.layers.stack import Stack
from vana.models.model import Model
from vana.models.rules import RulesModel


@dataclass
class Heard:
    """Keeps every event."""

    events: list[Event] = field(default_factory=list[Event])

    def emit(self, event: Event) -> None:
        """Keep *event*."""
        self.events.append(event)

    def ended(self) -> list[tuple[str, object]]:
        """Give name and status of each call, in the order they ended."""
        return [(event.name, event.data["status"]) for event in self.events if event.kind == "ended"]

    def stack(self, kind: str, idempotent: bool, cache: float | None) -> Stack:  # noqa: FBT001 - see Guards
        """Give the stack of the app."""
        return stack_for(self, kind, idempotent=idempotent, cache=cache)


def team(
    specialists: Iterable[Specialist[None]],
    model: Model | None = None,
    *,
    heard: Heard | None = None,
    max_turns: int = 16,
) -> Team:
    """Give a team of *specialists*, which need no dependencies."""
    members = {one.name: Member(one, None, "yours") for one in specialists}  # pyright: ignore[reportArgumentType] - they need none
    return Team(members, Guards((heard or Heard()).stack), RulesModel(), model, max_turns)


@contextmanager
def open_run(session: str | None = None) -> Generator[Span]:
    """Open a run and give its books."""
    with inside(Span("root", "ask", Run("run-1", "ana", session))) as span:
        yield span
