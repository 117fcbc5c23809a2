from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from tests.entry.cli.typed import vana

pytestmark = pytest.mark.real


def test_a_programs_streams_are_passed_on_as_they_are():
    ended = vana(
        "exec", "-c", r"import sys; print('\x1b[31mout', end=''); print('err', end='', file=sys.stderr)"
    )
    assert (ended.code, ended.out, ended.err) == (0, "\x1b[31mout", "err")


def test_arguments_files_and_standard_input_reach_the_program(tmp_path: Path):
    (tmp_path / "add.py").write_text(
        "import sys; print(sys.argv[1:], open('sales.csv').read(), sys.stdin.read())", encoding="utf-8"
    )
    (tmp_path / "sales.csv").write_text("1,2", encoding="utf-8")
    words = ("exec", "add.py", "--file", "sales.csv", "--", "--year", "2024")
    assert vana(*words, folder=tmp_path, stdin=b"piped").out == "['--year', '2024'] 1,2 piped\n"


def test_a_dash_is_the_program_on_standard_input():
    assert vana("exec", "-l", "shell", "-", stdin=b"echo $((6*7))").out == "42\n"


@pytest.mark.parametrize(
    ("name", "code"), [("a.js", "console.log(6*7)"), ("a.sh", "echo $((6*7))"), ("a", "print(6*7)")]
)
def test_the_suffix_says_the_language_and_without_one_it_is_python(tmp_path: Path, name: str, code: str):
    (tmp_path / name).write_text(code, encoding="utf-8")
    assert vana("exec", name, folder=tmp_path).out == "42\n"


def test_a_failing_program_is_one_and_its_own_status_on_request():
    assert vana("exec", "-c", "raise SystemExit(7)").code == 1
    assert vana("exec", "--exit-status", "-c", "raise SystemExit(7)").code == 7
    assert vana("exec", "--exit-status", "-c", "print()").code == 0
    ended = vana("exec", "--json", "-c", "raise SystemExit(7)")
    assert ended.code == 1
    assert cast("dict[str, object]", ended.json["error"])["code"] == "program_failed"
    assert cast("dict[str, object]", ended.json["value"])["exit_code"] == 7


def test_a_program_that_does_not_end_is_ended_and_said():
    ended = vana("exec", "--wall", "0.5", "-c", "while True: pass")
    assert ended.code == 1
    assert "did not end within 0.5 s" in ended.err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("-l", "cobol", "-c", "x"), "no language named 'cobol'; installed: javascript, python, shell"),
        (("x.rb",), "ends in .rb"),
        (("missing.py",), "missing.py cannot be read: no such file"),
        (("-c", "x", "--memory", "lots"), "is no size"),
        (("-c", "x", "--wall", "-1"), "sandbox.wall"),
        (("-c", "x", "--file", "missing.csv"), "missing.csv cannot be read"),
    ],
)
def test_what_cannot_be_run_is_usage_and_nothing_ran(tmp_path: Path, words: tuple[str, ...], why: str):
    (tmp_path / "x.rb").write_text("puts 1", encoding="utf-8")
    ended = vana("exec", *words, folder=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert why in ended.err


def test_what_a_program_makes_is_saved_where_it_is_wanted_and_over_nothing(tmp_path: Path):
    words = ("exec", "--out", "made", "-c", "open('a.txt', 'w').write('hi')")
    first, second = vana(*words, folder=tmp_path), vana(*words, folder=tmp_path)
    assert first.code == 0, first.err
    assert (tmp_path / "made" / "a.txt").read_text(encoding="utf-8") == "hi"
    assert second.code == 1
    assert "made/a.txt is there already" in second.err


def test_without_a_sandbox_nothing_runs_and_the_fix_is_told(tmp_path: Path):
    ended = vana("exec", "-c", "print(6*7)", env={"VANA_SANDBOX_LEVEL": "max"})
    assert (ended.code, ended.out) == (1, "")
    assert "hint: " in ended.err
