from __future__ import annotations

import pytest

from vana.entry.cli.exit import (
    PRECEDENCE,
    USAGE_CODES,
    exit_code,
    exit_code_of_answer,
    exit_code_of_error,
    worst,
)
from vana.kernel.answer import Answer, Degradation, Failure, Status
from vana.kernel.errors import InputError, SandboxUnavailable, StoreFailed, UnknownName

DEGRADED = Degradation("journal", "full", "not written")


@pytest.mark.parametrize(
    ("status", "code", "degraded", "strict", "expected"),
    [
        ("answered", None, False, False, 0),
        ("answered", None, True, False, 0),
        ("answered", None, False, True, 0),
        ("answered", None, True, True, 3),
        ("failed", "program_failed", False, False, 1),
        ("failed", "sandbox_unavailable", True, True, 1),
        ("failed", "input_invalid", False, False, 2),
        ("failed", "unknown_name", True, True, 2),
        ("failed", "config_invalid", False, False, 2),
        ("failed", None, False, False, 1),
        ("abstained", "abstained", False, False, 5),
        ("abstained", "abstained", True, True, 5),
        ("needs_approval", "needs_approval", False, False, 4),
        ("needs_input", None, True, True, 4),
        ("cancelled", "cancelled", True, True, 130),
        ("cancelled", "usage", False, False, 130),
    ],
)
def test_the_first_that_fits_of_130_2_4_1_5_3_0(
    status: Status, code: str | None, *, degraded: bool, strict: bool, expected: int
):
    answer: Answer[object] = Answer(
        None, status, error=Failure(code, "why") if code else None, degraded=(DEGRADED,) if degraded else ()
    )
    assert exit_code_of_answer(answer, strict=strict) == expected
    assert exit_code(status, error_code=code, degraded=degraded, strict=strict) == expected


def test_the_precedence_is_the_documented_one():
    assert PRECEDENCE == (130, 2, 4, 1, 5, 3, 0)


@pytest.mark.parametrize(
    ("codes", "expected"), [((), 0), ((0, 5, 1), 1), ((3, 0), 3), ((2, 130), 130), ((4, 1), 4)]
)
def test_of_several_codes_the_worst_counts(codes: tuple[int, ...], expected: int):
    assert worst(codes) == expected


def test_every_usage_error_of_the_tree_is_a_usage_code():
    assert {"usage", "config_invalid", "input_invalid", "arguments_invalid", "unknown_name"} == USAGE_CODES


def test_an_error_that_never_became_an_answer_is_usage_or_failure():
    assert exit_code_of_error(InputError("x")) == exit_code_of_error(UnknownName("a", "b", ())) == 2
    assert exit_code_of_error(SandboxUnavailable("x")) == exit_code_of_error(StoreFailed("x")) == 1
    assert exit_code_of_error(OSError("x")) == 1
