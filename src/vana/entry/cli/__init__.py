"""The command line. Everything behind `main` is loaded by name, so that its help stays cheap."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from vana.plugins import resolve


def main() -> int:
    """Run the command line with the arguments of the process, and give the exit code: the `vana` script."""
    run = cast("Callable[[], int]", resolve("vana.entry.cli.program:main"))  # what is resolved has no type
    return run()
