from __future__ import annotations

import asyncio
import random
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.journal.events import ROOT, ended, started
from vana.journal.journal import INTERRUPTED, LOST, RunTree, SpanNode
from vana.journal.sqlite import open_journal
from vana.journal.tree import StoredEvent, grow
from vana.kernel.event import Event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vana.kernel.event import EventKind


def stored(kind: EventKind, span: str, parent: str | None, at: float = 0.0) -> StoredEvent:
    return StoredEvent(kind, span, parent, f"tool.{span}", at, {})


def grown(*events: StoredEvent) -> RunTree:
    return grow("run-1", events, is_alive=False)


def ids(node: SpanNode) -> tuple[str, list[object]]:
    return (node.span_id, [ids(child) for child in node.children])


def every_span(tree: RunTree) -> set[str]:
    return {node.span_id for _, node in tree.walk()}


def test_span_whose_parent_is_lost_hangs_on_the_root() -> None:
    tree = grown(stored("started", ROOT, None), stored("started", "a", "gone"), stored("started", "b", "a"))
    assert ids(tree.root) == (ROOT, [("a", [("b", [])])])


def test_second_root_hangs_on_the_first() -> None:
    tree = grown(stored("started", ROOT, None), stored("started", "again", None))
    assert ids(tree.root) == (ROOT, [("again", [])])


def test_without_any_root_a_lost_one_stands_in() -> None:
    tree = grown(stored("started", "a", "gone", 7.0), stored("started", "b", "gone", 8.0))
    assert (tree.root.status, tree.root.span_id, tree.root.started_at) == (LOST, "gone", 7.0)
    assert ids(tree.root) == ("gone", [("a", []), ("b", [])])


def test_ring_of_parents_is_cut_open_at_the_root() -> None:
    tree = grown(
        stored("started", ROOT, None),
        stored("started", "a", "c"),
        stored("started", "b", "a"),
        stored("started", "c", "b"),
        stored("started", "self", "self"),
    )
    assert ids(tree.root) == (ROOT, [("a", [("b", [("c", [])])]), ("self", [])])


def test_end_without_a_start_is_a_span_that_began_its_time_ago() -> None:
    end = StoredEvent("ended", "a", ROOT, "tool.a", 10.0, {"status": "ok", "ms": 1500})
    span = grown(stored("started", ROOT, None), end).root.children[0]
    assert (span.status, span.started_at, span.ms) == ("ok", 8.5, 1500)


def test_second_start_and_end_of_a_span_are_notes_in_it() -> None:
    tree = grown(
        stored("started", ROOT, None, 1.0),
        stored("ended", ROOT, None, 2.0),
        stored("started", ROOT, None, 3.0),
        stored("ended", ROOT, None, 4.0),
    )
    assert [(note.name, note.at) for note in tree.root.notes] == [("started", 3.0), ("ended", 4.0)]
    assert (tree.root.started_at, tree.root.ms) == (1.0, 1000.0)


def test_note_of_an_unknown_span_is_a_note_of_the_root() -> None:
    tree = grown(stored("started", ROOT, None), StoredEvent("note", "gone", None, "retry", 1.0, {}))
    assert [note.name for note in tree.root.notes] == ["retry"]


def test_facts_of_another_shape_than_agreed_are_left_in_the_data() -> None:
    odd = {"status": 5, "ms": "long", "attempts": True, "degraded": ["x", {"what": 1}]}
    span = grown(stored("started", ROOT, None), StoredEvent("ended", ROOT, None, "", 1.0, odd)).root  # type: ignore[arg-type] # a dict is no JSON to the checker, for it may change
    assert (span.status, span.ms, span.attempts) == ("ended", 1000.0, 1)
    assert [(fact.what, fact.why) for fact in span.degraded] == [("1", "")]
    assert span.data == odd


def test_chain_of_five_thousand_spans_is_a_tree() -> None:
    events = [stored("started", "0", None)]
    events += [stored("started", f"{n}", f"{n - 1}") for n in range(1, 5000)]
    assert max(depth for depth, _ in grown(*events).walk()) == 4999


@given(
    st.lists(
        st.tuples(st.sampled_from(["started", "ended"]), st.integers(0, 6), st.integers(-1, 6)), min_size=1
    )
)
def test_no_span_is_dropped_whatever_the_events_say(said: list[tuple[EventKind, int, int]]) -> None:
    events = [stored(kind, f"{span}", None if parent < 0 else f"{parent}") for kind, span, parent in said]
    tree = grown(*events)
    spans = [node.span_id for _, node in tree.walk()]
    assert every_span(tree) >= {event.span_id for event in events}
    assert len(spans) == len(set(spans))
    assert tree.events == len(events)


def parallel(parents: Sequence[int], seed: int) -> list[Event]:
    """Give the events of spans that overlap: each starts after its parent and ends before it."""
    chance = random.Random(seed)  # noqa: S311 - an order to test with, nothing secret
    waiting = {number: sum(parent == number for parent in parents) for number in range(len(parents))}
    ready, is_open, events = [0], list[int](), list[Event]()
    while ready or is_open:
        can_end = [number for number in is_open if waiting[number] == 0]
        if ready and (not can_end or chance.random() < 0.5):
            number = ready.pop(chance.randrange(len(ready)))
            is_open.append(number)
            ready += [child for child, parent in enumerate(parents) if parent == number]
            events.append(started(f"s{number}", None if number == 0 else f"s{parents[number]}"))
        else:
            number = chance.choice(can_end)
            is_open.remove(number)
            waiting[parents[number]] = waiting.get(parents[number], 0) - 1
            events.append(ended(f"s{number}", None if number == 0 else f"s{parents[number]}"))
    return events


def expected(events: Sequence[Event], parent: str | None) -> list[object]:
    ends = {event.span_id for event in events if event.kind == "ended"}
    return [
        (event.span_id, "ok" if event.span_id in ends else INTERRUPTED, expected(events, event.span_id))
        for event in events
        if event.kind == "started" and event.parent_id == parent
    ]


async def through_a_file(events: Sequence[Event]) -> RunTree:
    with tempfile.TemporaryDirectory() as folder:
        journal = open_journal(Path(folder))
        for event in events:
            journal.emit(event)
        await journal.aclose()
        return await journal.tree("run-1")


def read_back(node: SpanNode) -> tuple[object, ...]:
    return (node.span_id, node.status, [read_back(child) for child in node.children])


@settings(max_examples=40)
@given(st.data(), st.integers(1, 25), st.integers(0, 1 << 30))
def test_tree_of_nested_parallel_spans_is_what_was_emitted(data: st.DataObject, size: int, seed: int) -> None:
    parents = [-1, *(data.draw(st.integers(0, number - 1)) for number in range(1, size))]
    events = parallel(parents, seed)
    kept = events[: data.draw(st.integers(1, len(events)))]  # killed anywhere
    tree = asyncio.run(through_a_file(kept))
    assert [read_back(tree.root)] == expected(kept, None)
    assert tree.events == len(kept)
