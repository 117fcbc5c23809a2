from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from tests.entry.cli.typed import PATIENCE_S, VANA, vana
from tests.sandbox.machine import processes_with

pytestmark = pytest.mark.real

MARK = "endless-for-the-test-of-ctrl-c"
ENDLESS = f"Execute this shell code: while true; do sleep 0.01; done # {MARK}"


@contextmanager
def started(*words: str, stdin: int = subprocess.DEVNULL) -> Generator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*VANA, *words], stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for_the_sandbox(process: subprocess.Popen[str]) -> None:
    """Wait until the program runs: the events say so, one line each."""
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["name"].startswith("sandbox."):
            return
    pytest.fail("it ended before the sandbox was started")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_the_run_kills_its_children_and_is_written_down(number: signal.Signals):
    with started("--jsonl", ENDLESS) as process:
        wait_for_the_sandbox(process)
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE_S)
    answer = json.loads(out.splitlines()[-1])
    assert (process.returncode, answer["type"], answer["status"]) == (130, "answer", "cancelled")
    assert "Traceback" not in err
    assert not processes_with(MARK)
    tree = vana("trace", str(answer["run_id"]), "--json").json
    assert (tree["run_id"], dict_of(tree["root"])["status"]) == (answer["run_id"], "cancelled")


def dict_of(value: object) -> dict[str, object]:
    assert isinstance(value, dict)
    return {str(key): item for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def test_a_silent_standard_input_is_waited_for_aloud_and_can_be_cancelled():
    with started("hello", stdin=subprocess.PIPE) as process:
        assert process.stderr is not None
        assert "waiting for standard input" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 130


def test_a_time_limit_ends_the_wait_for_standard_input():
    with started("--timeout", "0.2", "hello", stdin=subprocess.PIPE) as process:
        assert process.wait(PATIENCE_S) == 1
        assert process.stderr is not None
        assert "within 0.2 s" in process.stderr.read()


def test_a_time_limit_ends_the_run():
    ended = vana("--timeout", "1", ENDLESS)
    assert ended.code == 1
    assert "time of the run" in ended.err
    assert not processes_with(MARK)


def test_a_reader_that_is_gone_is_no_traceback():
    with started("exec", "-c", "print('x' * 500_000)") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
        assert process.wait(PATIENCE_S) == 1
        process.stdout = None  # closed here, so there is nothing left to read


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_a_standard_stream_that_was_closed_before_is_no_error(closed: int):
    words = [*VANA, "exec", "-c", "print(6*7)"]
    script = 'exec "$0" "$@" ' + ("<&-", ">&-", "2>&-")[closed]
    ended = subprocess.run(["sh", "-c", script, *words], capture_output=True, timeout=PATIENCE_S, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"" if closed == 1 else b"42\n", b"")


def test_any_text_is_printed_in_a_locale_that_has_only_ascii():
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    code = "print('\\xe9 \\U0001f600')"
    assert vana("exec", "-c", code, env=env).out == "\\xe9 \\U0001f600\n"
    value = dict_of(vana("--json", "exec", "-c", code, env=env).json["value"])
    assert value["stdout"] == "\xe9 \U0001f600\n"


def test_on_a_terminal_what_a_program_prints_cannot_move_the_cursor():
    ours, theirs = os.openpty()
    try:
        process = subprocess.Popen(
            [*VANA, "exec", "-c", r"print('\x1b[2Jgone')"],
            stdin=theirs,
            stdout=theirs,
            stderr=subprocess.PIPE,
        )
        _, err = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, err) == (0, b"")
        assert os.read(ours, 1 << 16) == b"\\x1b[2Jgone\r\n"
    finally:
        os.close(ours)
        os.close(theirs)


def test_two_processes_on_one_data_folder_lose_nothing():
    with started("remember", "Ana prefers tea") as one, started("remember", "Bo prefers jazz") as other:
        assert (one.wait(PATIENCE_S), other.wait(PATIENCE_S)) == (0, 0)
    assert "tea" in vana("recall", "Ana").out
    assert "jazz" in vana("recall", "Bo").out
