#!/usr/bin/env bash
# Make .venv hold exactly what a lock file names, and this project. Nothing is fetched when nothing changed.
#
#   scripts/setup.sh demo|dev
#
# Three stamps in .venv say what it holds: where it stands, which lock it was filled from, which pyproject.toml
# the project was installed with. They hold content, not times: a fresh checkout changes every time.
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:?demo or dev}
venv=.venv
lock=requirements/$kind.txt

# Two at once would fill one environment: the second waits, then finds nothing to do.
if command -v flock >/dev/null; then
    exec 9<pyproject.toml
    flock 9
fi

usable() { "$1" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

# Give the first Python ≥ 3.11 that can make an environment; $PYTHON goes first.
find_python() {
    local found="" name
    for name in ${PYTHON:-} python3 python3.11 python3.12 python3.13 python3.14 /usr/bin/python3; do
        if usable "$name"; then
            command -v "$name"
            return
        fi
        if [ -z "$found" ] && recent "$name"; then found=$name; fi
    done
    if [ -n "$found" ]; then
        echo "$found is recent enough, but its module venv (or ensurepip) is missing. Install it:" >&2
        echo "    sudo apt-get install -y python3-venv" >&2
    else
        echo "No Python 3.11 or newer was found. Install one, or name it: make PYTHON=/path/to/python3.11 ..." >&2
    fi
    return 1
}

digest() { cat "$@" | sha256sum | cut -d' ' -f1; }
same() { [ "$(cat "$venv/.stamp-$1" 2>/dev/null)" = "$2" ]; }
stamp() { printf '%s\n' "$2" >"$venv/.stamp-$1"; }

# Scripts in an environment name its path: one that was moved, copied or lost its Python is made anew.
if ! same place "$PWD" || ! "$venv/bin/python" -c '' 2>/dev/null; then
    python=$(find_python)
    rm -rf "$venv"
    echo "making $venv with $("$python" --version)"
    "$python" -m venv "$venv"
    stamp place "$PWD"
fi

pip() { PIP_DISABLE_PIP_VERSION_CHECK=1 "$venv/bin/python" -m pip --quiet "$@"; }

# The development lock holds all that the demo's holds, in the same versions.
wanted=$(digest "$lock")
if ! same "$kind" "$wanted" && ! { [ "$kind" = demo ] && same dev "$(digest requirements/dev.txt)"; }; then
    echo "installing $lock"
    rm -f "$venv"/.stamp-{demo,dev}
    pip install --require-hashes -r "$lock"
    # pip leaves this out where PYTHONDONTWRITEBYTECODE is set, and every start would compile again.
    "$venv/bin/python" -m compileall -qq -j 0 "$venv"/lib/python3*/site-packages || true # templates that are no Python
    stamp "$kind" "$wanted"
fi

wanted=$(digest pyproject.toml)
if ! same project "$wanted" || [ ! -x "$venv/bin/vana" ]; then
    echo "installing the project"
    pip install --no-deps --no-build-isolation --editable .
    stamp project "$wanted"
fi
"$venv/bin/python" -m compileall -qq src
