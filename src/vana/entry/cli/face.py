"""Where a command prints, in the form that was asked for: answers on stdout, all else on stderr."""

from __future__ import annotations

import asyncio
import json
import math
import sys
import traceback
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TextIO

from vana.entry import render
from vana.entry.cli.exit import CANCELLED, exit_code_of_answer, exit_code_of_error
from vana.entry.cli.interrupts import Interrupts
from vana.entry.cli.progress import EventLines, Progress, Watched
from vana.entry.cli.streams import is_unicode, paint
from vana.kernel.answer import Answer, Failure
from vana.kernel.errors import DeadlineExceeded, UsageError
from vana.sandbox.display import printable
from vana.specialists.code_execution.outcome import Execution

if TYPE_CHECKING:
    from vana.entry.cli.options import Shared
    from vana.kernel.plain import JSON

BUG = "internal"


class Face:
    """What a command's body talks to: it prints answers, data and errors, and gives the exit code of each."""

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.interrupts = Interrupts()
        self.events = Watched(self._listener())

    def _listener(self) -> EventLines | Progress | None:
        if self.shared.jsonl:
            return EventLines(sys.stdout)
        if self.is_machine or not sys.stderr.isatty():
            return None
        return Progress(sys.stderr)

    @property
    def is_machine(self) -> bool:
        """Say whether a program reads along: `--json` or `--jsonl`."""
        return self.shared.json or self.shared.jsonl

    def check(self) -> None:
        """Make sure that the shared options fit together.

        Raises:
            UsageError: they do not; the message says which.
        """
        if self.shared.json and self.shared.jsonl:
            message = "--json and --jsonl exclude each other"
            raise UsageError(
                message, hint="--json prints one object, --jsonl prints events and then the answer"
            )
        timeout = self.shared.timeout
        if timeout is not None and not (math.isfinite(timeout) and timeout > 0):
            message = f"--timeout must be a positive number of seconds, not {timeout:g}"
            raise UsageError(message, hint="as in --timeout 30")

    @asynccontextmanager
    async def in_time(self, what: str) -> AsyncGenerator[None]:
        """Bound the block by `--timeout`, where the call inside takes no deadline of its own.

        Raises:
            DeadlineExceeded: the time was used up; the message names *what* was not done.
        """
        try:
            async with asyncio.timeout(self.shared.timeout):
                yield
        except TimeoutError as error:
            message = f"{what} was not done within {self.shared.timeout:g} s"
            raise DeadlineExceeded(message, hint="give it more time with --timeout") from error

    def answer(self, answer: Answer[object], *, is_raw: bool = False) -> int:
        """Print *answer* and give its exit code.

        *is_raw*: the answer is a program's output; on a pipe it goes through byte for byte, and nothing but
        what must not be hidden is added on stderr.
        """
        if self.is_machine:
            self._object(answer.as_json())
        else:
            self._spoken(answer, is_raw=is_raw)
        return exit_code_of_answer(answer, strict=self.shared.strict)

    def _spoken(self, answer: Answer[object], *, is_raw: bool) -> None:
        out, complaint = render.spoken(answer)
        write(sys.stdout, out, end="" if is_raw else "\n")
        sys.stdout.flush()
        write(sys.stderr, complaint, end="" if is_raw else "\n")
        self.tell(render.loss_lines(answer), "yellow")
        if not is_raw:
            self.tell(render.evidence_lines(answer), "dim")
        if answer.error is not None and not (is_raw and _is_own_failure(answer)):
            self._complain(answer.error)
        if not is_raw or sys.stderr.isatty():
            self.tell([render.summary(answer)], "dim")
        self.tell([render.degraded_line(answer.degraded)], "yellow")

    def show(self, data: Mapping[str, JSON], draw: Callable[[], None], *, code: int = 0) -> int:
        """Print *data* for a program, or let *draw* print for a person; gives *code*."""
        if self.is_machine:
            self._object(data)
        else:
            draw()
        return code

    def fail(self, error: BaseException, *, code: int | None = None) -> int:
        """Print *error* and give its exit code. Only what is a bug of ours comes with a traceback."""
        failure = _told(error)
        if failure.code == BUG:
            traceback.print_exception(error, file=sys.stderr)
        if self.is_machine:
            run_id = self.events.run_id
            answer: Answer[object] = Answer(None, "failed", failure.message, run_id, error=failure)
            self._object(answer.as_json())
        else:
            self._complain(failure)
        return exit_code_of_error(error) if code is None else code

    def cancelled(self) -> int:
        """Say that a person ended the run, and give the exit code of that."""
        run_id = self.events.run_id
        hint = f"vana trace {run_id} shows how far it came" if run_id else None
        failure = Failure("cancelled", "cancelled before it was done", hint)
        if self.is_machine:
            answer: Answer[object] = Answer(None, "cancelled", "", run_id, error=failure)
            self._object(answer.as_json())
        else:
            sys.stderr.write("\n" if sys.stderr.isatty() else "")
            self._complain(failure)
        return CANCELLED

    def tell(self, lines: Iterable[str], style: str) -> None:
        """Print *lines* on stderr, each one line whatever is in it; empty ones not at all."""
        for line in lines:
            if line:
                flat = printable(" ".join(line.splitlines()))
                sys.stderr.write(paint(flat, style, sys.stderr) + "\n")
        sys.stderr.flush()

    def _complain(self, failure: Failure) -> None:
        said, *hints = render.failure_lines(failure)
        write(sys.stderr, said)
        self.tell(hints, "cyan")

    def _object(self, data: Mapping[str, JSON]) -> None:
        named = {"type": "answer", **data} if self.shared.jsonl else data
        indent = 2 if self.shared.json and sys.stdout.isatty() else None
        sys.stdout.write(json.dumps(named, ensure_ascii=not is_unicode(sys.stdout), indent=indent) + "\n")
        sys.stdout.flush()


def write(stream: TextIO, text: str, *, end: str = "\n") -> None:
    """Write *text*, what it could do to a terminal made visible; nothing when it is empty.

    *end* is added where *text* does not end a line.
    """
    if not text:
        return
    shown = printable(text) if stream.isatty() else text
    stream.write(shown if shown.endswith("\n") else shown + end)
    stream.flush()


def _is_own_failure(answer: Answer[object]) -> bool:
    """Say whether the program ended itself as failed, and so has had its own say."""
    return isinstance(answer.value, Execution) and answer.value.status == "error"


def _told(error: BaseException) -> Failure:
    """Give *error* as data. What the machine refuses (a full disk, a read-only folder) is no bug of ours."""
    if isinstance(error, OSError) and error.strerror:
        where = f": {error.filename}" if error.filename else ""
        return Failure("machine", f"{error.strerror.lower()}{where}", "vana doctor tests each part")
    failure = Failure.of(error)
    if failure.code == BUG:
        hint = "this is a bug in VANA: please report it with the lines above"
        return Failure(failure.code, failure.message, hint)
    return failure
