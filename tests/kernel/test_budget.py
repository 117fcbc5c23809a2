"""Accounts: what is used below is used above, and nothing passes a limit."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vana.kernel.budget import Account, Budget, charge, current_account, settle, spending
from vana.kernel.errors import OverBudget, UsageError


def test_a_call_that_would_pass_a_limit_is_refused_and_charged_nowhere():
    above = Account(Budget(tool_calls=5))
    below = Account(Budget(tool_calls=1), above)
    below.take("tool_calls")
    with pytest.raises(OverBudget, match="allows 1 tool_calls, and 1 are used"):
        below.take("tool_calls")
    assert (below.used("tool_calls"), above.used("tool_calls")) == (1, 1)


def test_a_limit_further_up_holds_for_all_below_it_together():
    above = Account(Budget(model_calls=3))
    one, other = Account(Budget(), above), Account(Budget(model_calls=9), above)
    for account in (one, other, one):
        account.take("model_calls")
    with pytest.raises(OverBudget):
        other.take("model_calls")


def test_the_call_that_passes_a_limit_of_tokens_is_the_last_one():
    account = Account(Budget(tokens=100))
    account.take("model_calls")
    account.settle(tokens=250, cost_usd=0.5)
    with pytest.raises(OverBudget, match="100 tokens, and 250 are used") as caught:
        account.take("model_calls")
    assert (caught.value.what, caught.value.used, caught.value.limit) == ("tokens", 250, 100)


def test_outside_any_account_nothing_is_counted():
    charge("tool_calls")
    settle(tokens=5)
    assert current_account() is None


async def test_tasks_that_are_started_inside_are_charged_to_the_account_around_them():
    async def work() -> None:
        charge("tool_calls")

    with spending(Budget(tool_calls=10)) as account:
        async with asyncio.TaskGroup() as group:
            for _ in range(10):
                group.create_task(work())
    assert account.used("tool_calls") == 10


@given(st.lists(st.integers(0, 3), max_size=60), st.lists(st.integers(1, 9), min_size=4, max_size=4))
def test_no_order_of_calls_passes_any_limit_of_a_tree(calls: list[int], limits: list[int]):
    root = Account(Budget(model_calls=limits[0]))
    left, right = Account(Budget(model_calls=limits[1]), root), Account(Budget(model_calls=limits[2]), root)
    accounts = [root, left, right, Account(Budget(model_calls=limits[3]), left)]
    made = 0
    for index in calls:
        try:
            accounts[index].take("model_calls")
        except OverBudget:
            continue
        made += 1
    assert root.used("model_calls") == made
    for account in accounts:
        assert account.used("model_calls") <= (account.budget.model_calls or 0)


@pytest.mark.parametrize("limits", [{"tokens": 0}, {"seconds": -1.0}, {"model_calls": 0}])
def test_a_budget_that_allows_nothing_is_refused(limits: dict[str, float]):
    with pytest.raises(UsageError, match="must be positive"):
        Budget(**limits)  # type: ignore[arg-type]
