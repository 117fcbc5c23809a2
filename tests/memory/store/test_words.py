from __future__ import annotations

import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vana.memory.store.schema import MIGRATIONS
from vana.memory.store.words import MOST_WORDS, body_of, match_of, scope_of, words_of

HOSTILE = [
    '"', '""', "'", 'a" OR "b', "*", "a*", "^a", "a AND", "AND OR NOT", "NEAR(a b, 2)", "a NEAR b", "(a",
    "a)", "body : a", "{scope body} : a", "scope:xyz", "- a", "a + b", "a:b:c", "\\", "%_",
    "'); DROP TABLE items; --", "a\nb\tc", "\u201ca\u201d", "\U0001f680", "\U0001f468\u200d\U0001f469",
    "e\u0301", "\u0301", "\u200b", "\u202eabc", "\ufeff", "\u4e2d\u6587\uff0c\u6d4b\u8bd5",
    "\u0939\u093f\u0928\u094d\u0926\u0940", "\x1b[31m", "a" * 5000, ";", "--", "/* */", "?", "?1", ":x", "$x",
    "@x", "1e5", "0x10", "\u00bd", "\u2028",
]  # fmt: skip


@pytest.fixture(scope="module")
def index() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    for statement in MIGRATIONS[0]:
        connection.execute(statement)
    for row, (level, text) in enumerate(
        [("mine", "one apple each day"), ("theirs", "one apple pie"), ("mine", "pears")]
    ):
        connection.execute(
            "INSERT INTO words (rowid, scope, body) VALUES (?, ?, ?)", (row, scope_of(level, ""), text)
        )
    return connection


def found(index: sqlite3.Connection, text: str, *, ranked: tuple[str, ...] = ()) -> list[int]:
    words = words_of(text)
    if not words:
        return []
    match = match_of(words, "mine", "", ranked=ranked)
    return [
        int(row)
        for (row,) in index.execute("SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank", (match,))
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_sign_is_an_operator(index: sqlite3.Connection, text: str):
    assert found(index, text) == []
    assert found(index, f"{text} apple") == [0]
    assert found(index, f"apple {text}") == [0]


@settings(max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60) | st.lists(st.sampled_from(HOSTILE), max_size=6).map(" ".join))
def test_no_text_breaks_out_of_its_level(index: sqlite3.Connection, text: str):
    assert 1 not in found(index, text)
    assert 0 in found(index, f"{text} apple")


def test_words_that_only_rank_find_nothing(index: sqlite3.Connection):
    assert found(index, "apple", ranked=("pears",)) == [0]


def test_words_that_say_nothing_count_only_alone():
    assert words_of("Where is the office?") == ["office"]
    assert words_of("Who is it?") == ["who", "is", "it"]


def test_a_long_text_is_searched_by_its_longest_words():
    chosen = words_of(" ".join([f"w{n}" for n in range(500)] + [f"longword{n}" for n in range(MOST_WORDS)]))
    assert sorted(chosen) == sorted(f"longword{n}" for n in range(MOST_WORDS))


def test_the_speaker_is_part_of_what_is_indexed():
    assert body_of("hello", "Caroline") == "Caroline: hello"
    assert body_of("\ufb01ne", None) == "fine"


def test_levels_and_conversations_have_names_of_their_own():
    names = {
        scope_of("session", "a"),
        scope_of("session", "b"),
        scope_of("sessiona", ""),
        scope_of("knowledge", ""),
    }
    assert len(names) == 4
