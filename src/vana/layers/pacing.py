"""How long the other side asks us to wait, out of the headers of its answer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

LONGEST_PAUSE = 86_400.0
"""Seconds: what is asked for beyond a day is cut to it. One client was seen obeying 4,294,967 s."""

_MS = 1000.0


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Give the seconds that *headers* ask us to wait, or `None` where they do not.

    It is between 0 and `LONGEST_PAUSE`. Read are `retry-after-ms`, as OpenAI sends it, and `Retry-After` in
    seconds or as an HTTP date (RFC 9110, 10.2.3). A date is taken relative to the `Date` header of the same
    answer, so that a wrong clock on either side does not matter, and to *now*, in seconds since 1970, where
    there is none. What cannot be read, or is no number, asks for nothing.
    """
    told = {name.lower(): value.strip() for name, value in headers.items()}
    milliseconds = _number(told.get("retry-after-ms"))
    if milliseconds is not None:
        return _bounded(milliseconds / _MS)
    asked = told.get("retry-after")
    seconds = _number(asked)
    if seconds is None:
        until = _moment(asked)
        if until is None:
            return None
        began = _moment(told.get("date"))
        seconds = until - (now if began is None else began)
    return _bounded(seconds)


def _bounded(seconds: float) -> float:
    return min(LONGEST_PAUSE, max(0.0, seconds))


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _moment(text: str | None) -> float | None:
    """Give the HTTP date *text* in seconds since 1970."""
    try:
        return parsedate_to_datetime(text or "").timestamp()
    except (ValueError, OverflowError):
        return None
