from __future__ import annotations

from vana.agents.guards import Guards
from vana.layers.breaker import Breaker
from vana.layers.stack import Stack, stack


def made() -> tuple[Guards, list[tuple[str, bool, float | None]]]:
    asked: list[tuple[str, bool, float | None]] = []

    def stacks(kind: str, idempotent: bool, cache: float | None) -> Stack:  # noqa: FBT001 - see Guards
        asked.append((kind, idempotent, cache))
        return stack(Breaker())

    return Guards(stacks), asked


async def double(x: int) -> int:
    return 2 * x


async def test_a_target_is_wrapped_once_so_that_its_state_lives_on():
    guards, asked = made()
    first = guards.around(double, "a.double", kind="tool", idempotent=True, cache=5)
    assert guards.around(double, "a.double", kind="tool", idempotent=True, cache=5) is first
    assert asked == [("tool", True, 5)]
    assert await first(21) == 42


def test_each_target_and_kind_has_a_state_of_its_own():
    guards, asked = made()
    wrapped = {
        id(guards.around(double, target, kind=kind)) for target in ("a", "b") for kind in ("tool", "memory")
    }
    assert len(wrapped) == len(asked) == 4
