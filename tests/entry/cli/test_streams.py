from __future__ import annotations

import io
import sys

import pytest

from vana.entry.cli import streams


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_text_that_an_encoding_lacks_is_written_out(monkeypatch: pytest.MonkeyPatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii", errors="strict"))
    streams.make_safe()
    sys.stdout.write("é \ud800\n")
    sys.stdout.flush()
    assert written.getvalue() == b"\\xe9 \\ud800\n"


def test_a_stream_that_was_closed_swallows(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stderr", None)
    streams.make_safe()
    with sys.stderr as stderr:
        assert stderr.write("x") == 1


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colours_need_a_terminal_that_wants_them(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], *, coloured: bool
):
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert (streams.paint("x", "red", Terminal()) == "\x1b[31mx\x1b[0m") is coloured
    assert streams.paint("x", "red", io.StringIO()) == "x"


@pytest.mark.parametrize(
    ("encoding", "unicode"), [("utf-8", True), ("UTF8", True), ("ascii", False), ("latin-1", False)]
)
def test_only_unicode_encodings_write_every_character(encoding: str, *, unicode: bool):
    assert streams.is_unicode(io.TextIOWrapper(io.BytesIO(), encoding=encoding)) is unicode
