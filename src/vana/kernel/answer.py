"""What comes back up: one frozen outcome with its evidence, its cost and what was degraded."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Generic, Literal, TypeAlias, TypeVar

from vana.kernel.errors import Failed, VanaError
from vana.kernel.plain import JSON, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vana.kernel.confidence import Confidence

T_co = TypeVar("T_co", covariant=True)

Status: TypeAlias = Literal["answered", "failed", "abstained", "needs_approval", "needs_input", "cancelled"]

ANSWER_SCHEMA = "vana.answer/1"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value came from."""

    kind: str
    """`memory`, `tool`, `file`, `web` or `model`."""
    ref: str
    """An id, path or address that leads back to it."""
    title: str | None = None
    level: str | None = None
    """The rung of memory: `session`, `knowledge`, `vector` or `web`."""
    score: float | None = None
    """The ranker's score: orders hits of one search, and is no probability."""
    confidence: Confidence | None = None
    at: float | None = None
    """When it was written, in seconds since 1970, UTC."""
    span: tuple[int, int] | None = None
    """Which characters of the referred text, end exclusive."""

    def as_json(self) -> dict[str, JSON]:
        """Give the JSON form; `at` as an ISO 8601 time in UTC."""
        return {
            "kind": self.kind,
            "ref": self.ref,
            "title": self.title,
            "level": self.level,
            "score": plain(self.score),
            "confidence": plain(self.confidence),
            "at": iso_time(self.at),
            "span": plain(self.span),
        }


@dataclass(frozen=True, slots=True)
class Degradation:
    """One thing that was less than asked for: `what` was lost, `why`, and what was done `instead`."""

    what: str
    why: str
    instead: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What a piece of work cost, its failed and nested parts included."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    model_calls: int = 0
    tool_calls: int = 0
    wall_s: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        """Give the sum; `wall_s` keeps the left side's, for parts of one run overlap in time."""
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cost_usd + other.cost_usd,
            self.model_calls + other.model_calls,
            self.tool_calls + other.tool_calls,
            self.wall_s,
        )


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file that a run made. `path` is where it lies on this machine, or `None` when it does not."""

    name: str
    mime: str
    size: int
    sha256: str
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Understood:
    """The typed call that a request became."""

    specialist: str
    tool: str
    arguments: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request was sent and why. Its confidence is that of the choice, never of the answer."""

    kind: Literal["question", "action", "memory", "plan", "abstain"]
    specialist: str | None = None
    tool: str | None = None
    confidence: Confidence | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure as data: a stable code, what happened, and what to do next."""

    code: str
    message: str
    hint: str | None = None

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """Give the data of *error*; an error that is not ours has the code `internal`."""
        if isinstance(error, VanaError):
            return cls(error.code, error.message, error.hint)
        return cls("internal", f"{type(error).__name__}: {error}", None)


@dataclass(frozen=True)  # no slots: with them `Answer[int](...)` is a TypeError on Python 3.11
class Answer(Generic[T_co]):
    """One outcome. Only `sources`, `degraded`, `usage` and `artifacts` grow on its way up."""

    value: T_co | None
    status: Status = "answered"
    text: str = ""
    run_id: str = ""
    confidence: Confidence | None = None
    understood_as: Understood | None = None
    sources: tuple[Source, ...] = ()
    degraded: tuple[Degradation, ...] = ()
    usage: Usage = field(default_factory=Usage)
    artifacts: tuple[Artifact, ...] = ()
    route: Route | None = None
    error: Failure | None = None

    def unwrap(self) -> T_co:
        """Give the value of an answered run.

        Raises:
            Failed: the status is not `answered`; the message and code are the answer's own.
        """
        if self.status != "answered" or self.value is None:
            error = self.error or Failure(self.status, self.text or f"the run ended as {self.status}")
            raise Failed(error.message, hint=error.hint, code=error.code, value=self.value)
        return self.value

    def as_json(self) -> dict[str, JSON]:
        """Give the stable JSON form, schema `vana.answer/1`."""
        route = self.route
        return {
            "schema": ANSWER_SCHEMA,
            "run_id": self.run_id,
            "status": self.status,
            "value": plain(self.value),
            "text": self.text,
            "confidence": plain(self.confidence),
            "understood_as": plain(self.understood_as),
            "sources": plain(self.sources),
            "degraded": plain(self.degraded),
            "usage": plain(self.usage),
            "artifacts": plain(self.artifacts),
            "route": plain(route),
            "error": plain(self.error),
        }


def iso_time(seconds: float | None) -> str | None:
    """Give *seconds* since 1970 as ISO 8601 in UTC, to the millisecond; `None` stays `None`."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
