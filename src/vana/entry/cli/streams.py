"""Standard output and error that take any text, whatever the terminal, the locale and the reader do."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Protocol, TextIO, runtime_checkable

_STYLES = {"dim": "2", "bold": "1", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


@runtime_checkable
class _Reconfigurable(Protocol):
    """A text stream over bytes, which can be told what to do with characters it cannot encode."""

    def reconfigure(self, *, errors: str) -> None: ...


def make_safe() -> None:
    r"""Let both streams write what their encoding cannot, as `\xe9`; a stream that is closed swallows.

    A C locale or half a surrogate pair must not turn an answer into a traceback.
    """
    _fill_closed()
    sys.stdout = _safe(sys.stdout)
    sys.stderr = _safe(sys.stderr)


def _fill_closed() -> None:
    """Open the null device where a standard stream is closed: the next file opened would take its place."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest that is free, which is this one


def _safe(stream: TextIO | None) -> TextIO:
    if stream is None:  # what Python gives for a descriptor that was closed before it started
        return Path(os.devnull).open("w", encoding="utf-8")  # it lives as long as the process
    if isinstance(stream, _Reconfigurable):
        stream.reconfigure(errors="backslashreplace")
    return stream


def abandon_stdout() -> None:
    """Stop writing to a reader that is gone, so that Python does not complain of it on the way out."""
    try:
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, sys.stdout.fileno())
    except (OSError, ValueError):  # a stream without a descriptor has nothing to flush into
        return


def is_unicode(stream: TextIO) -> bool:
    """Say whether *stream* can write every character as itself."""
    return stream.encoding.lower().replace("-", "") in {"utf8", "utf16", "utf32"} if stream.encoding else True


def colours(stream: TextIO) -> bool:
    """Say whether *stream* is a terminal that wants colours. Source of the variable: no-color.org."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, style: str, stream: TextIO) -> str:
    """Give *text* in *style* (`dim bold red green yellow cyan`) where *stream* wants colours."""
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if colours(stream) else text
