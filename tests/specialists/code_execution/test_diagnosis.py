from __future__ import annotations

import pytest

from tests.specialists.code_execution.failures import HELPERS, Failure, ended, failures
from vana.sandbox.bubblewrap import open_sandbox
from vana.sandbox.sandbox import Limits, OutcomeStatus, Program
from vana.specialists.code_execution.diagnosis import NO_ERROR, diagnose
from vana.specialists.code_execution.outcome import Execution


def titled(failure: Failure) -> str:
    return f"{failure.language}: {failure.code.strip().splitlines()[-1]}"


@pytest.mark.parametrize("failure", failures(), ids=titled)
def test_a_recorded_failure_is_read_down_to_its_line_and_cause(failure: Failure):
    found = diagnose(failure.code, failure.language, ended(failure.stderr, exit_code=failure.exit_code))
    assert (found.failed, found.error_type, found.message, found.line, found.cause) == (
        True,
        failure.error_type,
        failure.message,
        failure.line,
        failure.cause,
    )


@pytest.mark.real
async def test_the_same_programs_fail_for_real_and_are_read_alike():
    """Messages and columns differ between versions of an interpreter; types and lines do not."""
    sandbox = open_sandbox()
    try:
        wrong: list[str] = []
        for failure in failures():
            outcome = await sandbox.run(Program(failure.code, failure.language, HELPERS), Limits())
            found = diagnose(failure.code, failure.language, Execution.of(outcome))
            if (found.failed, found.error_type, found.line) != (True, failure.error_type, failure.line):
                wrong.append(f"{titled(failure)}: {found.error_type}, line {found.line}\n{outcome.stderr}")
    finally:
        await sandbox.aclose()
    assert wrong == []


def test_a_program_that_ends_well_has_no_fault():
    found = diagnose("print(1)", "python", ended("a warning", status="ok", exit_code=0))
    assert (found.failed, found.cause, found.as_text()) == (False, NO_ERROR, NO_ERROR)


@pytest.mark.parametrize(
    ("status", "cause"),
    [("timeout", "in time"), ("memory", "memory"), ("output_limit", "without end"), ("killed", "signal")],
)
def test_what_ended_it_from_outside_is_the_cause(status: OutcomeStatus, cause: str):
    found = diagnose("while True: pass", "python", ended("", status=status, exit_code=None))
    assert cause in found.cause
    assert found.line is None


def traceback(line: int, error: str) -> str:
    """Give what Python prints of *error* on *line* of the program."""
    frame = f'  File "/x/main.py", line {line}, in <module>\n    1/0\n'
    return f"Traceback (most recent call last):\n{frame}{error}\n"


def test_the_source_line_stands_with_its_number_in_the_text():
    found = diagnose("a = 1\n  1/0  \n", "python", ended(traceback(2, "ZeroDivisionError: no")))
    assert (found.line, found.source_line) == (2, "1/0")
    assert found.as_text() == "line 2: 1/0\nZeroDivisionError: no\nThe divisor is 0."


def test_a_line_beyond_the_program_is_not_claimed():
    assert diagnose("x", "python", ended(traceback(9, "NameError: x"))).line is None


def test_what_the_program_printed_before_is_not_taken_for_its_error():
    stderr = f"KeyError: this is a log line\n{traceback(1, 'ZeroDivisionError: no')}"
    assert diagnose("1/0", "python", ended(stderr)).error_type == "ZeroDivisionError"


def test_braces_in_a_message_are_left_as_they_are():
    found = diagnose("x", "python", ended(traceback(1, "KeyError: '{a}'")))
    assert found.cause == "The dictionary has no key '{a}'."
