"""The files that a run leaves, as ustar: read when nothing of it lives, and inside its own tree alone."""

from __future__ import annotations

import os
import stat
from collections.abc import Generator, Mapping

from .wire import Bounds

_DEPTH = 32
_WARNINGS = 32
_BLOCK = 512
_NAME, _PREFIX = 100, 155  # fields of a ustar header, POSIX.1-1988


class Collector:
    """Walk a folder and give its regular files, within the limits; what is left out becomes a warning."""

    def __init__(self, bounds: Bounds, given: Mapping[str, bytes]) -> None:
        self._bounds, self._given = bounds, given
        self._files = self._bytes = self._left_out = 0
        self._warnings: list[str] = []

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was left out, and why: the first reasons, and how many more."""
        more = self._left_out - len(self._warnings)
        return (*self._warnings, *((f"and {more} more were left out",) if more else ()))

    def archive(self) -> Generator[bytes]:
        """Give the ustar archive of the current folder, piece by piece."""
        for name, path in self._walk():
            content = self._read(name, path)
            if content is None or self._given.get(name) == content:
                continue
            head = header(os.fsencode(name), len(content))
            if head is None:
                self._skip(name, "its name is too long")
                continue
            self._files += 1
            self._bytes += len(content)
            yield head
            yield content + bytes(-len(content) % _BLOCK)
        yield bytes(2 * _BLOCK)

    def _walk(self) -> Generator[tuple[str, str]]:
        folders: list[tuple[str, int]] = [("", 0)]
        while folders:
            folder, depth = folders.pop()
            try:
                with os.scandir(folder or ".") as found:
                    entries = sorted(found, key=lambda one: one.name)
            except OSError as error:
                self._skip(folder, error.strerror or "it cannot be read")
                continue
            for entry in entries:
                name = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_dir(follow_symlinks=False):
                    if depth < _DEPTH:
                        folders.append((name, depth + 1))
                    else:
                        self._skip(name, "it lies too deep")
                elif entry.is_file(follow_symlinks=False):
                    yield name, name
                else:
                    self._skip(name, "it is not a regular file")

    def _read(self, name: str, path: str) -> bytes | None:
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            return self._skip(name, error.strerror or "it cannot be read")
        try:
            size = os.fstat(fd).st_size
            reason = self._refusal(os.fstat(fd).st_mode, size)
            if reason:
                return self._skip(name, reason)
            with os.fdopen(fd, "rb", closefd=False) as file:
                return file.read(size)
        finally:
            os.close(fd)

    def _refusal(self, mode: int, size: int) -> str:
        bounds = self._bounds
        if not stat.S_ISREG(mode):
            return "it is not a regular file"
        if self._files >= bounds["artifacts"]:
            return f"there are more than {bounds['artifacts']} files"
        if size > bounds["artifact_bytes"]:
            return f"it has {size} bytes, and {bounds['artifact_bytes']} are allowed"
        if self._bytes + size > bounds["artifacts_bytes"]:
            return f"the files have more than {bounds['artifacts_bytes']} bytes together"
        return ""

    def _skip(self, name: str, reason: str) -> None:
        self._left_out += 1
        if len(self._warnings) < _WARNINGS:
            shown = os.fsencode(name)[:200].decode("utf-8", "backslashreplace")
            self._warnings.append(f"{shown!r} was left out: {reason}")


def header(name: bytes, size: int) -> bytes | None:
    """Give the ustar header of a regular file (POSIX.1-1988), or `None` when its name does not fit."""
    prefix = b""
    if len(name) > _NAME:
        cut = name.find(b"/", len(name) - _NAME - 1)
        if not 0 < cut <= _PREFIX:
            return None
        prefix, name = name[:cut], name[cut + 1 :]
    mode, nobody, length, never = _octal(0o644, 8), _octal(0, 8), _octal(size, 12), _octal(0, 12)
    numbers = mode + nobody * 2 + length + never
    kind, magic, nameless, device = b"0" + bytes(100), b"ustar\x00" + b"00", bytes(64), _octal(0, 8) * 2
    tail = kind + magic + nameless + device + prefix.ljust(_PREFIX, b"\x00") + bytes(12)
    start = name.ljust(_NAME, b"\x00") + numbers
    checksum = sum(start) + sum(b" " * 8) + sum(tail)
    return start + b"%06o\x00 " % checksum + tail


def _octal(value: int, width: int) -> bytes:
    return b"%0*o\x00" % (width - 1, value)


def enter(folder: str) -> None:
    """Make *folder* the root of this process: no link in it can lead out of it any more."""
    os.chroot(folder)
    os.chdir("/")
