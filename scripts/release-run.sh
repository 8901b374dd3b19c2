#!/usr/bin/env bash
# Leads two releases on a real HAProxy as a pipeline would, with the script of docs/ci/shell.md: 5 services in each of 2 places,
# clients that never stop, a good version that is promoted, and one that fails three times as often and is caught on its way.
# Prints how long each step took, where the bad version was caught, and what the users saw. Takes two to four minutes.
#
#   scripts/release-run.sh [ROLLGUARD]      the program; .build/release/rollguard unless given
#
# RATE, USUAL and BAD change the requests per second (400), and the shares of errors of the good versions (0.02) and of the bad
# one (0.06).
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(realpath "${1:-.build/release/rollguard}")
recipe=$PWD/docs/ci/shell.md
rate=${RATE:-400} usual=${USUAL:-0.02} bad=${BAD:-0.06}
for needed in haproxy jq curl; do
    command -v "$needed" >/dev/null || { echo "release-run: not installed: $needed; see scripts/setup.sh test" >&2; exit 1; }
done

work=$(mktemp -d)
clean() {
    [ -f "$work/pids" ] && while read -r child; do kill "$child" 2>/dev/null || true; done <"$work/pids"
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap clean EXIT
cd "$work"
ln -s "$program" rollguard
export PATH="$work:$PATH" ROLLGUARD_ADDRESS ROLLGUARD_TOKEN_FILE="$work/api.token"
say() { printf '%s  %s\n' "$(date +%T)" "$*"; }
# Ports that are free now, beside each other.
first=$((20000 + RANDOM % 20000))
while ss -Hltn | awk '{print $4}' | grep -Eq ":($(seq -s '|' "$first" "$((first + 13))"))\$"; do first=$((first + 20)); done
entry=$((first + 10)) api=$((first + 11))
ROLLGUARD_ADDRESS=http://127.0.0.1:$api
addresses() { seq -s ' ' "$1" "$(($1 + 4))"; }
blue=$(addresses "$first") green=$(addresses "$((first + 5))")
echo "a token of this run" >api.token
chmod 600 api.token

# What a team's own deployment does: the version, with its share of errors, on the five addresses of a place.
cat >deploy.sh <<TEXT
#!/usr/bin/env bash
set -eu
case \$1 in blue) ports="$blue" ;; green) ports="$green" ;; esac
[ -f "place.\$1" ] && xargs kill <"place.\$1" || true
: >"place.\$1"
for port in \$ports; do
    for _ in \$(seq 50); do ss -Hltn | grep -q ":\$port " || break; sleep 0.1; done
    rollguard service "\$version" --listen "127.0.0.1:\$port" >>services.log 2>&1 &
    echo "\$!" | tee -a pids >>"place.\$1"
done
for port in \$ports; do
    curl -fsS --retry 50 --retry-delay 1 --retry-connrefused -o answer -X POST "http://127.0.0.1:\$port/fault?errors=\$errors" 2>>curl.log
done
TEXT
chmod +x deploy.sh
version=v1.4.2 errors=$usual bash -c 'export version errors; ./deploy.sh blue'
version=none errors=0 bash -c 'export version errors; ./deploy.sh green'

cat >haproxy.cfg <<TEXT
global
    stats socket $work/admin.sock level admin
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
$(n=0; for port in $blue; do n=$((n + 1)); echo "    server blue$n 127.0.0.1:$port weight 100"; done)
$(n=0; for port in $green; do n=$((n + 1)); echo "    server green$n 127.0.0.1:$port weight 0"; done)
TEXT
haproxy -db -f haproxy.cfg >haproxy.log 2>&1 &
echo $! >>pids
list() { for port in $1; do printf '"127.0.0.1:%s", ' "$port"; done | sed 's/, $//'; }
cat >rollguard.yaml <<TEXT
state: $work/state
listen: {address: "127.0.0.1:$api", token_file: api.token}
releases:
  - name: checkout
    scrape: {interval: 1s, timeout: 500ms}
    places:
      blue:  {targets: [$(list "$blue")]}
      green: {targets: [$(list "$green")]}
    start: {blue: v1.4.2}
    indicators:
      requests: http_requests_total
      errors:   http_requests_total{code=~"5.."}
    router:
      kind: haproxy
      socket: $work/admin.sock
      backend: checkout
      servers: {blue: [blue1, blue2, blue3, blue4, blue5], green: [green1, green2, green3, green4, green5]}
    rollback: {observe_every: 1s}
    proof: {below: 12/s}
    steps:
      list: [1%, 10%, 25%, 50%, 100%]
      every: {settle: 1s, min: 5s, max: 5m, evidence: {excess: 50%, error: 5%}}
    bake: {for: 10s}
    rules:
      - name: checkout
        rules:
          - {alert: CanaryIsWorse, indicator: error_rate, regression: {tolerance: 50%, false_alarm: 1%}, action: rollback}
TEXT
rollguard check rollguard.yaml
rollguard run --config rollguard.yaml >daemon.log 2>&1 &
echo $! >>pids
rollguard load --target "127.0.0.1:$entry" --rate "$rate" >load.log 2>&1 &
load=$!
echo "$load" >>pids
for _ in $(seq 100); do
    rollguard status >/dev/null 2>&1 && break
    sleep 0.2
done
# Some cycles of the version that serves, as anywhere.
sleep 10
# The script of the document, as it is there.
awk '/^```sh file=release.sh$/ { on = 1; next } /^```$/ { on = 0 } on' "$recipe" >release.sh

# The lines of a rollout's life that say how far it came, with the seconds since it began.
steps() {
    curl -fsS "$ROLLGUARD_ADDRESS/api/v1/rollouts/$1/events?after=0" | jq -r '
        def seconds: sub("\\.[0-9]+Z$"; "Z") | fromdateiso8601;
        (.events[0].at | seconds) as $began
        | .events[] | select(.event | IN("rollout_begun", "step_standing", "step_passed", "baking", "rolling_back", "rollout_ended"))
        | "\((.at | seconds) - $began) s\t\(.event)\t\(.text)"' | cut -c1-150
}
# lead VERSION ERRORS KEY: what a job of CI runs; its exit code is the release's end.
lead() {
    say "$1 is released; it fails $(awk "BEGIN { print 100 * $2 }") % of its requests"
    local status=0
    version=$1 errors=$2 bash -c 'export version errors; exec sh release.sh "$0" "$1"' "$1" "$3" >"job.$3" 2>&1 || status=$?
    sed 's/^/    /' "job.$3" | tail -n 3
    say "the job ends with $status"
    steps "$(curl -fsS "$ROLLGUARD_ADDRESS/api/v1/releases/checkout/rollouts" | jq -r '.ended[0].id')"
    return "$status"
}
lead v1.5.0 "$usual" 812
code=0
lead v1.6.0 "$bad" 813 || code=$?
kill -INT "$load"
wait "$load" || true
say "what the users saw: $(tail -n 1 load.log)"
[ "$code" = 1 ] || { echo "release-run: the bad version ended with $code, not 1" >&2; exit 1; }
