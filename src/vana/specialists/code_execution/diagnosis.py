"""Why a program failed: the line and the cause, read from what it printed as errors."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from vana.specialists.code_execution.causes import CAUSES
from vana.specialists.code_execution.outcome import Diagnosis

if TYPE_CHECKING:
    from vana.specialists.code_execution.outcome import Execution

_PROGRAM = {"python": "main.py", "javascript": "main.js", "shell": "main.sh"}
"""The file that a program is put into, by language; see `vana.sandbox.languages`."""

_FRAMES = {
    "python": re.compile(r'^[\s|+]*File "(?P<file>[^"]+)", line (?P<line>\d+)', re.MULTILINE),
    "javascript": re.compile(r"(?P<file>[\w./-]+\.[cm]?js):(?P<line>\d+)"),
    "shell": re.compile(r"^(?P<file>\S+): line (?P<line>\d+):", re.MULTILINE),
}
"""Where each language names a place in a file."""

_ERROR = re.compile(r"^(?:Uncaught )?(?P<type>[A-Za-z_][\w.]*)(?: \[\w+\])?(?:: (?P<message>.*))?$")
_GROUP = re.compile(r"^\s*(?:\||\+[-+]*) ?")
"""What stands before each line of an exception group's traceback."""
_SHELL = re.compile(r"^\S+: line \d+: (?P<message>[^`\n].*)$", re.MULTILINE)
_NODE = re.compile(r"^(?:Node\.js v[\d.]+|\(Use `node .*)\n?", re.MULTILINE)
"""What node adds of itself."""

NO_ERROR = "The program ran to its end without an error."

_STATUS = {
    "timeout": "It did not end in time: an endless loop, or a wait for something that never comes.",
    "memory": "It used more memory than its limit.",
    "output_limit": "It printed without end.",
    "killed": "A signal ended it: often a crash in native code, or memory.",
}


def diagnose(code: str, language: str, execution: Execution) -> Diagnosis:
    """Give where and why the program *code* failed, or that it did not."""
    if execution.status == "ok":
        return Diagnosis(failed=False, cause=NO_ERROR, execution=execution)
    error_type, message = _error(execution.stderr, language)
    lines = code.split("\n")  # as interpreters count: other separators are part of a line
    line = _line(execution.stderr, language, len(lines))
    return Diagnosis(
        failed=True,
        cause=_STATUS.get(execution.status) or _cause(error_type, message, execution),
        execution=execution,
        error_type=error_type,
        message=message,
        line=line,
        source_line=lines[line - 1].strip() if line is not None else None,
    )


def _error(stderr: str, language: str) -> tuple[str | None, str | None]:
    """Give type and message of the error that ended the program."""
    if language == "shell":
        messages = _SHELL.findall(stderr)
        return None, messages[-1] if messages else None
    told = _thrown(stderr) if language == "javascript" else _raised(stderr)
    return (told["type"], told["message"]) if told is not None else (None, None)


def _raised(stderr: str) -> re.Match[str] | None:
    """Give the line that ends the last traceback of Python; what follows belongs to the message."""
    found: re.Match[str] | None = None
    before = ""
    for raw in stderr.splitlines():
        line = _GROUP.sub("", raw)
        if before.startswith("  ") and not line.startswith(" "):
            found = _ERROR.match(line) or found
        before = line
    return found


def _thrown(stderr: str) -> re.Match[str] | None:
    """Give the first line of the paragraph that ends in node's list of frames."""
    head = stderr.partition("\n    at ")[0]
    return _ERROR.match(head.rpartition("\n\n")[2].partition("\n")[0]) if head != stderr else None


def _line(stderr: str, language: str, count: int) -> int | None:
    """Give the line of the innermost frame in the program itself; Node names it first, the others last."""
    name = _PROGRAM.get(language, _PROGRAM["python"])
    own = [
        int(match["line"])
        for match in _FRAMES.get(language, _FRAMES["python"]).finditer(stderr)
        if PurePosixPath(match["file"]).name == name and int(match["line"]) <= count
    ]
    if not own:
        return None
    return own[0] if language == "javascript" else own[-1]


def _cause(error_type: str | None, message: str | None, execution: Execution) -> str:
    said = _NODE.sub("", execution.stderr).strip().splitlines()
    last = said[-1] if said else ""
    error = f"{error_type.rpartition('.')[2]}: {message or ''}" if error_type else message or last
    for pattern, cause in CAUSES:
        match = pattern.match(error) if error_type else pattern.search(error)
        if match is not None:
            return cause.format(**match.groupdict())
    if error:
        return f"It said: {error.removesuffix(': ')}"
    return f"It ended with exit code {execution.exit_code} and said nothing of it."
