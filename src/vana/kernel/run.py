"""One execution: its identity, its deadline, and the books kept for each guarded call inside it."""

from __future__ import annotations

import os
import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from vana.kernel.answer import Artifact, Degradation, Source, Usage

if TYPE_CHECKING:
    from types import TracebackType

    from vana.kernel.clock import Deadline

LOCAL_TENANT = "local"
_RANDOM, _DRAWN = 6, 128  # bytes of an id, and ids drawn at once


_new_list = cast("type[list[Any]]", list)  # `list[X]()` takes ten times as long, and every call makes three


@dataclass(frozen=True, slots=True)
class Run:
    """Who asked, until when, and under which id it can be found again."""

    id: str
    tenant: str = LOCAL_TENANT
    session: str | None = None
    deadline: Deadline | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What belongs to a value wherever it goes: an answer out of a cache carries it as the first one did."""

    degraded: tuple[Degradation, ...] = ()
    sources: tuple[Source, ...] = ()
    artifacts: tuple[Artifact, ...] = ()


@dataclass(slots=True, eq=False)
class Span:
    """The books of one guarded call: what it used, what it degraded, where its answer came from.

    The trace layer opens one for each call, and folds it into the parent's when the call ends, however it
    ends, so that a failed child's usage is counted.
    """

    id: str
    name: str
    run: Run
    parent: Span | None = None
    deadline: Deadline | None = None
    attempt: int = 1
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    model_calls: int = 0
    tool_calls: int = 0
    degraded: list[Degradation] = field(default_factory=_new_list)
    sources: list[Source] = field(default_factory=_new_list)
    artifacts: list[Artifact] = field(default_factory=_new_list)

    def child(self, span_id: str, name: str) -> Span:
        """Give the span of a call made inside this one, with the same run and deadline."""
        return Span(span_id, name, self.run, self, self.deadline)

    def degrade(self, what: str, why: str, instead: str) -> None:
        """Write down that something was less than asked for; the same fact only once."""
        fact = Degradation(what, why, instead)
        if fact not in self.degraded:
            self.degraded.append(fact)

    def part(self, deadline: Deadline | None) -> Span:
        """Give books for a part of this call that has a deadline of its own, to be folded like a child's.

        It bears the same id: a part is no call, and events know only the call.
        """
        return Span(self.id, self.name, self.run, self, deadline, self.attempt)

    def fold_into_parent(self) -> None:
        """Add this span's usage, degradations, sources and artifacts to its parent's."""
        parent = self.parent
        if parent is None:
            return
        parent.add_usage(self)
        parent.add_evidence(self)
        if parent.id == self.id:
            parent.attempt = max(parent.attempt, self.attempt)

    def add_usage(self, other: Span) -> None:
        """Count what *other* used as used here too."""
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.cost_usd += other.cost_usd
        self.model_calls += other.model_calls
        self.tool_calls += other.tool_calls

    def add_evidence(self, other: Span | Evidence) -> None:
        """Take over the degradations and sources of *other* that are new here, and its artifacts."""
        if other.degraded:
            self.degraded.extend(fact for fact in other.degraded if fact not in self.degraded)
        if other.sources:
            self.sources.extend(source for source in other.sources if source not in self.sources)
        if other.artifacts:
            self.artifacts.extend(other.artifacts)

    def evidence(self) -> Evidence:
        """Give what was degraded, cited and made so far."""
        return Evidence(tuple(self.degraded), tuple(self.sources), tuple(self.artifacts))

    def usage(self, wall_s: float) -> Usage:
        """Give what this call and its children used so far."""
        return Usage(
            self.input_tokens, self.output_tokens, self.cost_usd, self.model_calls, self.tool_calls, wall_s
        )


_current: ContextVar[Span | None] = ContextVar("vana_span", default=None)


def current_span() -> Span | None:
    """Give the span of the call that is running, or `None` outside any run."""
    return _current.get()


class _Inside:
    """The block of `inside`: a class, for one made of a generator costs twice as much, on every call."""

    __slots__ = ("_span", "_token")

    def __init__(self, span: Span) -> None:
        self._span = span

    def __enter__(self) -> Span:
        self._token = _current.set(self._span)
        return self._span

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _current.reset(self._token)


def inside(span: Span) -> _Inside:
    """Make *span* the current one for the block, in this task and those it starts."""
    return _Inside(span)


def degrade(what: str, why: str, instead: str) -> None:
    """Write a degradation into the current span; outside any run nobody listens and nothing happens."""
    span = _current.get()
    if span is not None:
        span.degrade(what, why, instead)


_random: list[str] = []  # drawn ahead, since to ask the system costs as much as all else about an id
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_random.clear)  # or the child would give the ids of its parent


def new_id(prefix: str) -> str:
    """Give an id that sorts by time to the millisecond and does not repeat: 48 bits of time, 48 random."""
    try:
        tail = _random.pop()
    except IndexError:
        drawn = os.urandom(_RANDOM * _DRAWN).hex()
        tail, *ahead = (drawn[at : at + 2 * _RANDOM] for at in range(0, len(drawn), 2 * _RANDOM))
        _random.extend(ahead)
    return f"{prefix}-{time.time_ns() // 1_000_000:012x}{tail}"
