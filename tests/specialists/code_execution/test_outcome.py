from __future__ import annotations

from vana.kernel.plain import plain
from vana.sandbox.sandbox import Isolation, Outcome, ProducedFile
from vana.specialists.code_execution.outcome import Execution, TestReport, TestResult


def execution(status: str = "ok", stdout: str = "42\n", stderr: str = "") -> Execution:
    outcome = Outcome(
        "ok" if status == "ok" else "error",
        0 if status == "ok" else 1,
        stdout,
        stderr,
        Isolation("high", ("network",)),
        files=(ProducedFile("a.txt", b"a", "text/plain", "0"),),
    )
    return Execution.of(outcome)


def test_a_good_run_reads_as_what_it_printed():
    assert execution(stderr="a warning").as_text() == "42"


def test_a_failed_run_reads_as_what_it_printed_and_its_errors():
    assert execution("error", "42\n", "Traceback\n").as_text() == "42\nTraceback"
    assert execution("error", "", "Traceback\n").as_text() == "Traceback"


def test_its_json_has_the_keys_of_the_wire():
    assert plain(execution()) == {
        "stdout": "42\n",
        "stderr": "",
        "exit_code": 0,
        "status": "ok",
        "sandbox": {"tier": "high", "features": ["network"]},
        "truncated_bytes": 0,
        "warnings": [],
        "usage": {"wall_s": 0.0, "cpu_s": 0.0, "peak_rss_bytes": 0},
    }


def test_a_report_names_what_did_not_pass():
    tests = (
        TestResult("test_a", "passed"),
        TestResult("test_b", "failed", "subject.py:2: assert 0: AssertionError"),
        TestResult("test_c", "skipped", "later"),
    )
    text = TestReport(1, 1, tests, execution()).as_text()
    assert text.splitlines() == [
        "1 passed, 1 failed",
        "failed test_b: subject.py:2: assert 0: AssertionError",
        "skipped test_c: later",
    ]
