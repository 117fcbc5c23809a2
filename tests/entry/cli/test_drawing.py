from __future__ import annotations

import io

import pytest

from vana.entry.cli import drawing
from vana.journal.journal import Note, RunTree, SpanNode
from vana.kernel.answer import Degradation

LOST = Degradation("web", "no key", "local levels")


def span(
    name: str, *children: SpanNode, status: str = "ok", attempts: int = 1, ms: float | None = 5.0
) -> SpanNode:
    degraded = (LOST,) if name in {"ask", "recall"} else ()
    notes = (Note("retry", 0.0, {"wait_s": 0.5}),) if attempts > 1 else ()
    data = {"code": "unavailable"} if status == "failed" else {}
    return SpanNode(f"s-{name}", name, status, 0.0, ms, attempts, degraded, data, (), children, notes)


TREE = RunTree(
    "run-1",
    span(
        "ask",
        span("recall", span("memory.session")),
        span("tool", status="failed", attempts=3),
        status="answered",
    ),
    8,
)


def drawn(capsys: pytest.CaptureFixture[str], tree: RunTree = TREE) -> list[str]:
    drawing.draw_run(tree)
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_the_tree_has_a_line_for_each_span_under_its_parent(capsys: pytest.CaptureFixture[str]):
    lines = drawn(capsys)
    assert lines[0].startswith("✓ ask ")
    assert lines[1].startswith("├─ ✓ recall ")
    assert any(line.startswith("│  └─ ✓ memory.session ") for line in lines)
    assert any(line.startswith("└─ ✗ tool ") for line in lines)
    assert lines[-1].startswith("run-1, 1970-01-01")


def test_a_failure_shows_its_code_its_attempts_and_what_happened_between(capsys: pytest.CaptureFixture[str]):
    lines = drawn(capsys)
    assert any("failed (unavailable), 3 attempts" in line for line in lines)
    assert any("- retry wait_s=0.5" in line for line in lines)


def test_a_degradation_stands_where_it_happened_and_not_at_every_parent(capsys: pytest.CaptureFixture[str]):
    told = [
        index
        for index, line in enumerate(drawn(capsys))
        if "degraded: web: no key; instead: local levels" in line
    ]
    assert told == [2]


def test_a_span_without_an_end_has_no_time(capsys: pytest.CaptureFixture[str]):
    tree = RunTree(
        "run-1", span("ask", span("tool", status="interrupted", ms=None), status="running", ms=None), 2
    )
    lines = drawn(capsys, tree)
    assert "running" in lines[0]
    assert any("interrupted" in line and "?" in line for line in lines)


def test_a_name_cannot_move_the_cursor(capsys: pytest.CaptureFixture[str]):
    assert "\\x1b[2J" in drawn(capsys, RunTree("run-1", span("evil\x1b[2J"), 2))[0]


def test_a_terminal_without_unicode_gets_lines_of_ascii(monkeypatch: pytest.MonkeyPatch):
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding="ascii")
    monkeypatch.setattr("sys.stdout", stream)
    drawing.draw_run(TREE)
    stream.flush()
    assert b"|- + recall" in written.getvalue()
    assert b"`- x tool" in written.getvalue()
