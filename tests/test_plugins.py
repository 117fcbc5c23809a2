from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pytest

from vana.kernel.errors import ConfigError, UnknownName, UsageError
from vana.plugins import Group

MEMBERS: dict[str, str] = {
    "counted": "import threading\nLOADS = []\nLOADS.append(threading.get_ident())\nmember = LOADS",
    "first": "from vana.plugins import Group\nmember = None\n",
    "broken": "raise ImportError('its library is missing')",
}


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Group[object]]:
    """Give the group of that name, with members as a distribution on the path brings them."""

    def group(entry: str) -> Group[object]:
        folder = tmp_path / "a_plugin-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: a-plugin\nVersion: 1.0\n", "utf-8")
        points = [f"{name} = {entry}_{name}:member" for name in MEMBERS]
        (folder / "entry_points.txt").write_text(f"[{entry}]\n" + "\n".join(points) + "\n", "utf-8")
        for name, text in MEMBERS.items():
            (tmp_path / f"{entry}_{name}.py").write_text(text, "utf-8")
        monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
        importlib.invalidate_caches()
        return Group(entry, "thing")

    return group


def test_a_member_is_imported_once_however_many_threads_ask(installed: Callable[[str], Group[object]]):
    group = installed("test_once")
    assert group.names() == ("broken", "counted", "first")
    with ThreadPoolExecutor(20) as pool:
        members = list(pool.map(group.load, ["counted"] * 20))
    assert {id(member) for member in members} == {id(members[0])}
    assert len(cast("list[int]", members[0])) == 1


def test_what_cannot_be_imported_is_named_and_tried_again(installed: Callable[[str], Group[object]]):
    group = installed("test_broken")
    for _ in range(2):
        with pytest.raises(ConfigError, match="'broken' of a-plugin cannot be imported: its library"):
            group.load("broken")


def test_an_unknown_member_lists_those_installed(installed: Callable[[str], Group[object]]):
    with pytest.raises(UnknownName) as caught:
        installed("test_unknown").load("nothing")
    assert caught.value.known == ("broken", "counted", "first")


def test_members_that_load_each_other_are_told_the_way_round(
    installed: Callable[[str], Group[object]], monkeypatch: pytest.MonkeyPatch
):
    text = (
        "from vana.plugins import Group\n"
        "def __getattr__(name):\n"
        "    return GROUP.load('first') if name == 'member' else None\n"
    )
    monkeypatch.setitem(MEMBERS, "first", text)
    group = installed("test_circle")
    vars(importlib.import_module("test_circle_first"))["GROUP"] = group
    with pytest.raises(UsageError, match="thing first waits for itself: thing first → thing first"):
        group.load("first")
