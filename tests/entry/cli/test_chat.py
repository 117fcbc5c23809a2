from __future__ import annotations

import pytest

from tests.entry.cli.typed import vana

pytestmark = pytest.mark.real


def test_each_piped_line_is_a_turn_and_slash_commands_work():
    ended = vana(
        "chat", stdin=b"remember that Bo likes jazz\n\nwhat does Bo like?\n/memory Bo\n/exit\nnever reached"
    )
    assert ended.code == 0, ended.err
    assert ended.out.splitlines()[0] == "Remembered: Bo likes jazz"
    assert "Bo likes jazz" in ended.out.splitlines()[1:]
    assert "never reached" not in ended.out + ended.err


@pytest.mark.parametrize(
    ("line", "told"), [("/help", "/memory QUERY"), ("/agents", "execute_code"), ("/trace", "✓ ask")]
)
def test_a_slash_command_shows_something(line: str, told: str):
    stdin = f"Execute this Python code: print(1)\n{line}\n".encode()
    assert told in vana("chat", stdin=stdin).out


def test_a_wrong_turn_ends_only_itself_and_the_worst_code_counts():
    ended = vana("chat", stdin=b"/nonsense\nExecute this Python code: print(6*7)\n")
    assert (ended.code, ended.out) == (2, "42\n")
    assert "no slash command named '/nonsense'; installed: /agents" in ended.err


def test_the_newest_conversation_is_taken_up_again():
    first = vana("chat", stdin=b"what does Bo like?\n")
    again = vana("chat", "-c", stdin=b"/exit\n")
    session = first.err.split()[1].rstrip(";")
    assert session.startswith("chat-")
    assert session in again.err


def test_without_a_conversation_there_is_none_to_continue():
    ended = vana("chat", "-c", stdin=b"")
    assert ended.code == 1
    assert "no conversation to continue" in ended.err


def test_jsonl_gives_an_answer_for_each_turn():
    ended = vana(
        "chat", "--jsonl", stdin=b"Execute this Python code: print(1)\nExecute this Python code: print(2)\n"
    )
    answers = [line for line in ended.lines if line["type"] == "answer"]
    assert [answer["text"] for answer in answers] == ["1", "2"]
