"""Opening and closing runs: identity, deadline, books, and the two events at their ends."""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vana.agents.delegation import failed, with_books
from vana.kernel.answer import Answer, Degradation
from vana.kernel.clock import Deadline
from vana.kernel.errors import VanaError
from vana.kernel.event import Event
from vana.kernel.run import Run, Span, inside, new_id
from vana.layers.deadline import until_deadline

if TYPE_CHECKING:
    from vana.app.parts import Parts


@dataclass(frozen=True, slots=True)
class Runs:
    """Gives every piece of work its run."""

    parts: Parts
    tenant: str

    async def run(
        self,
        name: str,
        work: Callable[[], Awaitable[Answer[object]]],
        *,
        session: str | None = None,
        seconds: float | None = None,
        request: str | None = None,
    ) -> Answer[object]:
        """Do *work* as a run of its own, inside at most *seconds*, and give its answer with the books.

        One of our errors becomes an answer with status `failed`. Cancellation is written down and travels on.
        """
        await self.parts.open()
        deadline = Deadline.after(seconds or self.parts.settings.run.timeout)
        run = Run(new_id("run"), self.tenant, session, deadline)
        span = Span(run.id, name, run, deadline=deadline)
        started = time.perf_counter()
        self._tell("started", span, {"kind": "run", "session": session}, {"request": request})
        answer: Answer[object] | None = None
        try:
            with inside(span):
                answer = await self._contained(name, work)
            answer = self._closed(answer, span, time.perf_counter() - started)
            return answer
        finally:
            self._end(span, answer, time.perf_counter() - started)

    async def converse(self, session: str | None, text: str, answer: Answer[object]) -> None:
        """Keep a turn in the conversation *session*; without one nothing is kept.

        Of what VANA said only answers are kept: what memory showed as candidates would come back as hits.
        """
        if session is not None:
            said = [("user", text)]
            if answer.status == "answered":
                said.append(("vana", answer.text))
            await self.parts.keep_turns(self.tenant, session, said)

    async def _contained(self, name: str, work: Callable[[], Awaitable[Answer[object]]]) -> Answer[object]:
        try:
            async with until_deadline(name):
                return await work()
        except VanaError as error:
            return failed(error)

    def _closed(self, answer: Answer[object], span: Span, wall_s: float) -> Answer[object]:
        """Put the books into the answer; a journal in trouble is a degradation of every run it misses."""
        trouble = self.parts.journal_trouble()
        if trouble is not None:
            span.degrade("journal", trouble, "the run went on without being written down")
        return with_books(answer, span, wall_s)

    def _end(self, span: Span, answer: Answer[object] | None, seconds: float) -> None:
        """Tell the end of a run; one without an answer was cancelled, or broke on a bug that travels on."""
        data: dict[str, object] = {
            "kind": "run",
            "status": answer.status if answer else _unanswered(),
            "ms": round(seconds * 1000, 3),
            "code": answer.error.code if answer and answer.error else None,
            "degraded": [_told(fact) for fact in span.degraded],
        }
        self._tell("ended", span, data, {"answer": answer.text if answer else None})

    def _tell(self, kind: str, span: Span, data: dict[str, object], content: dict[str, str | None]) -> None:
        event = Event(
            "started" if kind == "started" else "ended",
            span.run.id,
            span.id,
            None,
            span.name,
            time.time(),
            data,
            {key: value for key, value in content.items() if value is not None},
        )
        self.parts.events.emit(event)


def _unanswered() -> str:
    return "failed" if isinstance(sys.exception(), Exception) else "cancelled"


def _told(fact: Degradation) -> dict[str, str]:
    return {"what": fact.what, "why": fact.why, "instead": fact.instead}
