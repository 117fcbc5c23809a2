"""The command line as a person reaches it: a process of its own, with streams and an exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

VANA = (sys.executable, "-c", "import sys; from vana.entry.cli import main; sys.exit(main())")
PATIENCE_S = 60.0
"""After which a process that hangs fails the test."""


@dataclass(frozen=True)
class Ended:
    """What became of one call."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, object]:
        """The one object it printed."""
        return cast("dict[str, object]", json.loads(self.out))

    @property
    def lines(self) -> list[dict[str, object]]:
        """The objects it printed, one a line."""
        return [cast("dict[str, object]", json.loads(line)) for line in self.out.splitlines()]


def vana(
    *words: str | bytes,
    stdin: bytes | None = None,
    folder: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Ended:
    """Call `vana` with *words* and wait for its end; without *stdin* it gets the null device."""
    arguments: Sequence[str | bytes] = (*VANA, *words)
    ended = subprocess.run(
        arguments,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        timeout=PATIENCE_S,
        cwd=folder,
        env={**os.environ, **(env or {})},
        check=False,
    )
    return Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode())
