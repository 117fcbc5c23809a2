#!/usr/bin/env bash
# Run benchmarks, by default all:  scripts/bench.sh DATA [NAME...]
# A benchmark whose data are absent is named at the end as not run.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${1:?folder with the public data}
shift
absent=()

# Give the data that a benchmark needs, as its arguments.
arguments() {
    case $1 in
        humaneval) echo "--data $data/humaneval/HumanEval.jsonl.gz" ;;
    esac
}

names=("$@")
if [ ${#names[@]} = 0 ]; then
    for file in benchmarks/[!_]*.py; do names+=("$(basename "$file" .py)"); done
fi
for name in "${names[@]}"; do
    read -ra given <<<"$(arguments "$name")"
    if [ ${#given[@]} -gt 0 ] && [ ! -e "${given[1]}" ]; then
        absent+=("$name: ${given[1]} is not there; name the folder with DATA=")
        continue
    fi
    scripts/timed.sh "$name" .venv/bin/python -m "benchmarks.$name" "${given[@]}" --json
done
if [ ${#absent[@]} -gt 0 ]; then
    echo "not run:"
    printf '  %s\n' "${absent[@]}"
fi
