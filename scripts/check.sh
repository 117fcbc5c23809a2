#!/usr/bin/env bash
# Run every check in turn, say how long each took, and fail at the end if one did: one run shows all there is to mend.
#
#   scripts/check.sh check    formatting, lint, types, import contracts, unit tests
#   scripts/check.sh test     the same, and the tests with real parts
#
# The tests come last, so that the last lines are pytest's own summary. What cannot run here is handed to it, and it
# names that under "not run".
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:?check or test}
bin=.venv/bin
export PATH="$PWD/$bin:$PATH"
export PYRIGHT_PYTHON_IGNORE_WARNINGS=1 # no look for a newer pyright
export PYRIGHT_PYTHON_GLOBAL_NODE=1     # the node that is here, never a download
failed=()
absent=()

stage() { scripts/timed.sh "$@" || failed+=("$1"); }

stage format ruff format --check --quiet .
stage lint ruff check --quiet .
if command -v node >/dev/null; then
    stage types pyright
else
    absent+=("pyright: node is missing; install it: sudo apt-get install -y nodejs")
fi
# Its cache keeps what an import meant when its file was last changed; a module that came since may change that.
stage imports lint-imports --no-cache
stage "public types" mypy

selection=(-m "not real")
[ "$kind" = check ] || selection=()
begin=$SECONDS
VANA_NOT_RUN=$(IFS=$'\n' && echo "${absent[*]-}") python -m pytest -q "${selection[@]}" || failed+=(tests)
if [ ${#failed[@]} -gt 0 ]; then
    echo "── failed: ${failed[*]} (tests took $((SECONDS - begin)) s)" >&2
    exit 1
fi
