"""The specialist that runs code: its tools, as any agent may call them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from vana.agents.specialist import Specialist
from vana.agents.workbench import Workbench
from vana.kernel.answer import Artifact
from vana.kernel.errors import ProgramFailed, StoreFailed, ToolFailed
from vana.sandbox.interpreter import find_language
from vana.sandbox.sandbox import Limits, Outcome, ProducedFile, Program
from vana.specialists.code_execution import harness
from vana.specialists.code_execution.diagnosis import diagnose
from vana.specialists.code_execution.outcome import Diagnosis, Execution, TestReport, TestResult
from vana.specialists.code_execution.reading import read_debug, read_execute, read_list, read_tests
from vana.tools.tool import Context

if TYPE_CHECKING:
    from vana.kernel.plain import JSON

specialist: Specialist[Workbench] = Specialist(
    "code_execution",
    does="runs Python, JavaScript and shell programs in a sandbox, tests them, and finds out why they fail",
    instructions="Run what you are given. Report what a program printed as it is; never guess an output.",
    examples=(
        "Execute this Python code: print(1 + 1)",
        "run this script and show me the output",
        "what does this snippet print",
        "run the tests of this function",
        "why does this code fail",
        "debug this program",
        "execute this shell command",
        "run this JavaScript in node",
        "can you code this up",
        "complete this function and run its tests",
    ),
)

OUTCOMES = {
    "error": "the program ended with exit code {code}",
    "timeout": "the program did not end within {wall:g} s",
    "memory": "the program used more than {memory:.0f} MiB of memory",
    "output_limit": "the program printed more than it may",
    "killed": "the program was ended by a signal (exit code {code})",
}
"""What each failed outcome is called in an error."""


@specialist.tool(reader=read_execute)
async def execute_code(
    ctx: Context[Workbench],
    code: str,
    language: str = "python",
    security_level: str = "high",
    files: dict[str, bytes] | None = None,
    session: str | None = None,
    limits: Limits | None = None,
) -> Execution:
    """Run a program in the sandbox and give what it printed, its exit code and the files it made.

    `language` is python, javascript or shell. `files` maps relative names to the contents that the
    program finds in its working folder. Programs with the same `session` share the files in that folder,
    and nothing else. `limits` replaces the limits of the settings.
    """
    given = {**_folder(ctx, session), **(files or {})}
    allowed = limits or ctx.deps.limits
    outcome = await _run(ctx, Program(code, language, given), allowed, level=security_level)
    _keep(ctx, session, given, outcome)
    return await finish(ctx, outcome, allowed)


@specialist.tool(reader=read_tests)
async def run_tests(
    ctx: Context[Workbench], code: str, tests: str = "", files: dict[str, bytes] | None = None
) -> TestReport:
    """Run Python code with its tests in the sandbox and give what became of each.

    Tests are functions named `test_…`, classes named `Test…`, `unittest.TestCase` classes, or plain asserts;
    they stand in `tests` or in the code itself. `files` maps relative names to the contents that they find in
    their working folder, modules to import among them.
    """
    given = {**(files or {}), harness.SUBJECT: code.encode(), harness.TESTS: tests.encode()}
    outcome = await _run(ctx, Program(harness.source(), "python", given), ctx.deps.limits)
    report = _report(outcome)
    if not report.tests:
        message = "there is no test in it"
        hint = "tests are functions named test_…, classes named Test…, or plain asserts"
        raise ToolFailed(message, hint=hint, code="no_tests", value=report)
    if outcome.status != "ok" or report.failed:
        message = f"{report.failed} of {report.passed + report.failed} tests failed"
        raise ProgramFailed(message, code="tests_failed", value=report)
    return report


@specialist.tool(reader=read_debug)
async def debug_code(
    ctx: Context[Workbench], code: str, language: str = "python", files: dict[str, bytes] | None = None
) -> Diagnosis:
    """Run a program that fails and give the line, the error and its cause."""
    outcome = await _run(ctx, Program(code, language, files or {}), ctx.deps.limits)
    return diagnose(code, find_language(language).name, Execution.of(outcome))


@specialist.tool(idempotent=True, reader=read_list)
async def list_languages(ctx: Context[Workbench]) -> tuple[str, ...]:
    """Give the languages that programs may be written in."""
    return ctx.deps.languages()


async def finish(ctx: Context[Workbench], outcome: Outcome, limits: Limits) -> Execution:
    """Put the files of *outcome* into the answer and give its value.

    Raises:
        ProgramFailed: the program failed; the value is in the error.
    """
    await _attach(ctx, outcome)
    execution = Execution.of(outcome)
    if outcome.status != "ok":
        raise ProgramFailed(_failure(execution, limits), hint=_last_line(execution.stderr), value=execution)
    return execution


async def _run(ctx: Context[Workbench], program: Program, limits: Limits, *, level: str = "high") -> Outcome:
    return await ctx.deps.run_program(program, limits, level, ctx.deadline)


def _folder(ctx: Context[Workbench], session: str | None) -> Mapping[str, bytes]:
    return ctx.deps.folders.read(ctx.run.tenant, session) if session else {}


def _keep(ctx: Context[Workbench], session: str | None, given: Mapping[str, bytes], outcome: Outcome) -> None:
    if session:
        left = {file.name: file.content for file in outcome.files}
        ctx.deps.folders.keep(ctx.run.tenant, session, {**given, **left})


async def _attach(ctx: Context[Workbench], outcome: Outcome) -> None:
    for file in outcome.files:
        path = await _kept(ctx, file)
        ctx.attach(Artifact(file.name, file.mime, len(file.content), file.sha256, path))


async def _kept(ctx: Context[Workbench], file: ProducedFile) -> str | None:
    """Keep a produced file and give where it lies; one that cannot be kept is named, and the run goes on."""
    try:
        sha256 = await ctx.deps.blobs.put(file.content)
        return str(ctx.deps.blob_path(sha256))
    except StoreFailed as error:
        ctx.degrade(
            f"artifact {file.name}", error.message, "its name and hash are in the answer, its content is lost"
        )
        return None


def _failure(execution: Execution, limits: Limits) -> str:
    template = OUTCOMES[execution.status]
    return template.format(
        code=execution.exit_code, wall=limits.wall_s, memory=limits.memory_bytes / (1 << 20)
    )


def _last_line(text: str) -> str | None:
    lines = text.strip().splitlines()
    return lines[-1] if lines else None


def _report(outcome: Outcome) -> TestReport:
    """Read the report that the harness left; a program that ended without one failed as a whole."""
    execution = Execution.of(outcome)
    left = next((file.content for file in outcome.files if file.name == harness.REPORT), None)
    if left is None:
        message = f"the tests did not run to their end ({outcome.status})"
        raise ProgramFailed(message, hint=_last_line(outcome.stderr), value=execution)
    try:
        rows = cast("list[dict[str, JSON]]", json.loads(left))  # written by our harness, checked below
        tests = tuple(TestResult(str(row["name"]), str(row["status"]), str(row["message"])) for row in rows)
    except (ValueError, KeyError, TypeError) as error:
        message = "the program under test overwrote the report of its tests"
        raise ToolFailed(message, value=execution) from error
    passed = sum(test.status == "passed" for test in tests)
    failed = sum(test.status in {"failed", "error"} for test in tests)
    return TestReport(passed, failed, tests, execution)
