"""The tools through `Vana.call`, in the real sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import cast

import pytest

from vana import Vana
from vana.specialists.code_execution.outcome import Diagnosis, Execution, TestReport

pytestmark = pytest.mark.real

OWNER = "code_execution"


@pytest.fixture
async def vana(tmp_path: Path) -> AsyncGenerator[Vana[None]]:
    async with Vana[None](home=tmp_path / "home") as opened:
        yield opened


async def execute(vana: Vana[None], **arguments: object) -> Execution:
    answer = await vana.call(OWNER, "execute_code", arguments)
    return cast("Execution", answer.value)


async def test_a_program_gives_what_it_printed_from_inside_the_sandbox(vana: Vana[None]):
    answer = await vana.call(OWNER, "execute_code", {"code": "print(6*7)"})
    execution = cast("Execution", answer.value)
    assert (answer.status, answer.text, execution.stdout) == ("answered", "42", "42\n")
    assert execution.sandbox.tier != "unsafe_local"


async def test_a_program_that_fails_is_a_failure_with_its_outcome(vana: Vana[None]):
    answer = await vana.call(OWNER, "execute_code", {"code": "print(1)\nraise SystemExit(3)"})
    assert answer.error is not None
    assert (answer.status, answer.error.code) == ("failed", "program_failed")
    assert answer.error.message == "the program ended with exit code 3"
    assert cast("Execution", answer.value).stdout == "1\n"


async def test_a_file_that_it_made_is_an_artifact_with_its_content_kept(vana: Vana[None]):
    answer = await vana.call(OWNER, "execute_code", {"code": "open('a.txt', 'w').write('made')"})
    assert [artifact.name for artifact in answer.artifacts] == ["a.txt"]
    path = answer.artifacts[0].path
    assert path is not None
    assert await asyncio.to_thread(Path(path).read_bytes) == b"made"


async def test_programs_of_one_session_share_their_files_and_others_do_not(vana: Vana[None]):
    await execute(vana, code="open('n', 'w').write('1')", session="s")
    again = await execute(vana, code="print(open('n').read())", session="s")
    other = await execute(vana, code="import os; print(os.path.exists('n'))", session="t")
    assert (again.stdout, other.stdout) == ("1\n", "False\n")


async def test_limits_may_be_stated_with_the_call(vana: Vana[None]):
    limits = {"wall_s": 0.5}
    answer = await vana.call(OWNER, "execute_code", {"code": "while True: pass", "limits": limits})
    assert answer.error is not None
    assert answer.error.message == "the program did not end within 0.5 s"
    assert cast("Execution", answer.value).status == "timeout"


async def test_an_unknown_language_names_those_there_are(vana: Vana[None]):
    answer = await vana.call(OWNER, "execute_code", {"code": "x", "language": "cobol"})
    assert answer.error is not None
    assert answer.error.code == "unknown_name"
    assert "javascript, python, shell" in answer.error.message


async def test_tests_are_counted_and_those_that_fail_are_named(vana: Vana[None]):
    code = "def test_a(): assert 1\ndef test_b(): assert 0\n"
    answer = await vana.call(OWNER, "run_tests", {"code": code})
    report = cast("TestReport", answer.value)
    assert answer.error is not None
    assert (answer.error.code, report.passed, report.failed) == ("tests_failed", 1, 1)
    assert answer.error.message == "1 of 2 tests failed"


async def test_tests_that_pass_are_an_answer(vana: Vana[None]):
    arguments = {"code": "def f(): return g()", "tests": "from h import g\nassert f() == 1"}
    answer = await vana.call(OWNER, "run_tests", {**arguments, "files": {"h.py": b"def g(): return 1"}})
    assert (answer.status, answer.text) == ("answered", "1 passed, 0 failed")


async def test_code_without_a_test_has_not_passed(vana: Vana[None]):
    answer = await vana.call(OWNER, "run_tests", {"code": "print(1)"})
    assert answer.error is not None
    assert (answer.status, answer.error.code) == ("failed", "no_tests")


@pytest.mark.parametrize(
    "code",
    [
        "import os\nos._exit(0)",
        "def test_a():\n    open('.vana-tests.json', 'w').write('[]')\n    import os; os._exit(0)",
    ],
)
async def test_a_program_that_ends_under_its_tests_has_not_passed(vana: Vana[None], code: str):
    answer = await vana.call(OWNER, "run_tests", {"code": code})
    assert answer.status == "failed"


async def test_a_report_that_was_written_over_is_no_report(vana: Vana[None]):
    late = "import atexit\natexit.register(lambda: open('.vana-tests.json', 'w').write('{'))\n"
    code = f"{late}def test_a(): assert 1"
    answer = await vana.call(OWNER, "run_tests", {"code": code})
    assert answer.error is not None
    assert answer.error.code == "tool_failed"


@pytest.mark.parametrize(
    ("language", "code", "line"),
    [("python", "x = 1\nx.y", 2), ("node", "let x;\nx.y", 2), ("bash", "true\nnosuchcommand", 2)],
)
async def test_a_fault_is_found_with_its_line(vana: Vana[None], language: str, code: str, line: int):
    answer = await vana.call(OWNER, "debug_code", {"code": code, "language": language})
    found = cast("Diagnosis", answer.value)
    assert (answer.status, found.failed, found.line) == ("answered", True, line)
    assert found.cause in answer.text


async def test_a_program_without_a_fault_is_said_to_have_none(vana: Vana[None]):
    answer = await vana.call(OWNER, "debug_code", {"code": "print(1)"})
    assert cast("Diagnosis", answer.value).failed is False


async def test_the_languages_are_those_installed(vana: Vana[None]):
    answer = await vana.call(OWNER, "list_languages")
    assert {"python", "javascript", "shell"} <= set(cast("tuple[str, ...]", answer.value))
