"""Leave to make one call through a breaker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from vana.layers.health import Verdict, verdict

if TYPE_CHECKING:
    from types import TracebackType


class Settles(Protocol):
    """What gave the permit, and learns from its end."""

    def settle(self, permit: Permit, outcome: Verdict | None) -> None:
        """Take *permit* back."""
        ...


class Permit:
    """Leave to make one call, as a block: how the block ends is the verdict."""

    __slots__ = ("_circuit", "began", "bucket", "generation")

    def __init__(self, circuit: Settles, generation: int, began: float) -> None:
        self._circuit = circuit
        self.generation = generation
        self.began = began
        self.bucket: int | None = None
        """Where the call was counted as slow while it ran."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._circuit.settle(self, verdict(error))
