"""The contract of every journal: facts go in, a run comes back as a tree.

What a span says of itself stands in the `data` of its events, under these keys; each is optional:

- `status` (of `ended`): how it ended, such as `answered`, `failed` or `cancelled`; without it, `ended`;
- `ms` (of `ended`): how long it took, by a monotonic clock; without it, the difference of the wall times;
- `attempts` (the last one counts): how many tries it took; without it, 1;
- `degraded` (of `ended`): a list of `{"what", "why", "instead"}`.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from vana.kernel.answer import Degradation
from vana.kernel.plain import JSON
from vana.kernel.ports import Events, Steps

RUNNING, INTERRUPTED, LOST, ENDED = "running", "interrupted", "lost", "ended"
"""Statuses that the journal itself gives: still open and its writer lives; still open and its writer is gone;
none of the span's own events is there, only those of its children; ended without saying how."""

NEWEST = "last"
"""What `Journal.tree` takes for the id of the newest run."""


@dataclass(frozen=True, slots=True)
class Content:
    """One item of what a person wrote or a program printed; it can be forgotten by its id."""

    id: str
    key: str
    value: JSON
    """`None` once it is forgotten."""
    forgotten: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """Something that happened inside a span."""

    name: str
    at: float
    """Seconds since 1970, UTC."""
    data: Mapping[str, JSON]
    content: tuple[Content, ...] = ()


@dataclass(frozen=True, slots=True)
class SpanNode:
    """One guarded call of a run, with those made inside it, in the order in which they started."""

    span_id: str
    name: str
    status: str
    started_at: float
    """Seconds since 1970, UTC."""
    ms: float | None
    """How long it took, in milliseconds; `None` when its end is not known."""
    attempts: int
    degraded: tuple[Degradation, ...]
    data: Mapping[str, JSON]
    """The facts of its start and its end together; at the same key the end's."""
    content: tuple[Content, ...]
    children: tuple["SpanNode", ...]
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class RunTree:
    """A whole run as its events tell it. What lost its parent hangs on the root."""

    run_id: str
    root: SpanNode
    events: int
    """How many events it is made of."""

    def walk(self) -> Iterator[tuple[int, SpanNode]]:
        """Give each span with its depth, the root first at 0, each before its children."""
        rest = [(0, self.root)]
        while rest:
            depth, node = rest.pop()
            yield depth, node
            rest.extend((depth + 1, child) for child in reversed(node.children))


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One line about a run: that of its root."""

    run_id: str
    name: str
    status: str
    started_at: float
    """Seconds since 1970, UTC."""
    ms: float | None
    degraded: tuple[Degradation, ...]


class Journal(Events, Steps, Protocol):
    """Take facts, give them back, and keep results that must not be made twice.

    More than five methods, for one file has three users: runs write (`emit`, `flush`, `trouble`), people read
    and forget (`runs`, `tree`, `forget`), and resumed runs look up (`record`, `recorded`). A journal that
    cannot write is no reason to fail a run: it takes what it is given, counts it as lost, and says so in
    `trouble`. Whoever opens it closes it.
    """

    def trouble(self) -> str | None:
        """Give why facts are being lost, with the place and what to do; `None` while none is."""
        ...

    async def flush(self) -> None:
        """Wait until all that was emitted before is written, or is counted as lost."""
        ...

    async def runs(self, limit: int = 20) -> Sequence[RunSummary]:
        """Give at most *limit* runs, the newest first.

        Raises:
            StoreFailed: the journal cannot be read.
        """
        ...

    async def tree(self, run_id: str) -> RunTree:
        """Give the run called *run_id*, or with `"last"` the newest one.

        Raises:
            UnknownName: there is none; the error lists a few recent ones.
            StoreFailed: the journal cannot be read.
        """
        ...

    async def forget(self, target: str) -> int:
        """Destroy the content item, or all content and recorded results of the run, called *target*.

        The facts stay. When this returns, no byte of it is left in the journal's files. Gives how many items
        it destroyed: 0 when they were gone before.

        Raises:
            UnknownName: no item and no run is called so.
            StoreFailed: it could not be destroyed, or not in every file yet; forgetting again goes on.
        """
        ...

    async def record(self, key: str, value: JSON) -> JSON:
        """Keep *value* under *key*, `RUN_ID/STEP`, and give what is kept there: the first one stays.

        When this returns, what is kept outlives a kill and a loss of power.

        Raises:
            StoreFailed: it could not be kept.
        """
        ...

    async def recorded(self, key: str, call: Callable[[], Awaitable[JSON]]) -> JSON:
        """Give the result kept under *key*, `RUN_ID/STEP`, or make the call and keep its result first.

        Callers of one journal that ask for the same key at once make one call. When the result cannot be
        kept it is given all the same, and the current span is degraded.

        Raises:
            StoreFailed: the result was forgotten; making the call again would repeat its effects.
        """
        ...

    async def aclose(self) -> None:
        """Write what is left and let go of the file. What is emitted later is counted as lost."""
        ...
