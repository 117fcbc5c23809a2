from __future__ import annotations

import pytest

from vana.kernel.errors import (
    AttemptTimeout,
    ConfigError,
    InputError,
    RateLimited,
    Transient,
    Unavailable,
    UsageError,
    VanaError,
)
from vana.layers.breaker import verdict
from vana.layers.pacing import LONGEST_PAUSE
from vana.layers.responses import CODES, STATUSES, error_in, of_response


@pytest.mark.parametrize(
    ("status", "ours"),
    [
        (400, InputError),
        (401, ConfigError),
        (403, ConfigError),
        (404, ConfigError),
        (408, AttemptTimeout),
        (409, Unavailable),
        (413, InputError),
        (418, InputError),
        (425, Unavailable),
        (429, RateLimited),
        (500, Unavailable),
        (501, ConfigError),
        (502, Unavailable),
        (503, Unavailable),
        (504, AttemptTimeout),
        (529, Unavailable),
        (599, Unavailable),
    ],
)
def test_a_status_has_its_place_in_our_tree(status: int, ours: type[VanaError]):
    known = of_response(status, "provider", pause=3.0)
    assert known is not None
    assert type(known) is ours
    assert str(status) in known.message
    assert not isinstance(known, Transient) or known.retry_after == 3.0
    assert isinstance(known, Transient) or known.hint


@pytest.mark.parametrize("status", [100, 200, 204, 304, 399])
def test_a_success_is_no_error_unless_its_body_names_one(status: int):
    assert of_response(status, "provider") is None
    assert isinstance(of_response(status, "provider", code="server_error"), Unavailable)


@pytest.mark.parametrize(
    ("status", "code", "ours"),
    [
        (429, "rate_limit_exceeded", RateLimited),
        (400, "context_length_exceeded", InputError),
        (400, "content_filter", InputError),
        (403, "content_policy_violation", InputError),
        (500, "overloaded_error", Unavailable),
        (400, "invalid_api_key", ConfigError),
        (400, "model_not_found", ConfigError),
        (400, "something_new", InputError),
    ],
)
def test_a_code_says_more_than_its_status(status: int, code: str, ours: type[VanaError]):
    known = of_response(status, "provider", code=code, message="they said so")
    assert known is not None
    assert type(known) is ours
    assert known.code == code
    assert "they said so" in known.message


def test_a_spent_quota_is_not_waited_for_and_lets_a_fallback_stand_in():
    known = of_response(429, "provider", code="insufficient_quota", pause=1.0)
    assert isinstance(known, RateLimited)
    assert known.retry_after == LONGEST_PAUSE
    assert known.hint


def test_the_callers_own_mistakes_tell_a_breaker_nothing():
    made = [of_response(status, "provider") for status in STATUSES] + [
        of_response(400, "provider", code=code) for code in CODES
    ]
    mistakes = [error for error in made if isinstance(error, UsageError)]
    assert mistakes
    assert {verdict(error) for error in mistakes} == {None}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"error": {"code": "a", "type": "b", "message": "c"}}, ("a", "c")),
        ({"error": {"code": None, "type": "b", "message": "c"}}, ("b", "c")),
        ({"error": {"code": 400, "type": "b", "message": "c"}}, ("b", "c")),
        ({"type": "error", "error": {"type": "overloaded_error", "message": "c"}}, ("overloaded_error", "c")),
        ({"object": "error", "message": "c", "code": "400", "type": "b"}, ("b", "c")),
        ({"error": "plain words"}, ("", "plain words")),
        ({"error": None}, ("", "")),
        ({"detail": "x"}, ("", "")),
        (["error"], ("", "")),
        (None, ("", "")),
    ],
)
def test_code_and_message_are_found_in_a_body(body: object, told: tuple[str, str]):
    assert error_in(body) == told
