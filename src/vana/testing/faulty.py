"""A service that fails as told, and then works."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def faulty(
    service: Callable[P, Awaitable[R]], *, errors: Iterable[BaseException]
) -> Callable[P, Awaitable[R]]:
    """Give *service* whose first calls raise *errors*, one each and in order; later calls go through.

    The service itself is not called as long as there are errors left.
    """
    left = deque(errors)

    @wraps(service)
    async def failing(*args: P.args, **kwargs: P.kwargs) -> R:
        if left:
            raise left.popleft()
        return await service(*args, **kwargs)

    return failing
