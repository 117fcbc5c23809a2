"""Runs tests inside the sandbox. Its own source is the program; it needs the standard library alone.

What it finds goes into a file, not on standard output, which belongs to the program under test.
"""

import inspect
import json
import sys
import traceback
import types
import unittest
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

SUBJECT, TESTS, REPORT = "subject.py", "tests.py", ".vana-tests.json"

_Error: TypeAlias = "tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]"


def source() -> str:
    """Give the text of this module, with the call that starts it."""
    return f"{inspect.getsource(sys.modules[__name__])}\nmain()\n"


def main() -> None:
    """Run every test of the two files, in order, and write down what became of each."""
    scope: dict[str, object] = {"__name__": "subject"}
    rows = Rows()
    for name in (SUBJECT, TESTS):
        code = Path(name).read_text(encoding="utf-8")
        body = unittest.FunctionTestCase(
            lambda code=code, name=name: _define(code, name, scope), description=name
        )
        body.run(rows)
    told = [row for row in rows.told if row["status"] != "passed"]
    rows.told = told
    for test in _tests(scope):
        test.run(rows)
    if not rows.told:
        rows.told.append({"name": "asserts", "status": "passed", "message": ""})
    Path(REPORT).write_text(json.dumps(rows.told), encoding="utf-8")


class Rows(unittest.TestResult):
    """One row a test: its name, what became of it, and the line that says why."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[dict[str, str]] = []

    def addSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802 - unittest calls it so
        """Write down a test that passed."""
        self._tell(test, "passed", "")

    def addFailure(self, test: unittest.TestCase, err: _Error) -> None:  # noqa: N802
        """Write down an assertion that did not hold."""
        self._tell(test, "failed", _where(err))

    def addError(self, test: unittest.TestCase, err: _Error) -> None:  # noqa: N802
        """Write down a test that broke."""
        self._tell(test, "error", _where(err))

    def _tell(self, test: unittest.TestCase, status: str, message: str) -> None:
        name = test.shortDescription() if isinstance(test, unittest.FunctionTestCase) else test.id()
        self.told.append(
            {"name": (name or test.id()).removeprefix("subject."), "status": status, "message": message}
        )


def _define(code: str, name: str, scope: dict[str, object]) -> None:
    exec(compile(code, name, "exec"), scope)  # noqa: S102 - running it is what this program is for


def _tests(scope: dict[str, object]) -> Iterator[unittest.TestCase | unittest.TestSuite]:
    for name, value in list(scope.items()):
        if (
            isinstance(value, type)
            and issubclass(value, unittest.TestCase)
            and value is not unittest.TestCase
        ):
            yield unittest.defaultTestLoader.loadTestsFromTestCase(value)
        elif name.startswith("test") and isinstance(value, types.FunctionType):
            yield unittest.FunctionTestCase(value, description=name)


def _where(err: _Error) -> str:
    """Give the line of the two files that failed, and what it said."""
    error = err[1]
    if error is None:
        return ""
    told = "".join(traceback.format_exception_only(error)).strip()
    frames = [frame for frame in traceback.extract_tb(err[2]) if frame.filename in {SUBJECT, TESTS}]
    if not frames:
        return told
    last = frames[-1]
    lines = Path(last.filename).read_text(encoding="utf-8").splitlines()
    line = lines[last.lineno - 1].strip() if last.lineno and last.lineno <= len(lines) else ""
    return f"{last.filename}:{last.lineno}: {line}: {told}"
