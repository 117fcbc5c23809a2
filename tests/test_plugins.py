from __future__ import annotations

import importlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vana.agents.specialist import SPECIALISTS, Specialist
from vana.kernel.errors import ConfigError, UnknownName, UsageError
from vana.plugins import Group, resolve


def install(folder: Path, distribution: str, group: str, **points: str) -> None:
    """Put a distribution into *folder*, as an installer would: only its metadata is needed here."""
    info = folder / f"{distribution.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n", encoding="utf-8"
    )
    lines = [f"[{group}]", *(f"{name} = {place}" for name, place in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder on the path, with a module that holds a specialist."""
    folder = tmp_path / "site"
    folder.mkdir()
    module = "from vana import Specialist\nradar = Specialist('radar', does='looks for rain')\n"
    (folder / "their_radar.py").write_text(module, encoding="utf-8")
    monkeypatch.syspath_prepend(folder)  # pyright: ignore[reportUnknownMemberType] - untyped in pytest
    return folder


def test_an_unknown_name_is_refused_with_those_installed():
    with pytest.raises(UnknownName) as caught:
        SPECIALISTS.load("code_executoin")
    assert caught.value.message.startswith("no specialist named 'code_executoin'; installed: ")
    assert {"code_execution", "memory"} <= set(caught.value.known)


def test_a_group_that_nobody_fills_is_empty():
    empty: Group[object] = Group("vana.test.nobody", "thing")
    assert empty.names() == ()
    assert empty.origin("x") == "unknown"
    with pytest.raises(UnknownName, match="no thing named 'x'; installed: none"):
        empty.load("x")


def test_a_specialist_of_another_distribution_is_loaded_with_its_origin(site: Path):
    install(site, "their-weather", "vana.test.theirs", radar="their_radar:radar")
    group: Group[Specialist[None]] = Group("vana.test.theirs", "specialist")
    assert group.names() == ("radar",)
    assert "their_radar" not in sys.modules
    assert (group.load("radar").name, group.origin("radar")) == ("radar", "their-weather")


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("their_absent:radar", "No module named 'their_absent'"),
        ("their_radar:sonar", "sonar"),
        ("their_broken:radar", "invalid syntax"),
    ],
)
def test_a_part_that_cannot_be_imported_says_whose_it_is_and_why(site: Path, place: str, said: str):
    (site / "their_broken.py").write_text("def\n", encoding="utf-8")
    name = f"vana.test.{place.replace(':', '.')}"
    install(site, "their-weather", name, radar=place)
    group: Group[object] = Group(name, "specialist")
    with pytest.raises(ConfigError) as caught:
        group.load("radar")
    assert caught.value.message.startswith("the specialist 'radar' of their-weather cannot be imported: ")
    assert said in caught.value.message


def test_two_distributions_cannot_bring_one_name_unnoticed(site: Path):
    for distribution in ("their-weather", "our-weather"):
        install(site, distribution, "vana.test.clash", radar="their_radar:radar")
    group: Group[object] = Group("vana.test.clash", "specialist")
    assert group.names() == ("radar",)
    assert group.origin("radar") == "our-weather and their-weather"
    with pytest.raises(ConfigError, match="'radar' comes with our-weather and their-weather") as caught:
        group.load("radar")
    assert caught.value.hint == "uninstall one of them"


@pytest.mark.real
def test_a_specialist_of_another_distribution_joins_the_team(site: Path):
    install(site, "their-weather", "vana.specialists", radar="their_radar:radar")
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from vana import Vana\n"
        "print([(card.name, card.origin) for card in Vana(home=sys.argv[2]).agents()])\n"
    )
    command = [sys.executable, "-c", program, str(site), str(site / "home")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "('radar', 'their-weather')" in done.stdout, done.stderr
    assert "('code_execution', 'built in')" in done.stdout


def test_a_place_leads_to_what_it_names():
    assert resolve("vana.plugins:Group") is Group


@pytest.mark.parametrize(
    "place", ["", "vana.plugins", "vana.plugins:", ":Group", "vana.nosuch:x", "vana.plugins:nosuch", "a b:c"]
)
def test_a_place_that_leads_nowhere_says_how_one_is_written(place: str):
    with pytest.raises(ConfigError) as caught:
        resolve(place)
    assert repr(place) in caught.value.message
    assert caught.value.hint == "write it as package.module:attribute"


def test_a_member_is_imported_once_however_many_threads_ask(site: Path):
    (site / "their_counted.py").write_text("LOADS = []\nLOADS.append(1)\nmember = LOADS\n", encoding="utf-8")
    install(site, "counted-plugin", "test.once", counted="their_counted:member")
    group: Group[list[int]] = Group("test.once", "thing")
    with ThreadPoolExecutor(20) as pool:
        members = list(pool.map(group.load, ["counted"] * 20))
    assert {id(member) for member in members} == {id(members[0])}
    assert members[0] == [1]


def test_a_member_that_cannot_be_imported_is_tried_again(site: Path):
    (site / "their_broken.py").write_text("raise ImportError('its library is missing')\n", encoding="utf-8")
    install(site, "broken-plugin", "test.broken", broken="their_broken:member")
    group: Group[object] = Group("test.broken", "thing")
    with pytest.raises(ConfigError, match="its library is missing"):
        group.load("broken")
    (site / "their_broken.py").write_text("member = 'mended and longer'\n", encoding="utf-8")
    importlib.invalidate_caches()
    assert group.load("broken") == "mended and longer"


def test_members_that_load_each_other_are_told_the_way_round(site: Path):
    text = "def __getattr__(name):\n    return GROUP.load('first') if name == 'member' else None\n"
    (site / "their_first.py").write_text(text, encoding="utf-8")
    install(site, "circle-plugin", "test.circle", first="their_first:member")
    group: Group[object] = Group("test.circle", "thing")
    vars(importlib.import_module("their_first"))["GROUP"] = group
    with pytest.raises(UsageError, match="thing first waits for itself: thing first → thing first"):
        group.load("first")
