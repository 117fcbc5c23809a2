from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vana.entry.cli.words import Grammar, arrange

GRAMMAR = Grammar(
    frozenset({"ask", "trace", "exec"}), frozenset({"--json", "--strict"}), frozenset({"--timeout"})
)


@pytest.mark.parametrize(
    ("typed", "arranged"),
    [
        ("hello", "ask hello"),
        ("--json hello", "--json ask hello"),
        ("--timeout 3 hello", "--timeout 3 ask hello"),
        ("--timeout=3 hello --json", "--timeout=3 ask hello --json"),
        ("--timeout trace hello", "--timeout trace ask hello"),
        ("trace last", "trace last"),
        ("--json trace last", "--json trace last"),
        ("ask trace", "ask trace"),
        ("run trace", "ask run trace"),
        ("--session a hello", "ask --session a hello"),
        ("-", "ask -"),
        ("-- trace", "ask -- trace"),
        ("--help", "--help"),
        ("-h hello", "-h hello"),
        ("--version", "--version"),
        ("hello --help", "ask hello --help"),
        ("--json", "--json"),
        ("--timeout", "--timeout"),
        ("", ""),
    ],
)
def test_ask_stands_before_what_is_no_command(typed: str, arranged: str):
    assert arrange(typed.split(), GRAMMAR) == arranged.split()


def test_one_argument_of_several_words_is_a_request_even_when_it_begins_with_a_command():
    assert arrange(["trace the roots"], GRAMMAR) == ["ask", "trace the roots"]
    assert arrange([""], GRAMMAR) == ["ask", ""]


@given(st.lists(st.sampled_from(["hello", "trace", "--json", "--timeout", "--x", "-", "--", "--help", ""])))
def test_no_word_is_lost_or_moved_and_arranging_twice_changes_nothing(words: list[str]):
    once = arrange(words, GRAMMAR)
    assert (
        once == words
        or [word for index, word in enumerate(once) if (index, word) != (once.index("ask"), "ask")] == words
    )
    assert arrange(once, GRAMMAR) == once
