"""What VANA and its supervisor say to each other arrives whole, or not at all."""

from __future__ import annotations

import socket
import threading

from hypothesis import given
from hypothesis import strategies as st

from vana.sandbox.supervisor.wire import Bounds, Report, Request, receive, split

BOUNDS = Bounds(
    wall_s=1.5, cpu_s=2.0, memory_bytes=1, processes=2, open_files=3, file_bytes=4, disk_bytes=5, inodes=6,
    artifacts=7, artifact_bytes=8, artifacts_bytes=9,
)  # fmt: skip
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def through_a_socket(raw: bytes) -> Request | None:
    """Give what the other side understands when *raw* is sent and the line then closed."""
    ours, theirs = socket.socketpair()
    with theirs:
        sender = threading.Thread(target=lambda: (ours.sendall(raw), ours.close()))
        sender.start()
        found = receive(theirs)
        sender.join()
    return found


@given(
    st.lists(TEXT, max_size=4),
    st.binary(max_size=2000),
    st.lists(st.tuples(TEXT, st.binary(max_size=2000)), max_size=4),
)
def test_a_request_arrives_as_it_was_sent(command: list[str], stdin: bytes, files: list[tuple[str, bytes]]):
    sent = Request(tuple(command), BOUNDS, ("/a",), b"filter", stdin, tuple(files))
    assert through_a_socket(sent.encode()) == sent


@given(st.integers(0, 10_000))
def test_a_request_that_is_cut_short_is_no_request(at: int):
    raw = Request(("bwrap",), BOUNDS, (), b"f", b"in", (("main", b"code"),)).encode()
    assert through_a_socket(raw[: at % len(raw)]) is None


@given(st.integers(0, 255), TEXT, st.binary(max_size=100))
def test_a_report_is_taken_apart_as_it_was_put_together(code: int, warning: str, archive: bytes):
    report = Report(("step", 1, "why"), "wall", code, 1.5, 2.5, 3, (warning,))
    assert split(report.encode() + archive) == (report, archive)


@given(st.integers(0, 10_000))
def test_a_report_that_is_cut_short_is_no_report(at: int):
    raw = Report(warnings=("w",)).encode()
    assert split(raw[: at % len(raw)]) is None
