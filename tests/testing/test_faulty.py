from __future__ import annotations

import pytest

from vana.testing import faulty


async def test_it_raises_each_error_once_and_in_order_and_then_calls_through():
    calls: list[int] = []

    async def double(x: int) -> int:
        calls.append(x)
        return 2 * x

    errors = [ValueError("a"), KeyError("b")]
    service = faulty(double, errors=errors)
    for error in errors:
        with pytest.raises(type(error)) as caught:
            await service(1)
        assert caught.value is error
    assert calls == []
    assert [await service(2), await service(x=3)] == [4, 6]
    assert calls == [2, 3]
