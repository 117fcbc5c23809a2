"""Runs tests inside the sandbox. Its own source is the program; it needs the standard library alone.

What it finds goes into a file, not on standard output, which belongs to the program under test.
"""

import ast
import asyncio
import inspect
import json
import sys
import traceback
import types
import unittest
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

SUBJECT, TESTS, REPORT = "subject.py", "tests.py", ".vana-tests.json"

_Error: TypeAlias = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]


def source() -> str:
    """Give the text of this module, with the call that starts it."""
    return f"{inspect.getsource(sys.modules[__name__])}\nmain()\n"


def main() -> None:
    """Run every test of the two files, in order, and write down what became of each."""
    module = sys.modules["subject"] = types.ModuleType("subject")
    rows = Rows()
    for name in (SUBJECT, TESTS):
        code = Path(name).read_text(encoding="utf-8")
        body = unittest.FunctionTestCase(partial(_define, code, name, module), description=name)
        body.run(rows)
    rows.told = [row for row in rows.told if row["status"] != "passed"]
    for test in _tests(vars(module)):
        test.run(rows)
    if not rows.told and _has_asserts():
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

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:  # noqa: N802
        """Write down a test that did not run."""
        self._tell(test, "skipped", reason)

    def addExpectedFailure(self, test: unittest.TestCase, err: _Error) -> None:  # noqa: ARG002, N802
        """Write down a failure that the test foresaw."""
        self._tell(test, "passed", "")

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802
        """Write down a test that was to fail and did not."""
        self._tell(test, "failed", "it was expected to fail")

    def addSubTest(  # noqa: N802
        self, test: unittest.TestCase, subtest: unittest.TestCase, err: _Error | None
    ) -> None:
        """Write down a part of a test that failed; the whole is then told of no more."""
        if err is not None:
            kind = err[0]
            is_assertion = kind is not None and issubclass(kind, test.failureException)
            self._tell(subtest, "failed" if is_assertion else "error", _where(err))

    def _tell(self, test: unittest.TestCase, status: str, message: str) -> None:
        own = test.shortDescription() if isinstance(test, unittest.FunctionTestCase) else None
        name = own or test.id().removeprefix("subject.")
        self.told.append({"name": name, "status": status, "message": message})


def _define(code: str, name: str, module: types.ModuleType) -> None:
    exec(compile(code, name, "exec"), vars(module))  # noqa: S102 - running it is what this program is for


def _has_asserts() -> bool:
    """Say whether the two files claim anything; tests that are plain asserts have passed when they ran."""
    trees = (ast.parse(Path(name).read_text(encoding="utf-8")) for name in (SUBJECT, TESTS))
    return any(isinstance(node, ast.Assert) for tree in trees for node in ast.walk(tree))


def _tests(scope: dict[str, object]) -> Iterator[unittest.TestCase | unittest.TestSuite]:
    """Give the tests in the order they were written: functions, `TestCase` classes, and classes `Test…`."""
    for name, value in list(scope.items()):
        if isinstance(value, type) and value.__module__.startswith("unittest."):
            continue  # imported to be built on
        if isinstance(value, type) and issubclass(value, unittest.TestCase):
            yield unittest.defaultTestLoader.loadTestsFromTestCase(value)
        elif isinstance(value, type) and name.startswith("Test"):
            found = [method for method in vars(value) if method.startswith("test")]
            yield from (_case(partial(_fresh, value, method), f"{name}.{method}") for method in found)
        elif isinstance(value, types.FunctionType) and name.startswith("test"):
            yield _case(value, name)


def _case(function: Callable[[], object], name: str) -> unittest.TestCase:
    return unittest.FunctionTestCase(partial(_finish, function), description=name)


def _fresh(owner: type, method: str) -> object:
    """Call a method of a new object, as pytest does."""
    return getattr(owner(), method)()


def _finish(function: Callable[[], object]) -> None:
    """Call a test, and await it where it is async: what is only made has tested nothing."""
    outcome = function()
    if inspect.iscoroutine(outcome):
        asyncio.run(outcome)


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
