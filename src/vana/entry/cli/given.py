"""What came in beside the command: the text of the request and the files named in it, each with its limit."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from vana.kernel.errors import InputError

MIB = 1 << 20

TEXT_BYTES = 1 * MIB
"""Of a request, however it comes in."""
CONTEXT_BYTES = 16 * MIB
"""Of what is piped in beside a request, and into a program."""
FILE_BYTES = 8 * MIB
"""Of each file that is named."""

STDIN = "-"
"""What stands for standard input where a text or a file could stand."""

_QUOTED = re.compile(r"\"([^\"\n]+)\"|'([^'\n]+)'|`([^`\n]+)`")
_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_AROUND = "\"'`()[]{}<>,;:!?"


def checked(text: str) -> str:
    """Give *text* when it can be a request.

    Raises:
        InputError: it is empty, longer than 1 MiB, or holds bytes that are no UTF-8.
    """
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        message = f"the request is not text: its character {error.start + 1} is no valid UTF-8"
        raise InputError(message, hint="name the file in the request instead of its content") from error
    if size > TEXT_BYTES:
        what = "the request"
        raise too_large(what, size, TEXT_BYTES, "name a file in it, or pipe what it is about into it")
    if not text.strip():
        message = "the request is empty"
        raise InputError(message, hint='say what you want: vana "Execute this Python code: print(6*7)"')
    return text


def decoded(content: bytes, what: str) -> str:
    """Give *content* as text; a byte order mark is dropped.

    Raises:
        InputError: it holds a zero byte, or is no UTF-8; *what* names it.
    """
    if b"\0" in content:
        message = f"{what} is binary: byte {content.index(0) + 1} is zero"
        raise InputError(message, hint="save it and name the file in the request")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"{what} is not UTF-8 text: byte {error.start + 1} is 0x{content[error.start]:02x}"
        raise InputError(message, hint="convert it, such as with iconv -t utf-8") from error


def named_files(text: str) -> tuple[str, ...]:
    """Give the paths in *text* that are regular files here, as they are written, each once.

    A path is a word, or a quoted span, with a dot or a slash in it; what stands in a fenced block is code.
    What looks like a path and is not there is left to the reader of the request, who says so.

    Raises:
        InputError: such a file is larger than 8 MiB, or may not be read.
    """
    found = dict.fromkeys(name for name in _candidates(_FENCED.sub(" ", text)) if _is_file(name))
    for name in found:
        check_file(name)
    return tuple(found)


def _candidates(text: str) -> Iterator[str]:
    if "\n" not in text:
        yield text.strip()
    for match in _QUOTED.finditer(text):
        yield next(group for group in match.groups() if group)
    yield from _bare(text.split())


def _bare(words: Iterable[str]) -> Iterator[str]:
    for word in words:
        yield word
        yield word.strip(_AROUND)
        yield word.strip(_AROUND).rstrip(".")


def _is_file(name: str) -> bool:
    if "." not in name and "/" not in name and os.sep not in name:
        return False
    try:
        return Path(name).expanduser().is_file()
    except (OSError, ValueError):  # longer than a path may be, or with a zero byte: no path
        return False


def check_file(name: str) -> None:
    """Make sure that *name* can be used as an input.

    Raises:
        InputError: it is not there, no regular file, larger than 8 MiB, or may not be read.
    """
    path = Path(name).expanduser()
    try:
        size = path.stat().st_size
        if not path.is_file():
            message = f"{name} is no file"
            raise InputError(message, hint="name a regular file")
        with path.open("rb"):
            pass
    except OSError as error:
        message = f"{name} cannot be read: {(error.strerror or str(error)).lower()}"
        raise InputError(message, hint="name a file that is there and that you may read") from error
    if size > FILE_BYTES:
        raise too_large(name, size, FILE_BYTES, "cut it into parts, or name a smaller file")


def too_large(what: str, size: int | None, limit: int, hint: str) -> InputError:
    """Give the error for *what* being larger than *limit* bytes; *size* where it is known."""
    told = f"{what} is {size / MIB:.1f} MiB" if size is not None else f"{what} is too long"
    return InputError(f"{told}; at most {limit // MIB} MiB are taken", hint=hint)


def read_file(name: str) -> bytes:
    """Give the content of the file *name*.

    Raises:
        InputError: as `check_file`.
    """
    check_file(name)
    return Path(name).expanduser().read_bytes()
