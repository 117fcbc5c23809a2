from __future__ import annotations

import pytest

from vana.kernel.confidence import Confidence
from vana.kernel.errors import InputError, UsageError
from vana.memory.tier import KNOWLEDGE, MOST_BYTES, SESSION, Hit, Item, Query


def test_hit_has_the_json_form_of_the_contract():
    hit = Hit("mem-1", "tea", "session", Confidence(0.5), 1.25, "user", 1_700_000_000.25, (0, 3))
    assert hit.as_json() == {
        "ref": "mem-1",
        "text": "tea",
        "level": "session",
        "confidence": 0.5,
        "score": 1.25,
        "source": "user",
        "at": "2023-11-14T22:13:20.250Z",
        "span": [0, 3],
    }


def test_what_is_not_known_of_a_hit_is_null():
    found = Hit("mem-1", "tea", "session").as_json()
    assert [found[key] for key in ("confidence", "score", "at", "span")] == [None] * 4


@pytest.mark.parametrize("text", ["", "   \n\t ", "\u2003"])
def test_empty_text_is_refused(text: str):
    with pytest.raises(InputError, match="empty"):
        Query(text, "ana")
    with pytest.raises(InputError, match="empty"):
        Item(text, "ana", KNOWLEDGE)


@pytest.mark.parametrize("text", ["a\0b", "\x01\x02\x03", "\x7fELF", "half \ud800 a pair"])
def test_binary_is_refused(text: str):
    with pytest.raises(InputError, match="binary"):
        Query(text, "ana")
    with pytest.raises(InputError, match="binary"):
        Item(text, "ana", KNOWLEDGE)


@pytest.mark.parametrize("text", ["x" * 10_000_000, "x" * (MOST_BYTES + 1), "\u00e4" * (MOST_BYTES // 2 + 1)])
def test_too_much_is_refused_and_the_limit_is_named(text: str):
    with pytest.raises(InputError, match="at most 1 MiB"):
        Query(text, "ana")
    with pytest.raises(InputError, match="at most 1 MiB"):
        Item(text, "ana", KNOWLEDGE)


def test_as_much_as_the_limit_is_taken():
    assert len(Item("x" * MOST_BYTES, "ana", KNOWLEDGE).text) == MOST_BYTES


@pytest.mark.parametrize("name", ["", " ", "a\0b", "x" * 1001, "\udcff"])
def test_what_is_no_name_is_refused(name: str):
    for make in (
        lambda: Query("tea", name),
        lambda: Query("tea", "ana", name),
        lambda: Item("tea", name, KNOWLEDGE),
        lambda: Item("tea", "ana", name),
        lambda: Item("tea", "ana", SESSION, session=name),
        lambda: Item("tea", "ana", KNOWLEDGE, id=name),
    ):
        with pytest.raises(UsageError, match="is no name for a"):
            make()


def test_a_query_for_nothing_is_refused():
    with pytest.raises(UsageError, match="must be positive, not 0"):
        Query("tea", "ana", limit=0)


def test_a_turn_without_its_conversation_is_refused():
    with pytest.raises(UsageError, match="needs the conversation's name"):
        Item("tea", "ana", SESSION)
