from __future__ import annotations

import pytest

from vana.specialists.code_execution.excerpt import Piece, take_apart


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("```\nx = 1\n```", "x = 1\n"),
        ("~~~~\n~~~\nx = 1\n~~~~", "~~~\nx = 1\n"),
        ("  ```py\n    x = 1\n  ```", "x = 1\n"),
        ("```py\nopen to the end", "open to the end\n"),
        ("````\n```\n````", "```\n"),
        ("```\n$ ls\na b\n$ pwd\n```", "ls\npwd\n"),
        ("```python\n>>> x = 1\n>>> x\n1\n```", "x = 1\nx\n"),
    ],
)
def test_a_fence_holds_what_stands_between_its_marks(text: str, code: str):
    found = take_apart(text)
    assert found.is_marked
    assert [piece.code for piece in found.pieces] == [code]


def test_words_stand_apart_from_the_blocks_between_them():
    found = take_apart("before\n```js\n1\n```\nbetween\n```js\n2\n```\nafter")
    assert found.words == "before\nbetween\nafter"
    assert found.pieces == (Piece("1\n", "javascript"), Piece("2\n", "javascript"))


def test_a_block_of_data_is_no_program():
    found = take_apart('run this\n```json\n{"a": 1}\n```\n```python\nprint(1)\n```')
    assert [piece.language for piece in found.pieces] == ["python"]
    assert take_apart("```output\n42\n```").pieces == ()


def test_an_empty_block_holds_nothing():
    assert take_apart("run\n```python\n```").pieces == ()


@pytest.mark.parametrize(
    ("text", "words", "code"),
    [
        ("Run this code: a = {1: 2}; print(a)", "Run this code:", "a = {1: 2}; print(a)"),
        ("Run this code:\n  for x in y:\n    print(x)", "Run this code:", "for x in y:\n  print(x)"),
        ("run this\nprint(1)\n\nThanks a lot!", "run this", "print(1)"),
        ("Python: print(1)", "Python:", "print(1)"),
        ("Can you run this for me? print(1)", "Can you run this for me?", "print(1)"),
    ],
)
def test_code_begins_where_the_words_that_ask_for_it_end(text: str, words: str, code: str):
    found = take_apart(text)
    assert (found.words, [piece.code for piece in found.pieces]) == (words, [code])


def test_a_language_that_the_words_name_goes_before_the_looks_of_the_code():
    assert take_apart("run this in bash: sort(1)").pieces == (Piece("sort(1)", "shell"),)


def test_two_spans_in_backticks_are_not_run_as_one():
    assert take_apart("run `a()` and `b()`").pieces == ()


def test_windows_line_ends_are_line_ends():
    assert take_apart("run\r\n```py\r\na()\r\nb()\r\n```").pieces == (Piece("a()\nb()\n", "python"),)
