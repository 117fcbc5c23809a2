from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from vana.kernel.event import Event


def test_an_event_is_a_fact_and_cannot_be_changed():
    event = Event("started", "run", "span", None, "t", 1.0)
    with pytest.raises(FrozenInstanceError):
        event.name = "other"  # pyright: ignore[reportAttributeAccessIssue] - this is what must not work


def test_events_do_not_share_their_data():
    first, second = Event("note", "r", "s", None, "t", 1.0), Event("note", "r", "s", None, "t", 1.0)
    assert first == second
    assert first.data is not second.data
    assert first.content is not second.content
