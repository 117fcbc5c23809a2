"""Other processes for the tests: programs beside this file, also where a folder is full or read-only."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import vana.kernel
from tests.conftest import not_run

PROGRAMS = Path(__file__).with_name("programs")


def environment() -> dict[str, str]:
    source = Path(vana.kernel.__path__[0]).parents[1]
    return {**os.environ, "PYTHONPATH": str(source)}


def begin(program: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a program; whoever starts it ends it."""
    command = [sys.executable, str(PROGRAMS / program), *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment())


def run_on(mount: str, program: str, folder: Path) -> str:
    """Run a program with *folder* as *mount* makes it, seen by that program alone; give what it prints.

    *mount* is a shell line in which `$1` is the folder.
    """
    command = [*namespace(), "sh", "-euc", f'{mount}; shift; exec "$@"', "sh", str(folder)]
    command += [sys.executable, str(PROGRAMS / program), str(folder)]
    ended = subprocess.run(
        command, capture_output=True, text=True, env=environment(), timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@cache
def namespace() -> tuple[str, ...]:
    """Give the command before a command that may mount, for itself alone."""
    command = ("unshare", "--mount", *(() if os.geteuid() == 0 else ("--map-root-user",)))
    try:
        tried = subprocess.run(
            [*command, "sh", "-c", "mount -t tmpfs tmpfs /tmp"], capture_output=True, timeout=60, check=False
        )
    except FileNotFoundError:
        not_run("mounting in a namespace of one's own: unshare is missing; install util-linux")
    if tried.returncode != 0:
        not_run("mounting in a namespace of one's own: forbidden here; run as root, or allow user namespaces")
    return command
