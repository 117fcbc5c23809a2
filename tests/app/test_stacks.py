"""Which layers stand around which kind of call."""

from __future__ import annotations

import pytest

from vana.app.stacks import KEPT_CHARACTERS, ToolContent, stack_for
from vana.journal.fanout import Fanout
from vana.kernel.errors import ToolFailed

MODEL = (
    "Trace(kind='model'), Contain(), Timeout(), Retry(), "
    "Breaker(slow=30.0, queue=Limit(80, 4096, adaptive=True)), Timeout(seconds=60.0), Classify()"
)
SANDBOX = (
    "Trace(kind='sandbox'), Contain(), Timeout(), "
    "Breaker(slow=None, queue=Limit(32, 4096, adaptive=True)), Classify()"
)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("delegation", "Trace(kind='delegation'), Contain(), Timeout(), Classify()"),
        ("sandbox", SANDBOX),
        ("model", MODEL),
    ],
)
def test_a_kind_has_its_layers_in_the_one_order(kind: str, expected: str):
    assert repr(stack_for(Fanout(), kind, idempotent=False, cache=None)) == f"stack({expected})"


def test_only_what_may_be_done_twice_is_retried_and_only_what_says_so_is_cached():
    plain = repr(stack_for(Fanout(), "tool", idempotent=False, cache=None))
    declared = repr(stack_for(Fanout(), "tool", idempotent=True, cache=5.0))
    assert "Retry" not in plain
    assert "Cache" not in plain
    assert "Cache(ttl=5.0" in declared
    assert "Retry()" in declared


def test_the_trace_keeps_what_a_tool_was_given_and_never_its_dependencies():
    kept = ToolContent().arguments((object(), {"city": "Oslo"}), {})
    assert kept == {"arguments": {"city": "Oslo"}}


def test_the_trace_cuts_a_long_text_and_says_how_long_it_was():
    kept = ToolContent().outcome("x" * (KEPT_CHARACTERS + 1))["result"]
    assert str(kept).endswith("… (65,537 characters)")


def test_of_a_failure_the_trace_keeps_the_words_and_what_came_out():
    kept = ToolContent().outcome(ToolFailed("no radar", value={"seen": 1}))
    assert kept == {"error": "no radar", "value": {"seen": 1}}
