"""A run grown from its events. Pure: the journals read the events, this arranges them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from vana.journal.journal import ENDED, INTERRUPTED, LOST, RUNNING, Content, Note, RunTree, SpanNode
from vana.kernel.answer import Degradation
from vana.kernel.event import EventKind
from vana.kernel.plain import JSON


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event as it was read back."""

    kind: EventKind
    span_id: str
    parent_id: str | None
    name: str
    at: float
    data: Mapping[str, JSON]
    content: tuple[Content, ...] = ()


@dataclass(slots=True, eq=False)
class _Draft:
    """A span while its events are being collected."""

    span_id: str
    parent_id: str | None
    name: str
    started_at: float
    ended_at: float | None = None
    data: dict[str, JSON] = field(default_factory=dict[str, JSON])
    content: list[Content] = field(default_factory=list[Content])
    notes: list[Note] = field(default_factory=list[Note])
    children: list["_Draft"] = field(default_factory=list["_Draft"])
    is_lost: bool = False


def grow(run_id: str, events: Sequence[StoredEvent], *, is_alive: bool) -> RunTree:
    """Give the tree of *events*, which stand in the order they were written and are at least one.

    A span without an end is `running` when the writer of the run *is_alive* and the root is open, otherwise
    `interrupted`. No event is dropped: a span whose parent is unknown, a second root and a ring of parents
    hang on the root, a second start or end of a span is a note in it, and where no root is known one stands
    in for it with the status `lost`.
    """
    drafts, strays = _collect(events)
    root = _root(drafts, events[0])
    root.notes.extend(strays)
    order = _arrange(root, drafts)
    open_status = RUNNING if is_alive and root.ended_at is None else INTERRUPTED
    return RunTree(run_id, _frozen(order, open_status), len(events))


def _collect(events: Iterable[StoredEvent]) -> tuple[dict[str, _Draft], list[Note]]:
    """Give the spans in the order of their first start or end, and the notes of spans that are not there."""
    drafts: dict[str, _Draft] = {}
    started: set[str] = set()
    notes: list[tuple[str, Note]] = []
    for event in events:
        draft = drafts.get(event.span_id)
        repeated = (event.kind == "started" and event.span_id in started) or (
            event.kind == "ended" and draft is not None and draft.ended_at is not None
        )
        if event.kind == "note" or repeated:
            name = event.name if event.kind == "note" else event.kind
            notes.append((event.span_id, Note(name, event.at, event.data, event.content)))
            continue
        if draft is None:
            draft = drafts[event.span_id] = _Draft(event.span_id, event.parent_id, event.name, event.at)
        if event.kind == "started":
            started.add(event.span_id)
        _take(draft, event)
    strays: list[Note] = []
    for span_id, note in notes:
        owner = drafts.get(span_id)
        (strays if owner is None else owner.notes).append(note)
    return drafts, strays


def _take(draft: _Draft, event: StoredEvent) -> None:
    draft.content.extend(event.content)
    if event.kind == "started":
        draft.started_at = event.at
        draft.data = {**event.data, **draft.data}
    else:
        draft.ended_at = event.at
        draft.data.update(event.data)


def _root(drafts: Mapping[str, _Draft], first: StoredEvent) -> _Draft:
    """Give the first span without a parent, or one that stands in for it under the id that is missing."""
    for draft in drafts.values():
        if draft.parent_id is None:
            return draft
    named = [*(draft.parent_id for draft in drafts.values()), first.span_id]
    missing = next((span_id for span_id in named if span_id is not None and span_id not in drafts), "")
    return _Draft(missing, None, LOST, first.at, is_lost=True)


def _arrange(root: _Draft, drafts: Mapping[str, _Draft]) -> list[_Draft]:
    """Hang each span on its parent and give all of them, each before its children."""
    others = [draft for draft in drafts.values() if draft is not root]
    for draft in others:
        parent = drafts.get(draft.parent_id or "")
        (root if parent is None else parent).children.append(draft)
    order, reached = _below(root, set())
    for draft in others:
        if draft.span_id in reached:
            continue
        # A ring of parents, which nothing leads into: cut it open here.
        drafts[draft.parent_id or ""].children.remove(draft)
        root.children.append(draft)
        ring, reached = _below(draft, reached)
        order.extend(ring)
    return order


def _below(top: _Draft, reached: set[str]) -> tuple[list[_Draft], set[str]]:
    """Give *top* and all below it, each before its children, and the ids that are now reached."""
    order = [top]
    for draft in order:  # grows while it is walked
        order.extend(draft.children)
    return order, reached | {draft.span_id for draft in order}


def _frozen(order: Sequence[_Draft], open_status: str) -> SpanNode:
    """Give the first of *order* with all the others below it. From the leaves up: depth costs no stack."""
    made: dict[int, SpanNode] = {}
    for draft in reversed(order):
        children = tuple(made[id(child)] for child in draft.children)
        made[id(draft)] = _node(draft, open_status, children)
    return made[id(order[0])]


def _node(draft: _Draft, open_status: str, children: tuple[SpanNode, ...]) -> SpanNode:
    return SpanNode(
        draft.span_id,
        draft.name,
        _status(draft, open_status),
        _started_at(draft),
        _milliseconds(draft),
        _attempts(draft.data),
        _degraded(draft.data.get("degraded")),
        draft.data,
        tuple(draft.content),
        children,
        tuple(draft.notes),
    )


def _status(draft: _Draft, open_status: str) -> str:
    if draft.is_lost:
        return LOST
    if draft.ended_at is None:
        return open_status
    status = draft.data.get("status")
    return status if isinstance(status, str) else ENDED


def _started_at(draft: _Draft) -> float:
    """Give when it started; of a span whose start is lost, what its end says."""
    spent = _number(draft.data.get("ms"))
    if draft.ended_at == draft.started_at and spent is not None:
        return draft.started_at - spent / 1000
    return draft.started_at


def _milliseconds(draft: _Draft) -> float | None:
    if draft.ended_at is None:
        return None
    spent = _number(draft.data.get("ms"))
    return max(0.0, (draft.ended_at - draft.started_at) * 1000) if spent is None else spent


def _attempts(data: Mapping[str, JSON]) -> int:
    attempts = _number(data.get("attempts"))
    return 1 if attempts is None else int(attempts)


def _number(value: JSON) -> float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _degraded(facts: JSON) -> tuple[Degradation, ...]:
    if not isinstance(facts, list):
        return ()
    return tuple(
        Degradation(str(fact.get("what", "")), str(fact.get("why", "")), str(fact.get("instead", "")))
        for fact in facts
        if isinstance(fact, dict)
    )
