"""What must go up, goes through a port: small protocols that `vana.app` alone plugs implementations into."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from vana.kernel.answer import Answer
    from vana.kernel.call import Call, Service
    from vana.kernel.event import Event
    from vana.kernel.plain import JSON


class Events(Protocol):
    """Where the trace layer sends facts."""

    def emit(self, event: Event) -> None:
        """Take *event* without blocking and without raising."""
        ...


class Blobs(Protocol):
    """Content by hash: inputs, artifacts, large values. No local path crosses a process."""

    async def put(self, content: bytes) -> str:
        """Keep *content* and give its SHA-256 in hex; keeping the same twice keeps it once.

        Raises:
            StoreFailed: it cannot be written.
        """
        ...

    async def get(self, sha256: str) -> bytes:
        """Give the content.

        Raises:
            StoreFailed: nothing is kept under *sha256*, or what is kept does not match it.
        """
        ...


class Resolve(Protocol):
    """From a name to what it names: graphs and engines know work by name only."""

    def __call__(self, target: str) -> Service[Call, Answer[object]]:
        """Give the service of `"specialist"` or `"specialist.tool"`.

        Raises:
            UnknownName: there is none.
        """
        ...


class Approve(Protocol):
    """A person's yes or no, from whichever face."""

    async def __call__(self, call: Call, reason: str) -> bool:
        """Say whether *call* may run."""
        ...


class Ask(Protocol):
    """A person's answer to a question, from whichever face."""

    async def __call__(self, question: str, schema: Mapping[str, JSON]) -> JSON:
        """Give the answer, which fits the JSON *schema*."""
        ...


class Steps(Protocol):
    """Results of calls that must not be made twice."""

    async def recorded(self, key: str, call: Callable[[], Awaitable[JSON]]) -> JSON:
        """Give the result recorded under *key*, or make the call and record it before giving it."""
        ...


class SharedState(Protocol):
    """A layer's state, shared between processes."""

    async def read(self, key: str) -> tuple[JSON, int]:
        """Give the value and its version; `(None, 0)` where nothing is kept."""
        ...

    async def swap(self, key: str, value: JSON, *, version: int) -> bool:
        """Write *value* when the kept version is still *version*, and say whether it was."""
        ...
