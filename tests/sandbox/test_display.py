"""What is safe to show."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from vana.sandbox.display import printable


def test_control_characters_are_written_out_and_lines_and_tabs_stay():
    assert printable("a\tb\n\x1b[31mred\x00\r\x7f\x9b") == "a\tb\n\\x1b[31mred\\x00\\x0d\\x7f\\x9b"


def test_marks_that_turn_the_order_of_text_are_written_out():
    assert printable("\u202etxt.exe\u2066\u200f") == "\\u202etxt.exe\\u2066\\u200f"


def test_text_of_every_script_stays():
    text = "naïve Ωμέγα 東京 שלום سلام 🙂"
    assert printable(text) == text


@given(st.text())
def test_nothing_that_steers_a_terminal_is_left(text: str):
    shown = printable(text)
    assert not [one for one in shown if unicodedata.category(one) in {"Cc", "Cs"} and one not in "\n\t"]
    assert not [
        one
        for one in shown
        if unicodedata.bidirectional(one) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    ]
    shown.encode("utf-8")
