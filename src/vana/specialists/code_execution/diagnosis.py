"""Why a program failed: the line and the cause, read from what it printed as errors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vana.specialists.code_execution.causes import CAUSES
from vana.specialists.code_execution.outcome import Diagnosis

if TYPE_CHECKING:
    from vana.specialists.code_execution.outcome import Execution

_FRAMES = {
    "python": re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)', re.MULTILINE),
    "javascript": re.compile(r"(?P<file>[\w./-]+\.[cm]?js):(?P<line>\d+)"),
    "shell": re.compile(r"^(?P<file>\S+): line (?P<line>\d+):", re.MULTILINE),
}
"""Where each language names a place in a file."""

_ERROR = re.compile(
    r"^(?:Uncaught )?(?P<type>[A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Warning)?)"
    r"(?:: (?P<message>.*))?$"
)
_SHELL = re.compile(r"^\S+: line \d+: (?P<message>.*)$", re.MULTILINE)
_LIBRARY = ("/usr/", "/lib/", "<frozen", "node:", "/opt/")

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
    line = _line(execution.stderr, language, code)
    lines = code.splitlines()
    source = lines[line - 1].strip() if line is not None else None
    cause = _STATUS.get(execution.status) or _cause(execution.stderr, message or execution.stderr)
    return Diagnosis(
        failed=True,
        cause=cause,
        execution=execution,
        error_type=error_type,
        message=message,
        line=line,
        source_line=source,
    )


def _error(stderr: str, language: str) -> tuple[str | None, str | None]:
    if language == "shell":
        matches = _SHELL.findall(stderr)
        return None, matches[-1] if matches else None
    for line in reversed(stderr.strip().splitlines()):
        match = _ERROR.match(line.strip())
        if match is not None and match["type"][:1].isupper():
            return match["type"], match["message"]
    return None, None


def _line(stderr: str, language: str, code: str) -> int | None:
    """Give the line of the innermost frame in the program itself; Node names it first, Python last."""
    pattern = _FRAMES.get(language, _FRAMES["python"])
    count = len(code.splitlines())
    own = [
        int(match["line"])
        for match in pattern.finditer(stderr)
        if not match["file"].startswith(_LIBRARY) and int(match["line"]) <= count
    ]
    if not own:
        return None
    return own[0] if language == "javascript" else own[-1]


def _cause(stderr: str, message: str) -> str:
    for pattern, cause in CAUSES:
        match = pattern.search(stderr)
        if match is not None:
            return cause.format(**match.groupdict())
    last = message.strip().splitlines()
    return f"It said: {last[-1]}" if last else "It ended without saying why."
