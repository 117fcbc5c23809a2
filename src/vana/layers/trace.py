"""Facts about every call: it started, it ended, how, what it used and what was degraded.

The one place where events leave, and one of the three where any exception is caught; it is always raised
again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import ParamSpec, Protocol, TypeVar, cast

from vana.kernel.answer import Answer, Degradation, Failure
from vana.kernel.clock import SYSTEM_CLOCK, Clock
from vana.kernel.errors import ModelRetry
from vana.kernel.event import Event, EventKind
from vana.kernel.plain import plain
from vana.kernel.ports import Events
from vana.kernel.run import Span, current_span, inside, new_id
from vana.layers.recipe import written

P = ParamSpec("P")
R = TypeVar("R")

_NOTHING: Mapping[str, object] = {}


class Content(Protocol):
    """What of a call may be written down as content, to be stored apart from the facts. It never raises."""

    def arguments(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Mapping[str, object]:
        """Give what is kept of the arguments."""
        ...

    def outcome(self, outcome: object) -> Mapping[str, object]:
        """Give what is kept of a result, or of the exception that came instead of one."""
        ...


class Whole:
    """Content that leaves nothing out: arguments and result as plain JSON data, an error as its text."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Read as written."""
        return "Whole()"

    def arguments(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Mapping[str, object]:
        """Give the arguments, those passed by position and those by name."""
        return {"args": plain(args), "kwargs": plain(kwargs)}

    def outcome(self, outcome: object) -> Mapping[str, object]:
        """Give `result`, or `error`."""
        return {"error": str(outcome)} if isinstance(outcome, BaseException) else {"result": plain(outcome)}


@dataclass(frozen=True, slots=True)
class Trace:
    """Open a span for each call, tell *events* when it starts and ends, and fold its books into the caller's.

    *kind* is `tool`, `model`, `delegation`, `memory` or `sandbox`; the first two are counted in the usage.
    Outside any run there is nobody to tell, and the call just goes through. What a person wrote or a
    program printed is kept only where *content* says what of it.

    The `ended` event's data: `kind`; `status`: `ok`, `failed` or `cancelled`; `code` of the failure;
    `ms`; `attempts`; `degraded`: a list of `what`, `why`, `instead`; `usage`, nested calls included:
    `input_tokens`, `output_tokens`, `cost_usd`, `model_calls`, `tool_calls`.
    """

    events: Events = field(repr=False)
    kind: str = "tool"
    clock: Clock = field(default=SYSTEM_CLOCK, repr=False)
    content: Content | None = None

    def __repr__(self) -> str:
        """Read as written."""
        return written(self)

    def wrap(self, service: Callable[P, Awaitable[R]], target: str) -> Callable[P, Awaitable[R]]:
        """Give *service* with its calls told as *target*."""
        content = self.content

        @wraps(service)
        async def traced(*args: P.args, **kwargs: P.kwargs) -> R:
            parent = current_span()
            if parent is None:
                return await service(*args, **kwargs)
            span = self._opened(parent, target)
            began = self.clock.monotonic()
            said = content.arguments(args, kwargs) if content is not None else _NOTHING
            self.events.emit(self._event("started", span, {"kind": self.kind}, said))
            try:
                with inside(span):
                    result = await service(*args, **kwargs)
            except BaseException as error:
                self._close(span, error, self.clock.monotonic() - began)
                raise
            self._close(span, result, self.clock.monotonic() - began)
            return result

        return traced

    def _opened(self, parent: Span, target: str) -> Span:
        span = parent.child(new_id("span"), target)
        if self.kind == "tool":
            span.tool_calls = 1
        elif self.kind == "model":
            span.model_calls = 1
        return span

    def _close(self, span: Span, outcome: object, seconds: float) -> None:
        span.fold_into_parent()
        said = self.content.outcome(outcome) if self.content is not None else _NOTHING
        self.events.emit(self._event("ended", span, self._facts(span, outcome, seconds), said))

    def _event(
        self, kind: EventKind, span: Span, data: Mapping[str, object], content: Mapping[str, object]
    ) -> Event:
        parent = span.parent.id if span.parent is not None else None
        return Event(kind, span.run.id, span.id, parent, span.name, self.clock.now(), data, content)

    def _facts(self, span: Span, outcome: object, seconds: float) -> dict[str, object]:
        status, code = _judged(outcome)
        return {
            "kind": self.kind,
            "status": status,
            "code": code,
            "ms": round(seconds * 1000, 3),
            "attempts": span.attempt,
            "degraded": [_told(fact) for fact in span.degraded] if span.degraded else [],
            "usage": {
                "input_tokens": span.input_tokens,
                "output_tokens": span.output_tokens,
                "cost_usd": span.cost_usd,
                "model_calls": span.model_calls,
                "tool_calls": span.tool_calls,
            },
        }


def _told(fact: Degradation) -> dict[str, str]:
    return {"what": fact.what, "why": fact.why, "instead": fact.instead}


def _judged(outcome: object) -> tuple[str, str | None]:
    """Give status and code. A failure that comes as an answer is a failure all the same."""
    if isinstance(outcome, Answer):
        answer = cast("Answer[object]", outcome)  # an answer of unknown type; only its status is read
        code = answer.error.code if answer.error else None
        return (answer.status, code) if answer.status in {"failed", "cancelled"} else ("ok", code)
    if not isinstance(outcome, BaseException):
        return "ok", None
    if isinstance(outcome, ModelRetry):
        return "failed", "model_retry"
    if isinstance(outcome, Exception):
        return "failed", Failure.of(outcome).code
    interrupted = isinstance(outcome, (asyncio.CancelledError, KeyboardInterrupt, GeneratorExit))
    return ("cancelled", None) if interrupted else ("failed", Failure.of(outcome).code)
