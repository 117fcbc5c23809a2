"""The one command or setting that mends what keeps a sandbox from isolating."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

_COMMANDS = {
    "apt-get": "sudo apt-get install -y {}",
    "dnf": "sudo dnf install -y {}",
    "apk": "sudo apk add {}",
    "pacman": "sudo pacman -S --noconfirm {}",
    "zypper": "sudo zypper install -y {}",
    "brew": "brew install {}",
}

_SETTINGS = (
    ("kernel.unprivileged_userns_clone", "0", "1"),
    ("user.max_user_namespaces", "0", "28633"),
    ("user.max_mnt_namespaces", "0", "28633"),
    ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
)
"""Setting → the value that forbids user namespaces → the value that allows them."""


def install(packages: Mapping[str, str]) -> str:
    """Give the command that installs a package: *packages* names it per package manager."""
    for manager, command in _COMMANDS.items():
        if manager in packages and shutil.which(manager):
            return command.format(packages[manager])
    return f"install the package {next(iter(packages.values()), 'of that language')} of your system"


def install_bubblewrap() -> str:
    """Give the command that installs bubblewrap; every package manager calls it that."""
    return install(dict.fromkeys((name for name in _COMMANDS if name != "brew"), "bubblewrap"))


def allow_user_namespaces(settings: Path = Path("/proc/sys")) -> str:
    """Give the setting that forbids user namespaces here, as the command that changes it."""
    for name, forbids, allows in _SETTINGS:
        try:
            value = (settings / name.replace(".", "/")).read_text(encoding="ascii").strip()
        except OSError:
            continue
        if value == forbids:
            return f"sudo sysctl -w {name}={allows}"
    return (
        "no setting of this kernel forbids them, so a container or a service manager does: start it with "
        "--security-opt seccomp=unconfined --security-opt apparmor=unconfined, or RestrictNamespaces=no"
    )
