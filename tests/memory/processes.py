"""Other processes for the tests: programs beside this file, also where a folder is full or closed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.journal.processes import environment, namespace

PROGRAMS = Path(__file__).with_name("programs")


def begin(program: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a program; whoever starts it ends it."""
    command = [sys.executable, str(PROGRAMS / program), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment())


def run_on(mount: str, program: str, folder: Path) -> str:
    """Run a program with *folder* as *mount* makes it, seen by that program alone; give what it prints.

    *mount* is a shell line in which `$1` is the folder.
    """
    command = [*namespace(), "sh", "-euc", f'{mount}; shift; exec "$@"', "sh", str(folder)]
    return run([*command, sys.executable, str(PROGRAMS / program), str(folder)])


def run(command: list[str]) -> str:
    """Run *command* to its end, which must be a good one, and give what it prints."""
    ended = subprocess.run(
        command, capture_output=True, text=True, env=environment(), timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    return ended.stdout
