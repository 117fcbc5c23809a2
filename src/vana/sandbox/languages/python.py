"""Python: the interpreter that runs VANA, or the system's of the same version."""

from __future__ import annotations

import sys

from vana.sandbox.sandbox import Language

_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"

language = Language(
    name="python",
    aliases=("py", "python3"),
    file_name="main.py",
    interpreters=(
        sys.executable,
        f"/usr/bin/python{_VERSION}",
        f"python{_VERSION}",
        "/usr/bin/python3",
        "python3",
    ),
    flags=("-s", "-B", "-u"),
    probe="print('vana-ok')",
    needs=("lib/python3.*/", "lib/libpython3*.so*"),
    hides=("lib/python3.*/site-packages",),
    install={"apt-get": "python3", "dnf": "python3", "apk": "python3"},
)
