"""Answers as people read them: plain text, one line a fact. Faces decide where it goes, and its colour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from vana.kernel.answer import iso_time
from vana.kernel.plain import readable
from vana.specialists.code_execution.outcome import Execution

if TYPE_CHECKING:
    from vana.kernel.answer import Answer, Degradation, Failure, Source, Understood

SHOWN_SOURCES = 5
"""How many sources are named before the rest is only counted."""
SHOWN_ARGUMENT = 60
"""How many characters of an argument are shown."""

_SECOND_MS, _MINUTE_MS = 1000, 60_000


def duration(ms: float | None) -> str:
    """Give *ms* milliseconds in the unit a person would use; `?` where they are not known."""
    if ms is None:
        return "?"
    if ms < 1:
        return f"{ms:.1f} ms"
    if ms < _SECOND_MS:
        return f"{ms:.0f} ms"
    return f"{ms / _SECOND_MS:.1f} s" if ms < 2 * _MINUTE_MS else f"{ms / _MINUTE_MS:.1f} min"


def size(count: int) -> str:
    """Give *count* bytes in the unit a person would use."""
    if count < 1 << 10:
        return f"{count} bytes"
    return f"{count / (1 << 10):.1f} KiB" if count < 1 << 20 else f"{count / (1 << 20):.1f} MiB"


def spoken(answer: Answer[object]) -> tuple[str, str]:
    """Give what belongs on stdout and on stderr: the answer, and what a program complained of."""
    value = answer.value
    if isinstance(value, Execution):
        return value.stdout, value.stderr
    if answer.status == "failed":
        return "" if value is None else readable(value), ""
    is_said_as_error = answer.error is not None and answer.error.message == answer.text
    return "" if is_said_as_error else answer.text, ""


def failure_lines(failure: Failure) -> Iterator[str]:
    """Give what went wrong, and what to do next where that is known."""
    yield f"vana: {failure.message}"
    if failure.hint:
        yield f"hint: {failure.hint}"


def loss_lines(answer: Answer[object]) -> Iterator[str]:
    """Give what of a program's output and files was left out."""
    if isinstance(answer.value, Execution):
        if answer.value.truncated_bytes:
            yield f"vana: {size(answer.value.truncated_bytes)} of its output were left out"
        yield from (f"vana: {warning}" for warning in answer.value.warnings)


def evidence_lines(answer: Answer[object]) -> Iterator[str]:
    """Give how the request was understood, where the answer came from, and which files it made."""
    if answer.understood_as is not None:
        yield f"understood as {call_line(answer.understood_as)}"
    for source in answer.sources[:SHOWN_SOURCES]:
        yield f"from {source_line(source)}"
    if len(answer.sources) > SHOWN_SOURCES:
        yield f"and from {len(answer.sources) - SHOWN_SOURCES} more"
    for artifact in answer.artifacts:
        yield f"made {artifact.name} ({size(artifact.size)}){f': {artifact.path}' if artifact.path else ''}"


def call_line(understood: Understood) -> str:
    """Give the typed call a request became, long arguments cut."""
    arguments = ", ".join(f"{name}={_short(value)}" for name, value in understood.arguments.items())
    return f"{understood.specialist}.{understood.tool}({arguments})"


def _short(value: object) -> str:
    told = repr(value)
    return told if len(told) <= SHOWN_ARGUMENT else f"{told[: SHOWN_ARGUMENT - 1]}…"


def source_line(source: Source) -> str:
    """Give one source: its kind and level, its id, when it was written, and how sure it is."""
    level = f" ({source.level})" if source.level else ""
    told = [f"{source.kind}{level} {source.ref}"]
    if source.title:
        told.append(source.title)
    if source.at is not None:
        told.append((iso_time(source.at) or "")[:10])
    if source.confidence is not None:
        told.append(f"confidence {source.confidence:.2f}")
    return ", ".join(told)


def summary(answer: Answer[object]) -> str:
    """Give the one line at the end: which run, how it ended, how long it took, how sure it is."""
    told = [part for part in (answer.run_id, answer.status) if part]
    if answer.usage.wall_s:
        told.append(duration(answer.usage.wall_s * 1000))
    if answer.confidence is not None:
        told.append(f"confidence {answer.confidence:.2f}")
    return " · ".join(told)


def degraded_line(degraded: Iterable[Degradation]) -> str:
    """Give what was less than asked for, in one line; empty when nothing was."""
    told = "; ".join(f"{fact.what}: {fact.why}; instead: {fact.instead}" for fact in degraded)
    return f"degraded: {told}" if told else ""
