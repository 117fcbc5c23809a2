"""Files that a request brings along."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vana.kernel.errors import InputError

MAX_FILE_BYTES = 32 << 20
MAX_FILES = 64


def read_files(files: Sequence[Path | str]) -> dict[str, bytes]:
    """Give the content of each file under the name it was given by.

    Raises:
        InputError: one is missing, no regular file, unreadable or too large, or there are too many.
    """
    if len(files) > MAX_FILES:
        message = f"{len(files)} files came with the request; at most {MAX_FILES} are taken"
        raise InputError(message)
    return {str(file): _content(Path(file).expanduser()) for file in files}


def _content(path: Path) -> bytes:
    try:
        if not path.is_file():
            message = f"there is no file {path}"
            raise InputError(message, hint="name a file that exists, relative to where you are")
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            message = f"{path} has {size:,} bytes; at most {MAX_FILE_BYTES:,} are taken"
            raise InputError(message)
        return path.read_bytes()
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}"
        raise InputError(message) from error
