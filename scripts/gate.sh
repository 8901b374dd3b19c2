#!/usr/bin/env bash
# The gate for speed: instructions of fixed work, counted by callgrind, against scripts/instruction-counts.txt.
#
#   scripts/gate.sh            counts and compares; fails when one is more than 2 % above its tracked number
#   scripts/gate.sh accept     counts and writes the numbers down
#
# Instructions do not depend on what else the machine does, but they do on the compiler, the C library and the kind of
# processor: where these are not the recorded ones, nothing is compared, and it says so.
set -euo pipefail
cd "$(dirname "$0")/.."
tracked=scripts/instruction-counts.txt
tolerance_percent=2
built=.build-release/release/rollguard-lab
# Without debug information: valgrind cannot read that of all libraries, and needs the names of functions only.
binary=.build-release/rollguard-lab.gate

swift_version() { swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9.]*\).*/\1/p' | head -1; }
# The C library's memory functions come in variants; valgrind offers a program at most AVX2.
vectors() { grep -q -w avx2 /proc/cpuinfo && echo avx2 || echo baseline; }
libc_version() { getconf GNU_LIBC_VERSION | cut -d' ' -f2; }
valgrind_version() { valgrind --version | cut -d- -f2; }
circumstances() {
    echo "swift $(swift_version), glibc $(libc_version), $(uname -m) $(vectors), valgrind $(valgrind_version)"
}

count() {
    local log
    # Hash tables in the same order, addresses at the same places: every run counts the same.
    log=$(env -i SWIFT_DETERMINISTIC_HASHING=1 PATH=/usr/bin valgrind --tool=callgrind --callgrind-out-file=/dev/null \
        --toggle-collect='*measuredWork*' "$binary" gate "$1" 2>&1) || { echo "$log" >&2; return 1; }
    echo "$log" | sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

command -v valgrind >/dev/null || { echo "gate: valgrind is missing: scripts/setup.sh gate" >&2; exit 1; }
now=$(circumstances)
if [ "${1:-}" != accept ]; then
    recorded=$(sed -n 's/^# counted with: //p' "$tracked")
    if [ "$recorded" != "$now" ]; then
        echo "gate: nothing is compared: the numbers were counted with $recorded, this is $now"
        echo "gate: 'make gate-accept' counts them again here"
        exit 0
    fi
fi
swift build -c release --scratch-path .build-release --product rollguard-lab
strip --strip-debug -o "$binary" "$built"

if [ "${1:-}" = accept ]; then
    {
        echo "# Instructions per workload of 'rollguard-lab gate' (Sources/rollguard-lab/Gate). Written by 'make gate-accept';"
        echo "# the commit that changes a number says why."
        echo "# counted with: $now"
        for name in $("$binary" gate); do echo "$name $(count "$name")"; done
    } >"$tracked.new"
    mv "$tracked.new" "$tracked"
    cat "$tracked"
    exit 0
fi

failed=0
for name in $("$binary" gate); do
    counted=$(count "$name")
    known=$(awk -v name="$name" '$1 == name { print $2 }' "$tracked")
    [ -n "$counted" ] && [ "$counted" -gt 0 ] || { echo "gate: $name counted nothing" >&2; exit 1; }
    [ -n "$known" ] || { echo "gate: $name has no tracked number; 'make gate-accept' writes it"; failed=1; continue; }
    awk -v name="$name" -v now="$counted" -v was="$known" -v limit="$tolerance_percent" 'BEGIN {
        change = (now - was) * 100 / was
        verdict = change > limit ? "SLOWER" : change < -limit ? "faster: accept it, so that it stays" : "same"
        printf "gate: %-20s %12d instructions, tracked %12d, %+6.2f %%  %s\n", name, now, was, change, verdict
        exit change > limit
    }' || failed=1
done
if [ "$failed" -ne 0 ]; then
    echo "gate: more than $tolerance_percent % slower. If it is worth it: 'make gate-accept'; the commit says why"
    exit 1
fi
