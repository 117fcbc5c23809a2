"""The boundary of a call: what nobody planned for ends that call, and nothing beside it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar

from vana.kernel.errors import Crashed, ModelRetry, VanaError

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Contain:
    """Turn an exception that is not one of ours into `Crashed`, with the exception as its cause.

    A bug in one tool then reaches its caller as a typed failure of that call, and its siblings go on.
    Cancellation and the interpreter's own exits travel on.
    """

    def wrap(self, service: Callable[P, Awaitable[R]], target: str) -> Callable[P, Awaitable[R]]:
        """Give *service* with a boundary around each call."""

        @wraps(service)
        async def contained(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return await service(*args, **kwargs)
            except (VanaError, ModelRetry):
                raise
            except Exception as error:
                message = f"{target} broke: {type(error).__name__}: {error}"
                hint = f"this is a bug in {target}, not in your request"
                raise Crashed(message, hint=hint) from error

        return contained
