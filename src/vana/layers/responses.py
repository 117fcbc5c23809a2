"""From an HTTP answer that is no success to our error: statuses, and the codes of the OpenAI wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias, cast

from vana.kernel.errors import (
    AttemptTimeout,
    ConfigError,
    InputError,
    RateLimited,
    Unavailable,
    VanaError,
)
from vana.layers.pacing import LONGEST_PAUSE

Maker: TypeAlias = Callable[[str, str, float | None], VanaError]
"""From message, code and the seconds to wait to an error."""

_ERROR = 400
_SERVER = 500
_KEY = "is the key right, and may it use this model?"
_SHORTER = "send less: a shorter request, fewer or smaller files"


def _unavailable(message: str, code: str, pause: float | None) -> VanaError:
    return Unavailable(message, code=code or None, retry_after=pause)


def _slower(message: str, code: str, pause: float | None) -> VanaError:
    return RateLimited(message, code=code or None, retry_after=pause)


def _late(message: str, code: str, pause: float | None) -> VanaError:
    return AttemptTimeout(message, code=code or None, retry_after=pause)


def _spent(message: str, code: str, _pause: float | None) -> VanaError:
    """Ask for a pause so long that no retry waits for it, and a fallback is taken at once."""
    hint = "the account behind this key has no quota left: raise it, or use another key"
    return RateLimited(message, code=code or None, retry_after=LONGEST_PAUSE, hint=hint)


def _setting(hint: str) -> Maker:
    return lambda message, code, _: ConfigError(message, code=code or None, hint=hint)


def _request(hint: str) -> Maker:
    return lambda message, code, _: InputError(message, code=code or None, hint=hint)


STATUSES: Mapping[int, Maker] = {
    400: _request("the other side does not understand the request: look at its message"),
    401: _setting(_KEY),
    402: _spent,
    403: _setting(_KEY),
    404: _setting("is the address right, and the model's name?"),
    408: _late,
    409: _unavailable,
    413: _request(_SHORTER),
    422: _request("the other side does not understand the request: look at its message"),
    425: _unavailable,
    429: _slower,
    501: _setting("the other side does not do this at all"),
    504: _late,
}
"""What each status means. Any other from 500 is `Unavailable`, any other from 400 like 400."""

CODES: Mapping[str, Maker] = {
    "insufficient_quota": _spent,
    "billing_hard_limit_reached": _spent,
    "billing_not_active": _spent,
    "rate_limit_exceeded": _slower,
    "rate_limit_error": _slower,
    "overloaded_error": _unavailable,
    "server_error": _unavailable,
    "context_length_exceeded": _request(_SHORTER),
    "string_above_max_length": _request(_SHORTER),
    "content_filter": _request("the other side's rules forbid this request; asking again changes nothing"),
    "content_policy_violation": _request("the other side's rules forbid this request: say it otherwise"),
    "invalid_api_key": _setting(_KEY),
    "model_not_found": _setting("is the model's name right?"),
}
"""What each code in the body of an error means; it says more than the status that it comes with."""


def of_response(
    status: int, target: str, *, code: str = "", message: str = "", pause: float | None = None
) -> VanaError | None:
    """Give our error for an answer with *status*; `None` where it is a success and *code* names no error.

    *code* and *message* are those of the body (see `error_in`); a code that is known decides, otherwise the
    status does. *pause* is what the headers ask for, in seconds (`vana.layers.pacing.retry_after`). The error
    bears the code where there is one.
    """
    make = CODES.get(code) or STATUSES.get(status)
    if make is None:
        if status < _ERROR:
            return None
        make = _unavailable if status >= _SERVER else STATUSES[_ERROR]
    told = message or code
    return make(f"{target} answered {status}{': ' if told else ''}{told}", code, pause)


def error_in(body: object) -> tuple[str, str]:
    """Give code and message of an error in a JSON *body*, empty where it has none.

    Understood are `{"error": {"code", "type", "message"}}` of OpenAI and what imitates it, and the same
    without the outer `error`. The type stands in for a code that is missing or a mere number.
    """
    if not isinstance(body, Mapping):
        return "", ""
    fields = cast("Mapping[str, object]", body)  # of a JSON object
    inner = fields.get("error", fields)
    if isinstance(inner, str):
        return "", inner
    told = cast("Mapping[str, object]", inner) if isinstance(inner, Mapping) else fields
    names = (told.get("code"), told.get("type"))
    code = next((name for name in names if isinstance(name, str) and not name.isdigit()), "")
    message = told.get("message")
    return code, message if isinstance(message, str) else ""
