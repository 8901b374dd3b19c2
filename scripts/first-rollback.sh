#!/usr/bin/env bash
# Measures what a new user waits for: from `rollguard init` to a proven rollback of a fault, with two services of the Python
# client library behind a real HAProxy, without editing anything.
#
#   scripts/first-rollback.sh [ROLLGUARD]      the program; .build/debug/rollguard unless given
#   scripts/first-rollback.sh --root FOLDER    /usr/bin/rollguard in that root file system (root)
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "${1:-}" = --root ]; then
    root=$(realpath "$2")
    rollguard=(chroot "$root" /usr/bin/env -i PATH=/usr/bin:/bin HOME=/root LC_ALL=C.UTF-8 /usr/bin/rollguard)
else
    root=
    rollguard=("$(realpath "${1:-.build/debug/rollguard}")")
fi
python=$PWD/.soak-venv/bin/python
service=$PWD/scripts/soak/service.py
[ -x "$python" ] || { echo "first-rollback: scripts/setup.sh soak installs the services" >&2; exit 1; }

work=$(mktemp -d)
# Where the program sees its files.
place=/tmp/first-rollback.$$
install -d "$root$place"
children=()
clean() {
    for child in "${children[@]}"; do kill "$child" 2>/dev/null || true; done
    wait
    rm -rf "$work" "$root$place"
}
trap clean EXIT
port() { "$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
since() { "$python" -c "import time; print(f'{time.time() - $1:.1f} s')"; }
now() { date +%s.%N; }

old=$(port) new=$(port) entry=$(port) api=$(port) admin=$(port)
for version in "v1 $old" "v2 $new"; do
    # shellcheck disable=SC2086
    "$python" "$service" $version &
    children+=("$!")
done
cat >"$work/haproxy.cfg" <<TEXT
global
    stats socket ipv4@127.0.0.1:$admin level admin
defaults
    mode http
    timeout connect 1s
    timeout client 10s
    timeout server 10s
frontend web
    bind 127.0.0.1:$entry
    default_backend checkout
backend checkout
    balance roundrobin
    server old1 127.0.0.1:$old weight 80
    server new1 127.0.0.1:$new weight 20
TEXT
haproxy -db -f "$work/haproxy.cfg" &
children+=("$!")
for _ in $(seq 100); do
    curl -fs -o /dev/null "http://127.0.0.1:$entry/" && break
    sleep 0.1
done
"${rollguard[@]}" load --target "127.0.0.1:$entry" --rate 200 >"$work/load.log" 2>&1 &
children+=("$!")
sleep 5

began=$(now)
"${rollguard[@]}" init --baseline "127.0.0.1:$old" --canary "127.0.0.1:$new" --haproxy "127.0.0.1:$admin" \
    --baseline-version v1 --canary-version v2 --output "$place/rollguard.yaml"
echo "init: $(since "$began")"
# Another port than that of a daemon that runs here already; nothing else is changed.
sed -i "s/^listen: .*/listen: 127.0.0.1:$api/" "$root$place/rollguard.yaml"
"${rollguard[@]}" run --config "$place/rollguard.yaml" >"$work/run.log" 2>&1 &
daemon=$!
children+=("$daemon")
for _ in $(seq 300); do
    "${rollguard[@]}" status --address "127.0.0.1:$api" >"$work/status.log" 2>&1 &&
        grep -q "watching" "$work/status.log" && break
    sleep 0.2
done
grep -q watching "$work/status.log" || { cat "$work/run.log" "$work/status.log"; exit 1; }
echo "watching: $(since "$began")"
# Some cycles of both versions in health, as an operator would see them first.
sleep 15
echo "memory of its own: $(sed -n 's/^RssAnon:[[:space:]]*//p' "/proc/$daemon/status")"
fault=$(now)
curl -fs -o /dev/null -X POST "http://127.0.0.1:$new/fault?errors=0.3"
echo "the fault begins: $(since "$began")"
for _ in $(seq 600); do
    "${rollguard[@]}" status --address "127.0.0.1:$api" >"$work/status.log" 2>&1 || true
    grep -q "acknowledged" "$work/status.log" && break
    sleep 0.2
done
grep -q acknowledged "$work/status.log" || { cat "$work/run.log" "$work/status.log"; exit 1; }
echo "proven: $(since "$began") after init began, $(since "$fault") after the fault"
"${rollguard[@]}" why --address "127.0.0.1:$api" >"$work/why.log"
sed -n 1,12p "$work/why.log"
