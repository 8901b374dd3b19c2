#!/usr/bin/env bash
# Simulates whole lives of the daemon in virtual time, in a release build.
#
#   scripts/simulate.sh seeds N     seeds 1 to N
#   scripts/simulate.sh fixed N     the same, and the same digest in two processes and both builds
#   scripts/simulate.sh commit S    for S seconds, seeds that follow from the commit; and the same digest in two processes
#                                   and, where there is a debug build, in both builds
set -euo pipefail
cd "$(dirname "$0")/.."

# Shared with `make soak`: most modules are the same.
scratch=.build-release
program=$scratch/release/rollguard-lab

swift build -c release --scratch-path "$scratch" --disable-index-store --product rollguard-lab

digest() { "$1" simulate --seeds 40 --quiet | sed -n 's/.*digest \([0-9a-f]*\).*/\1/p'; }

same_everywhere() {
    local first second debug=.build/debug/rollguard-lab
    first=$(digest "$program")
    second=$(digest "$program")
    [ -n "$first" ] && [ "$first" = "$second" ] || { echo "simulate: two processes differ: $first $second" >&2; exit 1; }
    if [ -x "$debug" ]; then
        second=$(digest "$debug")
        [ "$first" = "$second" ] || { echo "simulate: debug and release differ: $second $first" >&2; exit 1; }
    fi
    echo "simulate: the same digest, $first, in every process and build"
}

case "${1:-commit}" in
seeds) "$program" simulate --seeds "${2:-2000}" --quiet ;;
fixed)
    same_everywhere
    "$program" simulate --seeds "${2:-1500}" --quiet
    ;;
commit)
    same_everywhere
    commit=$(git rev-parse HEAD 2>/dev/null || echo none)
    echo "simulate: seeds from commit $commit"
    "$program" simulate --seconds "${2:-60}" --seeds-from "$commit" --quiet
    ;;
*) echo "usage: scripts/simulate.sh seeds [N] | fixed [N] | commit [SECONDS]" >&2; exit 2 ;;
esac
