from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest

from vana.kernel.call import Call
from vana.kernel.run import LOCAL_TENANT


def test_a_call_that_is_to_differ_is_a_new_one():
    call = Call("weather.forecast", {"city": "Oslo"})
    with pytest.raises(FrozenInstanceError):
        call.attempt = 2  # pyright: ignore[reportAttributeAccessIssue] - this is what must not work
    again = replace(call, attempt=2)
    assert (call.attempt, again.attempt, again.arguments) == (1, 2, {"city": "Oslo"})


def test_a_bare_call_is_the_local_tenants_first_attempt_without_a_deadline():
    call = Call("t")
    assert (call.tenant, call.attempt, call.deadline, dict(call.arguments)) == (LOCAL_TENANT, 1, None, {})
