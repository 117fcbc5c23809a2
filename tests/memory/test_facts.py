from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.memory.labelled import APART, MEETING
from vana.memory.facts import LONGEST_CHARS, casts_doubt, read_question, read_statement
from vana.memory.vocabulary import listed

PLAIN = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=80)
WORDS = listed(
    "the a my your Ana's Bob is are am was in at on under 3 May 2026 9:30 what where who when how old not "
    "called colour of birthday lives works I keep left note: please remember that ? . , \u2019 now"
)
BITS = st.lists(st.sampled_from(sorted(WORDS)), max_size=12).map(" ".join)


def meets(statement: str, question: str) -> bool:
    fact, asked = read_statement(statement), read_question(question)
    return fact is not None and asked is not None and asked.met_by(fact)


@pytest.mark.parametrize(("statement", "question", "value"), MEETING)
def test_statement_answers_its_question_with_its_value(statement: str, question: str, value: str):
    fact = read_statement(statement)
    assert meets(statement, question)
    assert fact is not None
    assert fact.value == value
    assert statement[slice(*fact.span)] == value


@pytest.mark.parametrize(("statement", "question"), APART)
def test_statement_does_not_answer_what_it_does_not_say(statement: str, question: str):
    assert not meets(statement, question)


def test_no_statement_of_the_set_answers_a_question_about_something_else():
    """Each against each: only what speaks of the same subject and attribute may meet."""
    for statement, own, _ in MEETING:
        fact = read_statement(statement)
        assert fact is not None
        for _, other, _ in MEETING:
            asked = read_question(other)
            assert asked is not None
            if asked.met_by(fact):
                mine = read_question(own)
                assert mine is not None
                assert (mine.subject, mine.attribute) == (asked.subject, asked.attribute)


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("The staging database is no longer at db7", "Where is the staging database?"),
        ("the staging database isn\u2019t at db7 anymore", "Where is the staging database?"),
        ("The staging database will be at db9", "Where is the staging database?"),
        ("The staging database was at db7", "Where is the staging database?"),
        ("Bob doesn't work at Acme", "Where does Bob work?"),
        ("My favourite colour is probably blue", "What is my favourite colour?"),
    ],
)
def test_denial_casts_doubt(text: str, question: str):
    asked = read_question(question)
    assert asked is not None
    assert casts_doubt(text, asked)


@pytest.mark.parametrize(
    "text",
    [
        "The staging database is at db8",
        "The production database is no longer at db7",
        "Where is the staging database?",
        "The staging database was fast",
        "we talked about the staging database",
    ],
)
def test_what_says_nothing_against_it_casts_no_doubt(text: str):
    asked = read_question("Where is the staging database?")
    assert asked is not None
    assert not casts_doubt(text, asked)


def test_the_one_who_asks_and_the_one_who_is_asked_are_told_apart():
    mine, yours = read_statement("My name is Ana"), read_statement("Your name is Vega")
    assert mine is not None
    assert yours is not None
    assert mine.subject != yours.subject


def test_a_long_text_is_no_plain_statement_nor_question():
    assert read_statement("The code is " + "x" * LONGEST_CHARS) is None
    assert read_question("What is " + "x" * LONGEST_CHARS) is None


@given(PLAIN | BITS)
def test_any_text_is_read_without_harm_and_the_span_holds_the_value(text: str):
    fact, asked = read_statement(text), read_question(text)
    if fact is not None:
        assert text[slice(*fact.span)] == fact.value
        assert fact.value.strip() == fact.value != ""
        assert fact.subject
        assert not text.rstrip().endswith("?")
    if asked is not None:
        casts_doubt(text, asked)


@given(BITS)
def test_a_question_with_its_sign_is_never_a_fact(text: str):
    assert read_statement(f"{text}?") is None


@given(
    st.lists(
        st.sampled_from(sorted(listed("red tall box gate code plant ship bird"))), min_size=1, max_size=3
    )
)
def test_any_plain_name_and_value_meet(name: list[str]):
    thing = " ".join(name)
    assert meets(f"The {thing} is in Oslo.", f"where is the {thing}?")
    assert meets(f"Ana's {thing} is 4711", f"What is the {thing} of Ana?")
    assert not meets(f"The {thing} is in Oslo.", f"where is the other {thing}?")
