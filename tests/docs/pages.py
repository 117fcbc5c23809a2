"""The pages of the documentation, and how what stands in their fences is run.

A ```python block runs as a script; `python NAME` keeps it as the file NAME too. A comment `# → TEXT` says
what the script prints, one line each, in order. In a ```console block a line that begins with `$ ` is run by
bash, `> ` goes on with it, and the lines up to the next one are what it prints on standard output. `# exit N`
at the end of a command is the exit code it must have, 0 where nothing is said. `…` stands for any text inside
a line, and alone on a line for any lines. All blocks of a page run in order in one folder, with one data
folder. ```text is never run.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.conftest import not_run

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

LONGEST_S = 120
"""Seconds that one block or command may take."""

_FENCE = re.compile(
    r"^(?P<mark>`{3,})(?P<info>[^`\n]*)\n(?P<body>.*?)^(?P=mark)[ \t]*$", re.DOTALL | re.MULTILINE
)
_EXIT = re.compile(r"#\s*exit (\d+)\s*$")
_PRINTS = re.compile(r"# → ?(.*)$", re.MULTILINE)


class Differs(AssertionError):
    """What a page says is not what happens."""


@dataclass(frozen=True)
class Block:
    """One fence of a page: where it begins, its language, the name after that, and its text."""

    place: str
    language: str
    name: str
    text: str


@dataclass(frozen=True)
class Step:
    """One command of a ```console block, what it prints, and the exit code it must have."""

    command: str
    prints: tuple[str, ...]
    exit_code: int


def blocks(page: str, text: str) -> list[Block]:
    """Give the fences of *text* in order; *page* names it in complaints."""
    found: list[Block] = []
    for match in _FENCE.finditer(text):
        language, _, name = match["info"].strip().partition(" ")
        line = text.count("\n", 0, match.start()) + 1
        found.append(Block(f"{page}:{line}", language, name.strip(), match["body"]))
    return found


def steps(block: Block) -> Iterator[Step]:
    """Give the commands of a ```console block.

    Raises:
        Differs: the block does not begin with a command.
    """
    lines = block.text.splitlines()
    if not lines or not lines[0].startswith("$ "):
        message = f"{block.place}: a console block begins with `$ ` and a command"
        raise Differs(message)
    while lines:
        command = [lines.pop(0)[2:]]
        while lines and (lines[0] == ">" or lines[0].startswith("> ")):
            command.append(lines.pop(0)[2:])
        prints: list[str] = []
        while lines and not lines[0].startswith("$ "):
            prints.append(lines.pop(0))
        code = _EXIT.search(command[-1])
        yield Step("\n".join(command), tuple(prints), int(code[1]) if code else 0)


def fits(expected: Sequence[str], printed: str) -> bool:
    """Say whether *printed* is what the lines of *expected* say, `…` standing for anything."""
    said, actual = ("\n".join(expected).rstrip().splitlines(), printed.rstrip().splitlines())
    pattern = "".join(
        r"(?:[^\n]*\n)*" if line.strip() == "…" else f"{_inside(line.rstrip())}\n" for line in said
    )
    return re.fullmatch(pattern, "".join(f"{line.rstrip()}\n" for line in actual)) is not None


def _inside(line: str) -> str:
    return r"[^\n]*".join(map(re.escape, line.split("…")))


def run(page_blocks: Sequence[Block], folder: Path) -> int:
    """Run the blocks of one page in *folder*, and give how many commands and scripts that were.

    Raises:
        Differs: one of them printed something else, or ended with another code; the message holds both.
    """
    done = 0
    for number, block in enumerate(page_blocks, start=1):
        if block.language == "python":
            script = folder / (block.name or f"block-{number}.py")
            script.write_text(block.text, "utf-8")
            prints = _PRINTS.findall(block.text)
            _check(block.place, [sys.executable, str(script)], folder, Step(script.name, tuple(prints), 0))
            done += 1
        elif block.language == "console":
            for step in steps(block):
                _check(block.place, ["bash", "-o", "pipefail", "-c", step.command], folder, step)
                done += 1
    return done


def _check(place: str, command: Sequence[str], folder: Path, step: Step) -> None:
    ended = subprocess.run(
        command,
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=LONGEST_S,
        check=False,
    )
    is_said = (
        step.prints or command[0] == "bash"
    )  # a script that says nothing of its output may print what it likes
    if ended.returncode == step.exit_code and (not is_said or fits(step.prints, ended.stdout)):
        return
    message = (
        f"{place}: $ {step.command}\nexit {ended.returncode}, expected {step.exit_code}\n"
        f"─ it printed\n{ended.stdout}─ expected\n" + "".join(f"{line}\n" for line in step.prints)
    )
    raise Differs(f"{message}─ it complained\n{ended.stderr}")


def environment(folder: Path) -> dict[str, str]:
    """Give the environment of a reader who just installed VANA: it is on the path, and nothing is set."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("VANA_") and name != "COLUMNS"
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {**kept, "PATH": path, "VANA_HOME": str(folder / "vana-home"), "LC_ALL": "C.UTF-8", "TERM": "dumb"}


@cache
def why_no_sandbox() -> str | None:
    """Give why code cannot be run here, `None` where it can."""
    with TemporaryDirectory() as folder:
        asked = ["vana", "--json", "exec", "-c", "print(6*7)"]
        env = environment(Path(folder))
        done = subprocess.run(
            asked, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
        )
    error = json.loads(done.stdout)["error"]
    return f"{error['message']}; {error['hint']}" if error else None


def needs_sandbox() -> None:
    """End the test as not run where nothing here can isolate code."""
    why = why_no_sandbox()
    if why is not None:
        not_run(why)
