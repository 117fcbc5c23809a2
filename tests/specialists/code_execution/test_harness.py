"""The harness as it runs in the sandbox: a program of its own, in a folder with the two files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest

from vana.specialists.code_execution import harness

pytestmark = pytest.mark.real


def report(folder: Path, code: str, tests: str = "", **files: str) -> dict[str, tuple[str, str]]:
    """Run the harness over *code* and *tests*, and give status and message by the name of the test."""
    for name, text in {harness.SUBJECT: code, harness.TESTS: tests, "main.py": harness.source()}.items():
        (folder / name).write_text(text, encoding="utf-8")
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-B", "-W", "error", "main.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    rows = cast("list[dict[str, str]]", json.loads((folder / harness.REPORT).read_text(encoding="utf-8")))
    return {row["name"]: (row["status"], row["message"]) for row in rows}


def statuses(folder: Path, code: str, tests: str = "", **files: str) -> dict[str, str]:
    return {name: status for name, (status, _) in report(folder, code, tests, **files).items()}


def test_test_functions_are_run_in_the_order_they_were_written(tmp_path: Path):
    code = "def test_b():\n    assert 1\n\ndef test_a():\n    assert 1\n"
    assert list(statuses(tmp_path, code).items()) == [("test_b", "passed"), ("test_a", "passed")]


def test_tests_of_their_own_file_see_the_code(tmp_path: Path):
    assert statuses(tmp_path, "def sq(x): return x * x", "def test_sq(): assert sq(3) == 9") == {
        "test_sq": "passed"
    }


def test_tests_may_import_the_code_and_the_files_beside_it(tmp_path: Path):
    tests = "from subject import two\nfrom calc import add\ndef test_add(): assert add(1, 1) == two\n"
    assert statuses(tmp_path, "two = 2", tests, calc="def add(a, b): return a + b") == {"test_add": "passed"}


def test_a_failed_assert_names_its_file_line_and_source(tmp_path: Path):
    told = report(tmp_path, "def f():\n    return 1\n", "def test_f():\n    assert f() == 2, 'no'\n")
    assert told == {"test_f": ("failed", "tests.py:2: assert f() == 2, 'no': AssertionError: no")}


def test_an_error_is_told_apart_from_a_failure(tmp_path: Path):
    assert report(tmp_path, "def test_f():\n    1 / 0\n") == {
        "test_f": ("error", "subject.py:2: 1 / 0: ZeroDivisionError: division by zero")
    }


def test_code_that_cannot_be_loaded_is_an_error_of_its_file(tmp_path: Path):
    told = report(tmp_path, "import nosuch\n", "def test_f(): assert 1\n")
    assert told["subject.py"][0] == "error"
    assert "nosuch" in told["subject.py"][1]
    assert told["test_f"][0] == "passed"


@pytest.mark.parametrize("code", ["raise SystemExit(0)", "import sys\nsys.exit()"])
def test_leaving_early_is_no_way_to_pass(tmp_path: Path, code: str):
    assert statuses(tmp_path, code) == {"subject.py": "error"}


def test_plain_asserts_pass_as_one_and_fail_by_their_line(tmp_path: Path):
    assert statuses(tmp_path, "def f(): return 1", "assert f() == 1") == {"asserts": "passed"}
    told = report(tmp_path, "def f(): return 1", "x = 1\nassert f() == 2")
    assert told == {"tests.py": ("failed", "tests.py:2: assert f() == 2: AssertionError")}


def test_code_without_any_claim_has_no_test_that_passed(tmp_path: Path):
    assert statuses(tmp_path, "print('hello')", "x = 1") == {}


def test_test_cases_are_run_with_their_set_up(tmp_path: Path):
    code = (
        "from unittest import TestCase\nimport unittest\n"
        "class Sums(TestCase):\n    def setUp(self): self.x = 1\n"
        "    def test_one(self): self.assertEqual(self.x, 1)\n"
        "    def test_two(self): self.assertEqual(self.x, 2)\n"
        "    @unittest.skip('later')\n    def test_three(self): pass\n"
        "    @unittest.expectedFailure\n    def test_four(self): self.fail()\n"
        "    @unittest.expectedFailure\n    def test_five(self): pass\n"
    )
    assert statuses(tmp_path, code) == {
        "Sums.test_five": "failed",
        "Sums.test_four": "passed",
        "Sums.test_one": "passed",
        "Sums.test_three": "skipped",
        "Sums.test_two": "failed",
    }


def test_a_part_of_a_test_that_fails_is_told(tmp_path: Path):
    code = (
        "import unittest\nclass Parts(unittest.TestCase):\n    def test_all(self):\n"
        "        for n in (1, 2, 3):\n"
        "            with self.subTest(n=n):\n                self.assertNotEqual(n, 2)\n"
    )
    told = statuses(tmp_path, code)
    assert list(told.values()) == ["failed"]
    assert "n=2" in next(iter(told))


def test_async_tests_are_awaited(tmp_path: Path):
    code = (
        "import asyncio, unittest\nasync def test_async():\n    await asyncio.sleep(0)\n    assert 0\n"
        "class Case(unittest.IsolatedAsyncioTestCase):\n    async def test_in_case(self): self.fail()\n"
    )
    assert statuses(tmp_path, code) == {"test_async": "failed", "Case.test_in_case": "failed"}


def test_methods_of_a_plain_test_class_are_run_each_on_a_new_object(tmp_path: Path):
    code = (
        "class TestList:\n    seen = 0\n"
        "    def test_a(self):\n        self.seen += 1\n        assert self.seen == 1\n"
        "    def test_b(self):\n        self.seen += 1\n        assert self.seen == 2\n"
    )
    assert statuses(tmp_path, code) == {"TestList.test_a": "passed", "TestList.test_b": "failed"}


def test_dataclasses_with_annotations_as_text_can_be_defined(tmp_path: Path):
    code = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass P:\n    x: int = 1\n\ndef test_p(): assert P().x == 1\n"
    )
    assert statuses(tmp_path, code) == {"test_p": "passed"}


def test_what_the_tests_print_is_not_in_the_report(tmp_path: Path):
    assert statuses(tmp_path, "print('[]')\ndef test_p(): print('x'); assert 1") == {"test_p": "passed"}
