#!/usr/bin/env bash
# The main job on real input: run code, see it fail, find out why, analyse a file, remember, recall, trace.
#
#   make demo    or, where .venv is there already:    bash examples/demo.sh
#
# Each command is shown before it runs, and its exit status is checked: the demo fails when one is not what it should
# be. It works in a folder of its own, which is gone afterwards. What this machine lacks is named, never passed over.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
export PATH="$PWD/.venv/bin:$PATH"
if ! command -v vana >/dev/null; then
    echo "vana is not installed here: make demo sees to it" >&2
    exit 1
fi
for name in "${!VANA_@}"; do unset "$name"; done # nobody's settings but the defaults
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
cd "$folder" || exit 1
export VANA_HOME=$folder/home

[ -t 1 ] || exec 2>&1 # in a log, what a command complains of stands under it
steps=0 wrong=() absent=()
bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' plain=$'\e[0m'; fi

part() { printf '\n%s── %s%s\n' "$bold" "$*" "$plain"; }

# try STATUS COMMAND: show COMMAND as one would type it, run it, and check that it ends with STATUS.
try() {
    local status
    printf '\n%s$ %s%s\n' "$bold" "${2//$'\n'/$'\n> '}" "$plain"
    bash -o pipefail -c "$2" </dev/null
    status=$?
    steps=$((steps + 1))
    if [ "$status" != "$1" ]; then
        wrong+=("${2%%$'\n'*}: exit $status, not $1")
        printf 'WRONG: exit %s, not %s\n' "$status" "$1"
    elif [ "$status" != 0 ]; then
        printf '(exit %s, as it should be)\n' "$status"
    fi
}

# has PART: whether the doctor found that PART works.
has() {
    python - "$1" <<'PYTHON'
import json, sys
checks = json.load(open("doctor.json", encoding="utf-8"))["checks"]
sys.exit(not any(check["name"] == sys.argv[1] and check["status"] == "ok" for check in checks))
PYTHON
}

lacks() {
    absent+=("$1")
    printf '\nnot available here: %s\n' "$1"
}

cat >sales.csv <<'CSV'
city,amount
Oslo,120
Rome,80
Oslo,45
Lima,230
CSV
cat >report.py <<'PYTHON'
import csv
from collections import Counter

sold = Counter()
with open("sales.csv", newline="") as file:
    for row in csv.DictReader(file):
        sold[row["city"]] += int(row["amount"])
for city, amount in sold.most_common():
    print(f"{city:<5} {amount:>4}")
with open("sold.csv", "w", newline="") as file:
    csv.writer(file).writerows(sold.most_common())
PYTHON
cat >mean.py <<'PYTHON'
def mean(numbers):
    return sum(numbers) / len(numbers)

print(mean([3, 4, 5]))
print(mean([]))
PYTHON

cat >request.md <<'TEXT'
Run this on sales.csv:
```python
header, *sales = open("sales.csv").read().split()
print(sum(int(sale.split(",")[1]) for sale in sales), "in", len(sales), "sales")
```
TEXT
cat >read_answer.py <<'PYTHON'
import json, sys

answer = json.load(sys.stdin)
value = answer["value"]
print(answer["schema"], answer["route"]["specialist"], value["sandbox"]["tier"], repr(value["stdout"]))
assert value["stdout"] == "42\n" and value["sandbox"]["tier"] != "unsafe_local"
PYTHON

part 'What works on this machine'
printf '\n%s$ vana doctor --json >doctor.json%s\n' "$bold" "$plain"
vana doctor --json </dev/null >doctor.json
if has sandbox; then well=0; else well=1; fi
try $well 'vana doctor'

if has sandbox; then
    part 'Run code, in a sandbox'
    try 0 'vana "Execute this Python code: print(6*7)"'
    try 0 'vana trace'

    part 'A program that fails: its traceback, and exit 1'
    try 1 'vana exec mean.py'
    try 3 "vana exec --exit-status -c 'raise SystemExit(3)'"
    try 1 "vana exec --wall 1 -c 'while True: pass'"

    part 'Why does it fail?'
    try 0 'vana "Debug mean.py"'

    part 'Analyse a file'
    try 0 'cat sales.csv'
    try 0 'vana "Run report.py on sales.csv"'
    try 0 'vana exec report.py --file sales.csv --out made && cat made/sold.csv'
    try 0 'cat request.md'
    try 0 'vana ask - <request.md'

    part 'Other languages'
    if has 'language javascript'; then
        try 0 'vana "Run this JavaScript: console.log([1, 2, 3].map(x => x * 14))"'
    else
        lacks 'JavaScript: node is not installed, or the sandbox cannot use it'
    fi
    if has 'language shell'; then
        try 0 "vana exec -l shell -c 'for i in 1 2 3; do echo \$((i * 14)); done'"
    else
        lacks 'shell: bash is not installed, or the sandbox cannot use it'
    fi

    part 'The same for a program: one JSON object'
    try 0 'vana --json "Execute this Python code: print(6*7)" | python read_answer.py'
else
    lacks 'the sandbox; so nothing that runs code is shown, only how it is refused'
    part 'Run code: refused'
    try 1 'vana exec -c "print(6*7)"'
    try 1 'vana "Execute this Python code: print(6*7)"'
fi

part 'Remember, and recall with where it came from'
try 0 'vana remember "Ana prefers green tea"'
try 0 'vana remember "The review with Marco is on Friday"'
try 0 'vana recall "tea"'
try 0 'vana "What does Ana prefer?"'
try 3 'vana --strict "What does Ana prefer?"'

part 'Nobody told it: it abstains, exit 5'
try 5 'vana "What is the capital of Peru?"'
try 5 'vana "Write a Python program that sorts a list"'

part 'What it did last, as a tree'
try 0 'vana trace'

part 'Done'
printf '%s commands, %s wrong\n' "$steps" "${#wrong[@]}"
for line in ${absent[@]+"${absent[@]}"}; do printf 'not available here: %s\n' "$line"; done
for line in ${wrong[@]+"${wrong[@]}"}; do printf 'WRONG: %s\n' "$line"; done
[ ${#wrong[@]} = 0 ]
