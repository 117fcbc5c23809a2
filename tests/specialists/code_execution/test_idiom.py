from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vana.specialists.code_execution.idiom import (
    guess,
    is_calculation,
    is_code,
    is_plainly_code,
    language_of,
    named,
    parse,
    unquoted,
)


@pytest.mark.parametrize(
    ("tag", "language"),
    [("PY", "python"), ("console", "shell"), ("node", "javascript"), ("rust", "rust"), ("", "")],
)
def test_a_tag_gives_its_language_and_an_unknown_one_stays(tag: str, language: str):
    assert language_of(tag) == language


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("run it in Python", "python"),
        ("with node.js please", "javascript"),
        ("run main.py", None),
        ("not in Python but in bash", None),
        ("a pythonic way", None),
        ("show the console", None),
    ],
)
def test_words_name_a_language_only_when_they_name_one(words: str, language: str | None):
    assert named(words) == language


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("print(1)", "python"),
        ("x = lambda a: a\n# => comment", "python"),
        ("console.log(1)", "javascript"),
        ("let x = 1;", "javascript"),
        ("ls -la", "shell"),
        ("for f in *; do echo $f; done", "shell"),
        ("echo = 5", "python"),
        ("#!/usr/bin/env node\n1", "javascript"),
        ("#!/bin/sh\nx", "shell"),
        ("def f(:", "python"),
    ],
)
def test_code_without_a_name_tells_its_language_by_its_words(code: str, language: str):
    assert guess(code) == language


@pytest.mark.parametrize(
    "text",
    ["hello", "yes, no", "a or b", "not now", "this is it", "tea if cold else coffee", "raise money", "pass"],
)
def test_plain_words_that_parse_as_python_are_no_code(text: str):
    assert parse(text) is not None
    assert not is_code(text)
    assert not is_plainly_code(text)


@pytest.mark.parametrize(
    "text",
    ["x = 5", "2024-12-31", "see_you(soon)", "Oslo (Norway)", "let me know", "if rain: umbrella", "a: b"],
)
def test_what_may_be_something_else_is_not_plainly_code(text: str):
    assert not is_plainly_code(text)


@pytest.mark.parametrize(
    "text", ["print(1)", "import os; print(os.name)", "console.log(1)", "x = 1\nprint(x)", "#!/bin/sh\nls"]
)
def test_what_can_be_nothing_else_is_plainly_code(text: str):
    assert is_plainly_code(text)


def test_code_that_does_not_parse_is_told_by_its_signs():
    assert is_code("def f(:\n    return x[1")
    assert not is_code("The meeting is on Monday.\nBring the results.")


@pytest.mark.parametrize(
    ("text", "claim"),
    [("2 ** 10", True), ("sum(range(9))", True), ("x + 1", False), ("top-10", False), ("7", False)],
)
def test_a_calculation_needs_nothing_from_outside(text: str, *, claim: bool):
    assert is_calculation(text) is claim


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ("'a b'", "a b"),
        ('"say \\"hi\\""', 'say "hi"'),
        ("'a' + 'b'", "'a' + 'b'"),
        ("print('a')", "print('a')"),
        ("", ""),
    ],
)
def test_quotes_around_the_whole_are_taken_off(text: str, inner: str):
    assert unquoted(text) == inner


@given(st.text())
def test_every_text_can_be_judged(text: str):
    assert guess(text) in {"python", "javascript", "shell"}
    assert is_code(text) or not is_plainly_code(text)
