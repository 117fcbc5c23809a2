from __future__ import annotations

import pytest

from vana.specialists.code_execution.intent import (
    is_question,
    is_told_to_run,
    names_code,
    points_at_code,
    wish_of,
)


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        ("please run this", "run"),
        ("what does it print?", "run"),
        ("run the unit tests", "test"),
        ("do the tests pass?", "test"),
        ("why does this fail?", "debug"),
        ("it gives me a TypeError", "debug"),
        ("run this; it should raise an error", "run"),
        ("which languages can you run?", "list"),
        ("write a function that sorts", "write"),
        ("explain what this prints", "other"),
        ("remember that the tests run at night", "other"),
        ("do not run this", "other"),
        ("how do I run this", "other"),
        ("the weather in Oslo", None),
    ],
)
def test_the_wish_is_what_the_words_ask_for_first(words: str, wish: str | None):
    assert wish_of(words) == wish


def test_of_a_long_text_the_ends_tell():
    filler = "and so on it went " * 1000
    assert wish_of(f"run this {filler}") == "run"
    assert wish_of(f"{filler} please run this") == "run"
    assert wish_of(f"{filler} please run this {filler}") is None


@pytest.mark.parametrize(
    ("words", "claim"),
    [
        ("run", True),
        ("could you please execute", True),
        ("in bash, run", True),
        ("I run", False),
        ("try to", False),
    ],
)
def test_an_order_begins_with_its_verb(words: str, *, claim: bool):
    assert is_told_to_run(words) is claim


@pytest.mark.parametrize(
    ("words", "claim"),
    [
        ("run my code", True),
        ("run it again", True),
        ("run a script", True),
        ("a script for a film", False),
        ("run home", False),
    ],
)
def test_code_is_pointed_at_by_its_name_or_alone(words: str, *, claim: bool):
    assert points_at_code(words) is claim


def test_questions_and_names_of_code_are_known():
    assert is_question("run it? ")
    assert not is_question("run it")
    assert names_code("this Script")
    assert not names_code("this plan")
