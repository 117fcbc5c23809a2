"""Compare what `vana --help` costs with the help of a bare typer and rich app that has as many commands.

    python -m benchmarks.help_cost [--runs N] --json

Both run in turn, in the same run, from the same interpreter; a figure is the median of the process's user and
system time, as the kernel counted it when it ended. Keys: `vana_cpu_ms`, `bare_cpu_ms`, `ratio`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

from vana.entry.cli.commands import COMMANDS

SCRIPT = Path(sys.executable).parent / "vana"
"""As pip installs it beside the interpreter."""

_HEAD = "import typer\n\napp = typer.Typer()\n"
_COMMAND = '\n\n@app.command()\ndef command_{number}(text: str) -> None:\n    """Do thing {number}."""\n'
_FOOT = "\n\napp()\n"


def bare_app(commands: int) -> str:
    """Give the source of the smallest typer app with that many *commands*."""
    return _HEAD + "".join(_COMMAND.format(number=number) for number in range(commands)) + _FOOT


def cpu_ms(arguments: list[str]) -> float:
    """Give the user and system time of one process, in milliseconds.

    Raises:
        RuntimeError: it did not end with status 0, so that there is nothing to measure.
    """
    null = os.open(os.devnull, os.O_RDWR)
    try:
        actions = [(os.POSIX_SPAWN_DUP2, null, descriptor) for descriptor in (0, 1)]
        process = os.posix_spawn(arguments[0], arguments, os.environ, file_actions=actions)
    finally:
        os.close(null)
    _, status, used = os.wait4(process, 0)
    if status != 0:
        message = f"{' '.join(arguments)} ended with {os.waitstatus_to_exitcode(status)}"
        raise RuntimeError(message)
    return (used.ru_utime + used.ru_stime) * 1000


def measured(runs: int) -> dict[str, object]:
    """Give the medians of *runs* runs of each, taken in turn after one that is not counted."""
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bare.py"
        bare.write_text(bare_app(len(COMMANDS)), encoding="utf-8")
        commands = {"vana": [str(SCRIPT), "--help"], "bare": [sys.executable, str(bare), "--help"]}
        times: dict[str, list[float]] = {name: [] for name in commands}
        for run in range(runs + 1):
            for name, command in commands.items():
                spent = cpu_ms(command)
                if run > 0:  # the first fills the file caches and writes the bytecode
                    times[name].append(spent)
    vana, bare_ms = (statistics.median(times[name]) for name in ("vana", "bare"))
    return {
        "commands": len(COMMANDS),
        "runs": runs,
        "vana_cpu_ms": round(vana, 2),
        "bare_cpu_ms": round(bare_ms, 2),
        "ratio": round(vana / bare_ms, 4),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=25, help="runs of each (default 25)")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    given = parser.parse_args()
    figures = measured(given.runs)
    if given.json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{name:12} {value}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
