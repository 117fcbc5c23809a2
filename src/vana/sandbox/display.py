"""What a program printed, made safe to show on a terminal."""

from __future__ import annotations

import re

_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""C0 and C1 controls but newline and tab; marks that turn the order of text (UAX #9); half characters."""


def printable(text: str) -> str:
    r"""Give *text* with control and bidirectional characters written out, as `\x1b`; newline and tab stay."""
    return _UNSAFE.sub(lambda match: _written(ord(match[0])), text)


def _written(code: int) -> str:
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"  # noqa: PLR2004 - one byte
