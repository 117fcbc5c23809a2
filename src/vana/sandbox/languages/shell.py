"""Shell scripts, run by bash."""

from __future__ import annotations

from vana.sandbox.sandbox import Language

language = Language(
    name="shell",
    aliases=("bash", "sh"),
    file_name="main.sh",
    interpreters=("/usr/bin/bash", "/bin/bash", "bash"),
    flags=("--noprofile", "--norc"),
    probe="echo vana-ok",
    install={"apt-get": "bash", "dnf": "bash", "apk": "bash"},
)
