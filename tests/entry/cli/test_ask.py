from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from tests.entry.cli.typed import vana

pytestmark = pytest.mark.real

PRINT_42 = "Execute this Python code: print(6*7)"


def test_the_answer_alone_goes_to_stdout_and_the_rest_to_stderr():
    ended = vana(PRINT_42)
    assert (ended.code, ended.out) == (0, "42\n")
    assert "understood as code_execution.execute_code(code='print(6*7)'" in ended.err
    assert ended.err.splitlines()[-1].startswith("run-")


@pytest.mark.parametrize(
    "words", [("--json", PRINT_42), ("ask", PRINT_42, "--json"), ("--json", "ask", PRINT_42)]
)
def test_flags_stand_before_and_after_the_words(words: tuple[str, ...]):
    ended = vana(*words)
    assert (ended.code, ended.err) == (0, "")
    answer = ended.json
    assert answer["schema"] == "vana.answer/1"
    assert cast("dict[str, object]", answer["route"])["specialist"] == "code_execution"
    value = cast("dict[str, object]", answer["value"])
    assert value["stdout"] == "42\n"
    assert cast("dict[str, object]", value["sandbox"])["tier"] != "unsafe_local"


def test_jsonl_gives_the_events_and_the_answer_as_the_last_line():
    *events, answer = vana("--jsonl", PRINT_42).lines
    assert {event["type"] for event in events} == {"event"}
    assert "code_execution.execute_code" in {event["name"] for event in events}
    assert (answer["type"], answer["status"]) == ("answer", "answered")
    assert {event["run_id"] for event in events} == {answer["run_id"]}


def test_words_need_no_quotes_around_them_all():
    assert vana("Execute", "this", "Python", "code:", "print(6*7)").out == "42\n"


def test_a_dash_is_the_request_on_standard_input():
    assert vana("ask", "-", stdin=PRINT_42.encode()).out == "42\n"


def test_a_path_in_the_request_is_a_file_to_use(tmp_path: Path):
    (tmp_path / "report.py").write_text("print('from the file')", encoding="utf-8")
    assert vana("run report.py", folder=tmp_path).out == "from the file\n"


def test_a_program_that_fails_is_exit_one_with_its_own_words():
    ended = vana("Execute this Python code: print('before'); 1/0")
    assert (ended.code, ended.out) == (1, "before\n")
    assert "ZeroDivisionError" in ended.err
    assert "vana: the program ended with exit code 1" in ended.err
    assert '"internal"' not in ended.err


def test_a_question_nothing_answers_is_an_abstention():
    ended = vana("What is the capital of Atlantis?")
    assert (ended.code, ended.out) == (5, "")
    assert "hint: " in ended.err


@pytest.mark.parametrize(
    ("words", "stdin", "why"),
    [
        (("hello",), b"\0\1\2", "standard input is binary"),
        (("hello",), b"caf\xe9", "not UTF-8"),
        (("-",), b"x" * (2 << 20), "too long; at most 1 MiB"),
        (("hello",), b"x" * (17 << 20), "too long; at most 16 MiB"),
        (("ask", "-"), b"  \n", "the request is empty"),
        (("ask", b"caf\xe9"), None, "is no valid UTF-8"),
    ],
)
def test_input_that_cannot_be_used_is_usage_with_a_hint(
    words: tuple[str | bytes, ...], stdin: bytes | None, why: str
):
    ended = vana(*words, stdin=stdin)
    assert (ended.code, ended.out) == (2, "")
    assert why in ended.err
    assert "hint: " in ended.err
    assert "Traceback" not in ended.err


def test_a_degraded_answer_is_three_under_strict_and_says_so_without(tmp_path: Path):
    (tmp_path / "file").touch()
    env = {"VANA_HOME": str(tmp_path / "file" / "home")}  # the journal cannot be written there
    plain, strict = vana(PRINT_42, env=env), vana("--strict", PRINT_42, env=env)
    assert (plain.code, plain.out) == (0, "42\n")
    assert "degraded: journal" in plain.err
    assert (strict.code, strict.out) == (3, "42\n")


@pytest.mark.parametrize(
    ("env", "words", "why"),
    [
        ({"VANA_SANDBOX_WAL": "1"}, (), "VANA_SANDBOX_WAL is no setting"),
        ({"VANA_SANDBOX_WALL": "soon"}, (), "sandbox.wall"),
        ({}, ("--config", "nowhere.toml"), "there is no settings file nowhere.toml"),
    ],
)
def test_a_wrong_setting_is_usage_and_says_where(env: dict[str, str], words: tuple[str, ...], why: str):
    ended = vana(*words, "hello", env=env)
    assert ended.code == 2
    assert why in ended.err
    assert "hint: " in ended.err
