from __future__ import annotations

import json
import subprocess
import sys

import pytest

from vana.entry.cli.commands import COMMANDS
from vana.entry.cli.program import main


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")  # which --no-color would set for the whole process
    monkeypatch.setenv("COLUMNS", "120")


def test_the_help_names_every_command_and_every_exit_code(capsys: pytest.CaptureFixture[str]):
    assert main(["--help"]) == 0
    told = capsys.readouterr().out
    assert all(f" {command.name} " in told for command in COMMANDS)
    assert all(f"{code} " in told for code in (0, 1, 2, 3, 4, 5, 130))


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_the_help_of_a_command_has_its_examples_and_the_shared_options(
    name: str, capsys: pytest.CaptureFixture[str]
):
    assert main([name, "--help"]) == 0
    told = capsys.readouterr().out
    examples = next(command.examples for command in COMMANDS if command.name == name)
    assert all(f"$ {example}" in told for example in examples)
    assert all(
        flag in told for flag in ("--json", "--jsonl", "--strict", "--timeout", "--no-color", "--home")
    )


def test_nothing_typed_shows_the_help_and_is_usage(capsys: pytest.CaptureFixture[str]):
    assert main([]) == 2
    assert "Usage: vana" in capsys.readouterr().out


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("vana 0.")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--nonsense"], "no such option: --nonsense"),
        (["ask", "--nonsense", "x"], "no such option: --nonsense"),
        (["ask"], "missing argument 'TEXT'"),
        (["--json=1", "x"], "does not take a value"),
        (["--timeout", "soon", "x"], "--timeout"),
        (["recall", "x", "-k", "0"], "'-k'"),
        (["--json", "--jsonl", "x"], "exclude each other"),
        (["--timeout", "nan", "x"], "positive number"),
        (["--strict"], "nothing was asked"),
        ([""], "the request is empty"),
        (["exec"], "no program was given"),
        (["agents", "hide", "x"], "is not understood"),
        (["config", "break"], "is not understood"),
        (["chat", "--json"], "has many answers"),
        (["chat", "-c", "--session", "x"], "exclude each other"),
    ],
)
def test_a_usage_error_is_two_says_what_and_hints_without_a_traceback(
    words: list[str], why: str, capsys: pytest.CaptureFixture[str]
):
    assert main(words) == 2
    said = capsys.readouterr()
    told = said.err + said.out
    assert why in told
    assert "Traceback" not in told


def test_a_usage_error_under_json_is_an_answer_with_its_error(capsys: pytest.CaptureFixture[str]):
    assert main(["ask", "--json"]) == 2
    answer = json.loads(capsys.readouterr().out)
    assert (answer["schema"], answer["status"], answer["error"]["code"]) == (
        "vana.answer/1",
        "failed",
        "usage",
    )


def test_a_usage_error_under_jsonl_is_the_last_line(capsys: pytest.CaptureFixture[str]):
    assert main(["--jsonl", "ask"]) == 2
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["type"] == "answer"


def test_the_help_loads_no_schema_library_no_numbers_no_event_loop_and_no_protocol():
    program = """
import sys
from vana.entry.cli.program import main
assert main(["--help"]) == 0
heavy = {"pydantic", "numpy", "asyncio", "sqlite3", "prompt_toolkit"}
heavy |= {"mcp", "a2a", "ag_ui", "starlette", "httpx", "aiohttp"}
loaded = {name.partition(".")[0] for name in sys.modules}
ours = {name for name in sys.modules if name.startswith("vana.")}
print(*(heavy & loaded), *(ours & {"vana.app", "vana.config", "vana.entry.render"}), file=sys.stderr)
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stderr.strip() == ""
