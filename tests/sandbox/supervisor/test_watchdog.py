"""What a tree of processes uses."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from vana.sandbox.supervisor import watchdog

pytestmark = pytest.mark.real

MIB = 1 << 20


@contextmanager
def tree(code: str) -> Generator[int]:
    """Give the process of a program that has printed a line, and end it afterwards."""
    command = [sys.executable, "-c", code + "\nprint('ready', flush=True)\nimport sys; sys.stdin.read()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process.pid


CHILDREN = """
import os
gate, open_ = os.pipe()
part = bytearray(b'x') * (40 << 20)
for _ in range(3):
    if os.fork() == 0:
        os.close(open_)
        os.read(gate, 1)
        os._exit(0)
"""


def test_descendants_count_and_pages_they_share_count_once():
    with tree(CHILDREN) as pid:
        use = watchdog.measure(pid)
        assert len(use.pids) == 4
        assert use.rss_bytes > 160 * MIB
        assert 40 * MIB < watchdog.shared_once(use) < 120 * MIB


def test_cpu_of_children_that_have_ended_counts():
    burn = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'for _ in range(3_000_000): pass'])"
    with tree(burn) as pid:
        assert watchdog.measure(pid).cpu_s > 0.05


def test_a_process_that_is_gone_uses_nothing():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    use = watchdog.measure(process.pid)
    assert (use.rss_bytes, use.cpu_s, use.pids) == (0, 0.0, ())


def test_looking_at_everybodys_parent_finds_the_same_children():
    with tree(CHILDREN) as pid:
        assert sorted(watchdog._search(pid)) == sorted(watchdog.children(pid))  # pyright: ignore[reportPrivateUsage] - the way for other kernels
        assert pid in watchdog.children(os.getpid())
