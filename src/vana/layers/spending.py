"""A budget for a call: what it and all calls inside it may use together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar

from vana.kernel.budget import Budget, spending
from vana.layers.deadline import Timeout
from vana.layers.recipe import written

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Spending:
    """Give each call an account of its own with *budget*, below the account of whoever makes it.

    Model and tool calls inside are charged to it and to all accounts above, so that nested work never uses
    more than what is left further up. A function of your own charges with `vana.kernel.budget.charge`.
    """

    budget: Budget

    def __repr__(self) -> str:
        """Read as written."""
        return written(self)

    def wrap(self, service: Callable[P, Awaitable[R]], target: str) -> Callable[P, Awaitable[R]]:
        """Give *service* with an account a call.

        Calls inside raise `OverBudget` when a limit would be passed; after the budget's seconds the call
        raises `AttemptTimeout`.
        """
        budget = self.budget
        bounded = Timeout(budget.seconds).wrap(service, target) if budget.seconds is not None else service

        @wraps(service)
        async def spent(*args: P.args, **kwargs: P.kwargs) -> R:
            with spending(budget):
                return await bounded(*args, **kwargs)

        return spent
