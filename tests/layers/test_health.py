from __future__ import annotations

import asyncio

import pytest

from vana.kernel.errors import (
    AtLimit,
    AttemptTimeout,
    CircuitOpen,
    InputError,
    ModelFailed,
    ModelRetry,
    ProgramFailed,
    RateLimited,
    StoreFailed,
    ToolFailed,
    Unavailable,
)
from vana.layers.health import verdict


@pytest.mark.parametrize(
    "error", [Unavailable("x"), AttemptTimeout("x"), ModelFailed("x"), StoreFailed("x"), KeyError("x")]
)
def test_the_targets_faults_count(error: Exception):
    assert verdict(error) == "failing"


@pytest.mark.parametrize(
    "error",
    [
        InputError("x"),
        AtLimit("x"),
        CircuitOpen("x"),
        RateLimited("x"),
        asyncio.CancelledError(),
        KeyboardInterrupt(),
        GeneratorExit(),
    ],
)
def test_the_callers_faults_refusals_and_cancellation_are_no_verdict(error: BaseException):
    assert verdict(error) is None


@pytest.mark.parametrize("error", [None, ToolFailed("x"), ProgramFailed("x"), ModelRetry("x")])
def test_a_target_that_answers_is_healthy_whatever_it_answers(error: Exception | None):
    assert verdict(error) == "healthy"
