"""What the tests of the sandbox know about this machine."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

BWRAP = shutil.which("bwrap") or "/usr/bin/bwrap"


@contextmanager
def open_folder() -> Generator[Path]:
    """Give a new folder that every user may read: pytest's own may be read by its owner alone."""
    with tempfile.TemporaryDirectory(prefix="vana-test-", dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def write_program(path: Path, text: str) -> str:
    """Write a shell script that every user may run, and give its path."""
    path.write_text("#!/bin/sh\n" + text, encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def processes_with(mark: str) -> list[int]:
    """Give the living processes that have *mark* in their command line."""
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:
            continue
        if mark.encode() in line:
            found.append(int(path.parent.name))
    return found
