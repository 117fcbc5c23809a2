"""What a piece of work may use, and the account it is charged to. Like a deadline, it is handed down."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from vana.kernel.errors import OverBudget, UsageError

_AFTERWARDS = ("tokens", "cost_usd")
"""Known when a call is over."""

COUNTED = ("model_calls", "tool_calls", *_AFTERWARDS)


@dataclass(frozen=True, slots=True)
class Budget:
    """What a piece of work may use at most, its nested calls included; `None` sets no limit of its own.

    Raises:
        UsageError: a limit is not positive.
    """

    model_calls: int | None = None
    tool_calls: int | None = None
    tokens: int | None = None
    """In and out together."""
    cost_usd: float | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        """Refuse a budget that allows nothing."""
        for name in self.__slots__:
            limit = getattr(self, name)
            if limit is not None and not limit > 0:
                message = f"the budget's {name} must be positive, not {limit!r}"
                raise UsageError(message, hint="leave it out to set no limit")


class Account:
    """What was used of one budget. What is charged here is charged to every account above it too.

    A call is charged before it is made, and refused when that would pass a limit, so that calls side by side
    cannot pass it together. Tokens and money are known afterwards: the call that passes such a limit is the
    last one.
    """

    __slots__ = ("budget", "parent", "spent")

    def __init__(self, budget: Budget, parent: Account | None = None) -> None:
        self.budget = budget
        self.parent = parent
        self.spent: dict[str, float] = dict.fromkeys(COUNTED, 0)

    def used(self, what: str) -> float:
        """Give how much of *what* was used: one of `COUNTED`."""
        return self.spent[what]

    def take(self, what: str) -> None:
        """Charge one call: *what* is `model_calls` or `tool_calls`.

        Raises:
            OverBudget: a limit here or above would be passed, or is; nothing is charged anywhere.
        """
        chain = tuple(_upwards(self))
        for account in chain:
            _check(account, what)
        for account in chain:
            account.spent[what] += 1

    def settle(self, *, tokens: int = 0, cost_usd: float = 0.0) -> None:
        """Charge what a call turned out to cost."""
        for account in _upwards(self):
            account.spent["tokens"] += tokens
            account.spent["cost_usd"] += cost_usd


def _upwards(account: Account | None) -> Generator[Account]:
    while account is not None:
        yield account
        account = account.parent


def _check(account: Account, what: str) -> None:
    """Refuse one more *what* where it would pass its limit, or where another limit is reached."""
    for name in COUNTED:
        limit, used = getattr(account.budget, name), account.spent[name]
        if limit is not None and used >= limit and (name == what or name in _AFTERWARDS):
            raise OverBudget(name, used=used, limit=limit)


_current: ContextVar[Account | None] = ContextVar("vana_account", default=None)


def current_account() -> Account | None:
    """Give the account that what runs now is charged to, or `None` where nobody counts."""
    return _current.get()


@contextmanager
def spending(budget: Budget) -> Generator[Account]:
    """Charge what runs in the block, and in the tasks it starts, to a new account below the current one."""
    account = Account(budget, _current.get())
    token = _current.set(account)
    try:
        yield account
    finally:
        _current.reset(token)


def charge(what: str) -> None:
    """Charge one call to the current account, where there is one; see `Account.take`."""
    account = _current.get()
    if account is not None:
        account.take(what)


def settle(*, tokens: int = 0, cost_usd: float = 0.0) -> None:
    """Charge what a call turned out to cost to the current account, where there is one."""
    account = _current.get()
    if account is not None:
        account.settle(tokens=tokens, cost_usd=cost_usd)
