"""The one command or setting that mends it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sandbox.machine import write_program
from vana.sandbox import remedy


@pytest.mark.parametrize(
    ("name", "value", "command"),
    [
        ("kernel/unprivileged_userns_clone", "0", "sudo sysctl -w kernel.unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0", "sudo sysctl -w user.max_user_namespaces=28633"),
        (
            "kernel/apparmor_restrict_unprivileged_userns",
            "1",
            "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        ),
    ],
)
def test_the_setting_that_forbids_user_namespaces_is_named(
    tmp_path: Path, name: str, value: str, command: str
):
    place = tmp_path / name
    place.parent.mkdir()
    place.write_text(f"{value}\n", encoding="ascii")
    assert remedy.allow_user_namespaces(tmp_path) == command


def test_where_no_setting_forbids_them_the_container_is_named(tmp_path: Path):
    assert "container" in remedy.allow_user_namespaces(tmp_path)


def test_the_package_manager_that_is_here_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_program(tmp_path / "dnf", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert remedy.install_bubblewrap() == "sudo dnf install -y bubblewrap"
    assert remedy.install({"apt-get": "nodejs", "dnf": "nodejs22"}) == "sudo dnf install -y nodejs22"


def test_without_a_package_manager_the_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert remedy.install({"apt-get": "nodejs"}) == "install the package nodejs of your system"
