#!/usr/bin/env bash
# Runs the demo with `subtle`, with `outage` and with `none` so many times, each with luck of its own, and says what came of it:
#   scripts/demo-runs.sh EXECUTABLE [RUNS] [AT_ONCE] ["FAULT …"]
# One line per run: how it ended, the seconds from the fault to the verdict, and what the bare ratio beside the proof did.
set -euo pipefail
executable=${1:?usage: scripts/demo-runs.sh EXECUTABLE [RUNS] [AT_ONCE] ["FAULT …"]}
runs=${2:-20}
at_once=${3:-2}
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
one() {
    local fault=$1 seed=$2 log="$folder/$1-$2.log" ending=0
    "$executable" demo --fault "$fault" --seed "$seed" >"$log" 2>&1 || ending=$?
    local delay bare
    delay=$(sed -n 's/.*from the fault to the verdict *//p' "$log")
    bare=$(sed -n 's/.*\(the bare rule.*\)/\1/p' "$log")
    echo "$fault seed $seed: exit code $ending, ${delay:-no rollback}; $bare"
}
for fault in ${4:-subtle outage none}; do
    for ((seed = 1; seed <= runs; seed++)); do
        while (($(jobs -rp | wc -l) >= at_once)); do wait -n || true; done
        one "$fault" "$seed" &
    done
    wait
done
