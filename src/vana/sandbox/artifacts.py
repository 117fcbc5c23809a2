"""The files that come out of a jail: a strict reader of ustar, which believes nothing it is told."""

from __future__ import annotations

import hashlib
import mimetypes
from pathlib import PurePosixPath

from vana.sandbox.sandbox import Limits, ProducedFile

_BLOCK = 512
_TYPES = mimetypes.MimeTypes()  # the built-in table: what a file is called must not depend on the machine
_TYPES.add_type("application/jsonl", ".jsonl")
_TYPES.add_type("text/markdown", ".md")


def read(archive: bytes, limits: Limits) -> tuple[tuple[ProducedFile, ...], tuple[str, ...]]:
    """Give the regular files of a ustar *archive* within *limits*, by name, and what was wrong with the rest.

    Anything but a regular file, a wrong checksum or a name that leaves the folder ends the reading: our own
    supervisor writes no such thing.
    """
    found: dict[str, ProducedFile] = {}
    warnings: list[str] = []
    place = total = 0
    while place + _BLOCK <= len(archive) and (head := archive[place : place + _BLOCK]).strip(b"\0"):
        size = _size(head)
        end = place + _BLOCK + (size or 0)
        if size is None or end > len(archive):
            warnings.append("the list of files is damaged; those after it were left out")
            break
        if (
            len(found) >= limits.artifacts
            or size > limits.artifact_bytes
            or total + size > limits.artifacts_bytes
        ):
            warnings.append("there were more files than the limits allow")
            break
        name = _name(head)
        if name is None:
            warnings.append("a file was left out: its name is not usable")
        else:
            found[name] = produced(name, archive[place + _BLOCK : end])
            total += size
        place = end + -size % _BLOCK
    return tuple(found[name] for name in sorted(found)), tuple(warnings)


def _size(head: bytes) -> int | None:
    """Give the size that a header announces, `None` when it is not that of a regular ustar file."""
    blank = head[:148] + b" " * 8 + head[156:]
    is_file = head[156:157] == b"0" and head[257:263] == b"ustar\0"
    if not is_file or _octal(head[148:156]) != sum(blank):
        return None
    return _octal(head[124:136])


def _octal(field: bytes) -> int | None:
    digits = field.strip(b" \0")
    return int(digits, 8) if digits and not digits.strip(b"01234567") else None


def _name(head: bytes) -> str | None:
    short, prefix = head[:100].split(b"\0")[0], head[345:500].split(b"\0")[0]
    try:
        name = (prefix + b"/" + short if prefix else short).decode("utf-8")
    except UnicodeDecodeError:
        return None
    return name if is_inside(name) else None


def is_inside(name: str) -> bool:
    """Say whether *name* is a plain relative path that stays in the folder it starts from."""
    path = PurePosixPath(name)
    return (
        bool(path.parts)
        and not path.is_absolute()
        and ".." not in path.parts
        and str(path) == name
        and "\0" not in name
    )


def produced(name: str, content: bytes) -> ProducedFile:
    """Give a file with its type, guessed from its name, and its hash."""
    mime = _TYPES.guess_type(name)[0] or "application/octet-stream"
    return ProducedFile(name, content, mime, hashlib.sha256(content).hexdigest())
