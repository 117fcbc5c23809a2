from __future__ import annotations

import string

from tests.specialists.code_execution.failures import failures
from vana.specialists.code_execution.causes import CAUSES


def test_every_cause_names_only_what_its_pattern_catches():
    for pattern, cause in CAUSES:
        named = {name for _, name, _, _ in string.Formatter().parse(cause) if name}
        assert named <= set(pattern.groupindex), cause


def test_no_pattern_stands_behind_one_that_always_wins():
    patterns = [pattern.pattern for pattern, _ in CAUSES]
    assert len(set(patterns)) == len(patterns)


def test_most_recorded_failures_have_a_cause_of_their_own():
    told = [failure.cause for failure in failures() if not failure.cause.startswith("It said:")]
    assert len(told) / len(failures()) > 0.75
