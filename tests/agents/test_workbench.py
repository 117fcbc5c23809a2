from __future__ import annotations

from vana.agents.workbench import Folders


def test_a_session_finds_what_it_left():
    folders = Folders()
    assert folders.read("ana", "s") == {}
    folders.keep("ana", "s", {"a": b"1"})
    assert folders.read("ana", "s") == {"a": b"1"}


def test_tenants_and_sessions_do_not_meet():
    folders = Folders()
    folders.keep("ana", "s", {"a": b"1"})
    assert folders.read("bob", "s") == folders.read("ana", "t") == {}


def test_the_session_used_longest_ago_is_let_go_first():
    folders = Folders(most=2)
    for session in ("one", "two", "one", "three"):
        folders.keep("ana", session, {session: b""})
    assert [bool(folders.read("ana", session)) for session in ("one", "two", "three")] == [True, False, True]
