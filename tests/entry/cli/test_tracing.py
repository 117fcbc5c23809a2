from __future__ import annotations

import pytest

from tests.entry.cli.typed import vana

pytestmark = pytest.mark.real


def test_the_newest_run_is_drawn_as_a_tree():
    assert vana("Execute this Python code: print(6*7)").code == 0
    told = vana("trace").out
    assert "✓ ask" in told
    assert "✓ code_execution.execute_code" in told
    assert " ms" in told


def test_the_object_of_a_trace_holds_the_whole_tree():
    run_id = vana("--json", "Execute this Python code: print(6*7)").json["run_id"]
    tree = vana("trace", str(run_id), "--json").json
    assert (tree["schema"], tree["run_id"]) == ("vana.trace/1", run_id)
    assert '"name": "code_execution.execute_code"' in vana("trace", "--json").out


def test_before_the_first_run_there_is_nothing_to_draw():
    ended = vana("trace")
    assert (ended.code, ended.out) == (1, "")
    assert "there are no runs yet" in ended.err


def test_an_unknown_run_is_usage():
    vana("remember", "Ana prefers tea")
    ended = vana("trace", "run-nowhere")
    assert ended.code == 2
    assert "run-nowhere" in ended.err
