"""What VANA and its supervisor say to each other: frames of one JSON header and the bytes it announces."""

from __future__ import annotations

import json
import socket
from dataclasses import asdict, dataclass, field
from typing import TypedDict, cast

_LENGTH = 8


class Bounds(TypedDict):
    """The limits of one run, as `vana.sandbox.sandbox.Limits` names them."""

    wall_s: float
    cpu_s: float
    memory_bytes: int
    processes: int
    open_files: int
    file_bytes: int
    disk_bytes: int
    inodes: int
    artifacts: int
    artifact_bytes: int
    artifacts_bytes: int


@dataclass(frozen=True, slots=True)
class Request:
    """One run: the command that builds the jail, and what lies in it."""

    command: tuple[str, ...]
    """bwrap and its arguments; it finds the filter on descriptor 3 and says on 4 that the program started."""
    bounds: Bounds
    staged: tuple[str, ...]
    """Paths to show at `/sys/m0`, `/sys/m1`, …, where a user who may not walk to them still sees them."""
    seccomp: bytes
    stdin: bytes
    files: tuple[tuple[str, bytes], ...]

    def encode(self) -> bytes:
        """Give the frame."""
        header = {
            "command": self.command,
            "bounds": self.bounds,
            "staged": self.staged,
            "names": [name for name, _ in self.files],
            "sizes": [len(part) for part in self._parts()],
        }
        return b"".join((_head(header), *self._parts()))

    def _parts(self) -> tuple[bytes, ...]:
        return (self.seccomp, self.stdin, *(content for _, content in self.files))


class _RequestHeader(TypedDict):
    command: list[str]
    bounds: Bounds
    staged: list[str]
    names: list[str]
    sizes: list[int]


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a run; the files it left follow as ustar."""

    failed: tuple[str, int, str] | None = None
    """The step that failed before the program began, with errno and reason."""
    ended_by: str = ""
    """`wall`, `cpu`, `memory` or `caller` when it was ended from outside."""
    exit_code: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_rss_bytes: int = 0
    warnings: tuple[str, ...] = field(default=())

    def encode(self) -> bytes:
        """Give the frame."""
        return _head(asdict(self))


class _ReportHeader(TypedDict):
    failed: tuple[str, int, str] | None
    ended_by: str
    exit_code: int
    wall_s: float
    cpu_s: float
    peak_rss_bytes: int
    warnings: list[str]


def _head(header: object) -> bytes:
    raw = json.dumps(header).encode()
    return len(raw).to_bytes(_LENGTH, "big") + raw


def receive(connection: socket.socket) -> Request | None:
    """Give the request that comes in over *connection*; `None` when the other side left before its end."""
    length = _exactly(connection, _LENGTH)
    raw = length and _exactly(connection, int.from_bytes(length, "big"))
    if not raw:
        return None
    header = cast("_RequestHeader", json.loads(raw))  # written by `Request.encode`, in this file
    parts: list[bytes] = []
    for size in header["sizes"]:
        part = _exactly(connection, size)
        if part is None:
            return None
        parts.append(part)
    return Request(
        command=tuple(header["command"]),
        bounds=header["bounds"],
        staged=tuple(header["staged"]),
        seccomp=parts[0],
        stdin=parts[1],
        files=tuple(zip(header["names"], parts[2:], strict=True)),
    )


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    buffer = bytearray(size)
    view, have = memoryview(buffer), 0
    while have < size:
        got = connection.recv_into(view[have:])
        if not got:
            return None
        have += got
    return bytes(buffer)


def split(answer: bytes) -> tuple[Report, bytes] | None:
    """Take a supervisor's answer apart; `None` when it is not whole."""
    size = int.from_bytes(answer[:_LENGTH], "big")
    raw = answer[_LENGTH : _LENGTH + size]
    if len(answer) < _LENGTH or len(raw) < size:
        return None
    header = cast("_ReportHeader", json.loads(raw))  # written by `Report.encode`, in this file
    failed = header["failed"]
    report = Report(
        failed=(failed[0], failed[1], failed[2]) if failed else None,
        ended_by=header["ended_by"],
        exit_code=header["exit_code"],
        wall_s=header["wall_s"],
        cpu_s=header["cpu_s"],
        peak_rss_bytes=header["peak_rss_bytes"],
        warnings=tuple(header["warnings"]),
    )
    return report, answer[_LENGTH + size :]
