"""A budget around any async function."""

from __future__ import annotations

import asyncio

import pytest

from vana.kernel.budget import Budget, charge, spending
from vana.kernel.errors import AttemptTimeout, OverBudget
from vana.layers.spending import Spending
from vana.layers.stack import stack


async def work(calls: int) -> int:
    for _ in range(calls):
        charge("model_calls")
    return calls


async def test_each_call_has_an_account_of_its_own():
    guarded = stack(Spending(Budget(model_calls=2)))(work)
    assert [await guarded(2), await guarded(2)] == [2, 2]
    with pytest.raises(OverBudget):
        await guarded(3)


async def test_what_is_left_further_up_is_never_passed():
    guarded = stack(Spending(Budget(model_calls=2)))(work)
    with spending(Budget(model_calls=3)) as above:
        await guarded(2)
        with pytest.raises(OverBudget):
            await guarded(2)
    assert above.used("model_calls") == 3


async def test_its_seconds_bound_the_call():
    async def hang() -> None:
        await asyncio.Event().wait()

    with pytest.raises(AttemptTimeout):
        await stack(Spending(Budget(seconds=0.01)))(hang)()


def test_it_reads_as_written():
    assert repr(Spending(Budget(model_calls=2))).startswith("Spending(Budget(model_calls=2")
