#!/usr/bin/env bash
# See to bubblewrap, which the sandbox is built on: install it where this user may, otherwise say the one command.
# Always ends well: without it VANA works and refuses to run code.
set -euo pipefail
command -v bwrap >/dev/null && exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=()
elif sudo -n true 2>/dev/null; then
    as_root=(sudo -n)
else
    as_root=(false)
fi

apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" >/dev/null; }
if command -v apt-get >/dev/null && "${as_root[@]}" true 2>/dev/null; then
    echo "installing bubblewrap"
    # A fresh machine may have no package lists yet.
    apt install -y bubblewrap 2>/dev/null || { apt update && apt install -y bubblewrap; } || true
fi

command -v bwrap >/dev/null || cat >&2 <<'TEXT'
bubblewrap is not installed: VANA will refuse to run code until it is. Install it:
    sudo apt-get install -y bubblewrap
TEXT
