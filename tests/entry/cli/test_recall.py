from __future__ import annotations

from typing import cast

import pytest

from tests.entry.cli.typed import vana

pytestmark = pytest.mark.real


def test_what_was_remembered_is_found_by_another_process_with_where_it_came_from():
    kept = vana("remember", "Ana prefers green tea")
    assert (kept.code, kept.out) == (0, "Remembered: Ana prefers green tea\n")
    found = vana("recall", "what does Ana prefer?")
    assert found.code == 0
    text, origin = found.out.splitlines()
    assert text == "Ana prefers green tea"
    assert origin.strip().startswith("knowledge · mem-")
    assert vana("what does Ana prefer?").out == "Ana prefers green tea\n"


def test_the_object_of_recall_is_the_documented_one():
    vana("remember", "Ana prefers green tea")
    found = vana("recall", "--json", "Ana").json
    assert list(found) == ["schema", "confidence", "hits", "degraded"]
    assert found["schema"] == "vana.recall/1"
    hit = cast("list[dict[str, object]]", found["hits"])[0]
    assert set(hit) == {"ref", "text", "level", "confidence", "score", "source", "at", "span"}


def test_at_most_so_many_hits_are_given():
    for name in ("Ana", "Bo", "Cy"):
        vana("remember", f"{name} prefers tea")
    hits = vana("recall", "who prefers tea", "-k", "2", "--json").json["hits"]
    assert len(cast("list[object]", hits)) == 2


def test_nothing_found_is_an_abstention_with_a_hint():
    ended = vana("recall", "zebra crossings")
    assert (ended.code, ended.out) == (5, "")
    assert "hint: vana remember" in ended.err
