from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vana.kernel.answer import Artifact, Degradation, Source, Usage
from vana.kernel.clock import Deadline
from vana.kernel.run import Evidence, Run, Span, current_span, degrade, inside, new_id
from vana.testing import FakeClock


def span(name: str = "s", parent: Span | None = None) -> Span:
    return Span(name, name, Run("r"), parent)


Counts = tuple[int, int, float, int, int]
COUNTS: st.SearchStrategy[Counts] = st.tuples(
    st.integers(0, 1000),
    st.integers(0, 1000),
    st.integers(0, 8).map(float),
    st.integers(0, 9),
    st.integers(0, 9),
)


def spend(books: Span, counts: Counts) -> None:
    books.input_tokens += counts[0]
    books.output_tokens += counts[1]
    books.cost_usd += counts[2]
    books.model_calls += counts[3]
    books.tool_calls += counts[4]


@given(st.lists(st.tuples(COUNTS, st.integers(0, 5)), max_size=8))
def test_a_tree_of_calls_counts_at_its_root_what_all_of_them_used(calls: list[tuple[Counts, int]]):
    spans = [span("root")]
    for counts, parent in calls:
        child = spans[parent % len(spans)].child(f"c{len(spans)}", "c")
        spend(child, counts)
        spans.append(child)
    for child in reversed(spans):
        child.fold_into_parent()
    root = spans[0].usage(1.5)
    sums = [sum(counts[place] for counts, _ in calls) for place in range(5)]
    assert root == Usage(int(sums[0]), int(sums[1]), float(sums[2]), int(sums[3]), int(sums[4]), 1.5)


def test_folding_keeps_each_fact_and_source_once_and_every_artifact():
    fact, other = Degradation("a", "b", "c"), Degradation("a", "b", "d")
    source, file = Source("web", "x"), Artifact("a.png", "image/png", 1, "0" * 64)
    parent = span()
    parent.degraded.append(fact)
    for _ in range(2):
        child = parent.child("c", "c")
        child.degraded += [fact, other]
        child.sources += [source]
        child.artifacts += [file]
        child.fold_into_parent()
    assert (parent.degraded, parent.sources, parent.artifacts) == ([fact, other], [source], [file, file])


def test_a_child_belongs_to_the_run_and_has_its_parents_deadline_and_empty_books():
    deadline = Deadline.after(5.0, FakeClock())
    parent = Span("p", "p", Run("r"), deadline=deadline, input_tokens=9)
    child = parent.child("c", "name")
    assert (child.id, child.name, child.run, child.parent) == ("c", "name", parent.run, parent)
    assert (child.deadline, child.input_tokens, child.degraded) == (deadline, 0, [])


def test_a_part_bears_its_calls_id_and_brings_back_books_and_attempts():
    clock = FakeClock()
    call = span()
    call.attempt = 2
    part = call.part(Deadline.after(1.0, clock))
    assert (part.id, part.attempt, call.deadline) == (call.id, 2, None)
    part.attempt, part.output_tokens = 3, 11
    part.fold_into_parent()
    assert (call.attempt, call.output_tokens) == (3, 11)


def test_evidence_is_what_was_written_down_so_far():
    books = span()
    books.degrade("a", "b", "c")
    kept = books.evidence()
    books.degrade("later", "b", "c")
    fresh = span()
    fresh.add_evidence(kept)
    assert kept == Evidence((Degradation("a", "b", "c"),))
    assert fresh.degraded == [Degradation("a", "b", "c")]


def test_the_same_degradation_is_written_down_once():
    books = span()
    with inside(books):
        degrade("a", "b", "c")
        degrade("a", "b", "c")
    assert len(books.degraded) == 1


def test_outside_any_run_nobody_listens():
    assert current_span() is None
    degrade("a", "b", "c")
    assert current_span() is None


async def test_the_current_span_is_that_of_the_task_and_of_those_it_starts():
    outer, first, second = span("outer"), span("first"), span("second")
    meeting = asyncio.Barrier(2)

    async def work(mine: Span) -> list[Span | None]:
        seen = [current_span()]
        with inside(mine):
            await meeting.wait()
            seen.append(current_span())
        return [*seen, current_span()]

    with inside(outer):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work(mine)) for mine in (first, second)]
    assert [task.result() for task in tasks] == [[outer, first, outer], [outer, second, outer]]


def test_an_error_in_the_block_gives_the_former_span_back():
    outer = span()
    with inside(outer):
        with pytest.raises(ZeroDivisionError), inside(span("inner")):
            _ = 1 / 0
        assert current_span() is outer


def test_ids_sort_by_time_and_do_not_repeat():
    ids = [new_id("span") for _ in range(5000)]
    moments = [one.rsplit("-", 1)[1][:12] for one in ids]
    assert moments == sorted(moments)
    assert len(set(ids)) == len(ids)
    assert all(one.startswith("span-") and len(one) == len("span-") + 24 for one in ids)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no process can be forked on this system")
def test_a_forked_process_does_not_give_the_ids_of_its_parent():
    program = """
import os
from vana.kernel.run import new_id
new_id("span")
reading, writing = os.pipe()
child = os.fork()
ids = [new_id("span") for _ in range(100)]
if child == 0:
    os.write(writing, " ".join(one[-12:] for one in ids).encode())
    os._exit(0)
os.waitpid(child, 0)
theirs = os.read(reading, 10_000).decode().split()
print(len(theirs), len({one[-12:] for one in ids} & set(theirs)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["100", "0"]
