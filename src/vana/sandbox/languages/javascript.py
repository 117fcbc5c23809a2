"""JavaScript, run by node."""

from __future__ import annotations

from vana.sandbox.sandbox import Language

language = Language(
    name="javascript",
    aliases=("js", "node", "nodejs"),
    file_name="main.js",
    interpreters=("node", "nodejs"),
    flags=("--max-old-space-size=256",),
    probe="console.log('vana-ok')",
    install={"apt-get": "nodejs", "dnf": "nodejs", "apk": "nodejs", "brew": "node"},
)
