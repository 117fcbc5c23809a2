from __future__ import annotations

import pytest

from benchmarks.layers import PEERS, measured

TIMES = (
    "await_us",
    "breaker_us",
    "retry_us",
    "cache_hit_us",
    "cache_hit_canonical_us",
    "deadline_us",
    "stack_us",
    "stack_traced_us",
)


@pytest.mark.real
async def test_every_figure_is_there_and_peers_that_are_absent_are_named():
    found = await measured(1)
    assert all(isinstance(found[name], float) for name in TIMES)
    assert all(float(str(found[name])) > float(str(found["await_us"])) for name in TIMES[1:])
    for name in ("deadline_overrun_ms", "breaker_bytes", "cached_key_bytes"):
        assert float(str(found[name])) > 0
    peers, absent = found["peers"], found["not_run"]
    assert isinstance(peers, dict)
    assert isinstance(absent, list)
    assert {*peers, *absent} == set(PEERS)
