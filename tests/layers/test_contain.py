"""The boundary of a call."""

from __future__ import annotations

import asyncio

import pytest

from vana.kernel.errors import Crashed, ModelRetry, ToolFailed
from vana.layers.contain import Contain
from vana.layers.stack import stack


async def test_a_bug_becomes_a_typed_failure_with_the_exception_as_its_cause():
    async def divide() -> float:
        return 1 / 0

    with pytest.raises(Crashed, match="divide broke: ZeroDivisionError") as caught:
        await stack(Contain())(divide, "divide")()
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert caught.value.code == "crashed"


@pytest.mark.parametrize(
    "error", [ToolFailed("no"), ModelRetry("say which"), asyncio.CancelledError(), SystemExit(3)]
)
async def test_what_is_planned_for_travels_on_as_it_is(error: BaseException):
    async def fail() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        await stack(Contain())(fail)()
    assert caught.value is error
