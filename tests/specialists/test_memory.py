from __future__ import annotations

from pathlib import Path

import pytest

from vana import Vana
from vana.kernel.reading import Utterance
from vana.memory.recall import Recall
from vana.specialists.memory import Kept, read_recall, read_remember


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("remember that x = 5", "x = 5"),
        ("Remember: the deploy command is `make deploy`", "the deploy command is `make deploy`"),
        ("please remember this: two\nlines", "two\nlines"),
        ("note that Ana is on leave", "Ana is on leave"),
        ("Don't forget the keys", "the keys"),
        ("memorise my number, 555-1234", "my number, 555-1234"),
    ],
)
def test_what_is_to_be_remembered_is_taken_word_for_word(text: str, kept: str):
    reading = read_remember(Utterance(text))
    assert reading is not None
    assert (reading.arguments, reading.grounds, reading.missing) == ({"text": kept}, {"text": "text"}, None)


@pytest.mark.parametrize(
    "text",
    [
        "remember when we met?",
        "remember",
        "remembering is hard",
        "notebook prices",
        "I remember Oslo",
        "notes: none",
    ],
)
def test_what_only_speaks_of_remembering_is_no_command(text: str):
    assert read_remember(Utterance(text)) is None


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("recall the staging database", "the staging database"),
        ("what do you know about Oslo?", "Oslo"),
        ("What did I say about the backup script?", "the backup script"),
        ("search your memory for keys", "keys"),
    ],
)
def test_what_is_looked_for_is_read_without_the_question_mark(text: str, query: str):
    reading = read_recall(Utterance(text))
    assert reading is not None
    assert reading.arguments == {"query": query}


@pytest.mark.parametrize(
    "text", ["recalled goods", "what do you think of Oslo?", "total recall is a film", "recall"]
)
def test_what_only_speaks_of_recalling_is_no_command(text: str):
    assert read_recall(Utterance(text)) is None


async def test_what_is_remembered_is_found_again_with_where_it_came_from(tmp_path: Path):
    async with Vana[None](home=tmp_path / "home") as vana:
        kept = await vana.call("memory", "remember", {"text": "the office is in Oslo"})
        again = await vana.call("memory", "remember", {"text": "the office is in Oslo"})
        found = await vana.call("memory", "recall", {"query": "office", "k": 3})
    assert isinstance(kept.value, Kept)
    assert isinstance(found.value, Recall)
    assert (kept.text, again.text) == (
        "Remembered: the office is in Oslo",
        "Already known: the office is in Oslo",
    )
    assert [hit.text for hit in found.value.hits] == ["the office is in Oslo"]
    assert [source.ref for source in found.sources] == [kept.value.ref]


async def test_an_empty_memory_is_refused(tmp_path: Path):
    async with Vana[None](home=tmp_path / "home") as vana:
        answer = await vana.call("memory", "remember", {"text": "  "})
    assert answer.error is not None
    assert (answer.status, answer.error.code) == ("failed", "input_invalid")
