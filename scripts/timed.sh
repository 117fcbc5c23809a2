#!/usr/bin/env bash
# Run a command and say how long it took:  scripts/timed.sh NAME COMMAND...
set -uo pipefail
tenths() { echo $((${EPOCHREALTIME/[.,]/} / 100000)); } # some locales write the point as a comma
name=$1 begin=$(tenths)
shift
"$@"
status=$?
spent=$(($(tenths) - begin))
printf '── %-14s %-6s %4d.%d s\n' "$name" "$([ $status = 0 ] && echo ok || echo FAILED)" $((spent / 10)) $((spent % 10))
exit $status
