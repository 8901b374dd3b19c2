#!/usr/bin/env bash
# Tries what docs/operations.md says of permissions, on a real HAProxy and a real nginx whose main process is root's: with a
# file system that is read-only but for the named folders, with the named capabilities, and without new privileges, as the
# unit's hardening has it.
#
#   scripts/dist/check-permissions.sh ROLLGUARD        root is needed
set -euo pipefail
rollguard=$(realpath "$1")
if [ -z "${ROLLGUARD_PERMISSIONS_ISOLATED:-}" ]; then
    ROLLGUARD_PERMISSIONS_ISOLATED=1 exec unshare --mount --propagation private -- "$0" "$rollguard"
fi

work=$(mktemp -d)
children=()
clean() {
    for child in "${children[@]}"; do kill "$child" 2>/dev/null || true; done
    wait
    umount -l /etc/nginx /var/log/nginx /run/haproxy 2>/dev/null || true
    rm -rf "$work"
}
trap clean EXIT
fail() { echo "check-permissions: failed: $*" >&2; exit 1; }
port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# harden USER GROUPS CAPABILITIES FOLDERS COMMAND...: what the unit leaves to a process, which takes
# the place of the calling shell. Lists are separated by commas.
harden() {
    local user=$1 groups=$2 capabilities=$3 folders=$4
    shift 4
    exec unshare --mount --propagation private -- bash -c '
        user=$1 groups=$2 capabilities=$3 folders=$4
        shift 4
        while read -r _ place _; do
            case $place in /proc* | /sys* | /dev*) ;; *) mount -o remount,ro,bind "$place" ;; esac
        done </proc/self/mounts
        for folder in ${folders//,/ }; do
            mount --bind "$folder" "$folder"
            mount -o remount,rw,bind "$folder"
        done
        cd /
        own=$(id -g "$user")
        exec setpriv --reuid="$user" --regid="$own" --groups="${groups:-$own}" \
            --bounding-set="-all$capabilities" --inh-caps=-all --no-new-privs "$@"' \
        bash "$user" "$groups" "$capabilities" "$folders" "$@"
}

old=$(port) new=$(port) entry=$(port) api=$(port)
mkdir "$work/state"
chmod 0755 "$work"
chmod 0777 "$work/state"
for version in "v1 $old" "v2 $new"; do
    # shellcheck disable=SC2086
    "$rollguard" service ${version% *} --listen "127.0.0.1:${version#* }" >/dev/null &
    children+=("$!")
done

# configure ROUTER: writes the configuration with that router.
configure() {
    cat >"$work/rollguard.yaml" <<YAML
state: $work/state
listen: 127.0.0.1:$api
releases:
  - name: checkout
    scrape: {interval: 500ms, timeout: 400ms}
    pools:
      baseline: {version: v1, targets: ["127.0.0.1:$old"]}
      canary: {version: v2, targets: ["127.0.0.1:$new"]}
    indicators: {requests: http_requests_total, errors: "http_requests_total{code=~\"5..\"}"}
    router: $1
    rollback: {observe_every: 500ms}
    proof: {below: 3/s}
    rules:
      - name: checkout
        rules:
          - {alert: Errors, indicator: error_rate, window: 5s, when: canary > 5%, min_requests: 20, action: rollback}
YAML
}

# finds LEVEL HARDENING...: what doctor says of the router.
finds() {
    local wanted=$1
    shift
    (harden "$@" "$rollguard" doctor "$work/rollguard.yaml") >"$work/doctor.log" 2>&1 || true
    grep -E "^(error|warning|ok) .*router" "$work/doctor.log" | grep -q "^$wanted" ||
        fail "doctor as $1 with '$3' says: $(cat "$work/doctor.log")"
}

# rolls_back HARDENING...: the daemon takes the canary out and proves it.
rolls_back() {
    rm -rf "$work/state"/*
    (harden "$@" "$rollguard" run --config "$work/rollguard.yaml") >"$work/run.log" 2>&1 &
    local daemon=$!
    children+=("$daemon")
    "$rollguard" load --target "127.0.0.1:$entry" --rate 100 >/dev/null &
    local load=$!
    children+=("$load")
    for _ in $(seq 200); do
        grep -q "checkout: watching" "$work/run.log" && break
        sleep 0.1
    done
    # As the daemon's user, which the daemon's own socket asks for.
    setpriv --reuid="$1" --regid="$(id -g "$1")" --clear-groups "$rollguard" rollback checkout --reason "a test" --wait 60 \
        --socket "$work/state/rollguard.sock" >"$work/rollback.log" 2>&1 || fail "$(cat "$work/rollback.log" "$work/run.log")"
    grep -q acknowledged "$work/rollback.log" || fail "$(cat "$work/rollback.log")"
    kill "$load" "$daemon"
    wait "$daemon" "$load" || true
}

user=nobody
group=haproxy
getent group "$group" >/dev/null || fail "haproxy is not installed"

mkdir -p /run/haproxy
mount -t tmpfs tmpfs /run/haproxy
cat >"$work/haproxy.cfg" <<TEXT
global
    stats socket /run/haproxy/admin.sock mode 660 group $group level admin
defaults
    mode http
    timeout connect 1s
    timeout client 10s
    timeout server 10s
frontend web
    bind 127.0.0.1:$entry
    default_backend checkout
backend checkout
    server old1 127.0.0.1:$old weight 80
    server new1 127.0.0.1:$new weight 20
TEXT
haproxy -db -f "$work/haproxy.cfg" &
haproxy=$!
children+=("$haproxy")
for _ in $(seq 100); do [ -S /run/haproxy/admin.sock ] && break || sleep 0.1; done
configure "{kind: haproxy, socket: /run/haproxy/admin.sock, backend: checkout, servers: {baseline: [old1], canary: [new1]}}"
finds error "$user" "" "" "$work/state"
finds ok "$user" "$group" "" "$work/state"
rolls_back "$user" "$group" "" "$work/state"
kill "$haproxy"
wait "$haproxy" || true
echo "    HAProxy by a unix socket: refused without the group of the socket, proven with it"

mount -t tmpfs tmpfs /etc/nginx
mkdir /etc/nginx/rollguard
mount -t tmpfs tmpfs /var/log/nginx
cat >/etc/nginx/nginx.conf <<TEXT
user www-data;
pid /run/nginx-$entry.pid;
error_log /var/log/nginx/error.log;
events {}
http {
    access_log /var/log/nginx/access.log;
    include /etc/nginx/rollguard/checkout.conf;
    upstream old { server 127.0.0.1:$old; }
    upstream new { server 127.0.0.1:$new; }
    server {
        listen 127.0.0.1:$entry;
        location / { proxy_pass http://\$checkout_version; }
        location = /.rollguard/checkout { default_type application/json; return 200 "\$rollguard_checkout\n"; }
    }
}
TEXT
cat >/etc/nginx/rollguard/checkout.conf <<'TEXT'
split_clients "$request_id" $checkout_version { 20% new; * old; }
map "" $rollguard_checkout { default '{"canary_basis_points":2000,"revision":"first"}'; }
TEXT
/usr/sbin/nginx -g "daemon off;" &
children+=("$!")
for _ in $(seq 100); do curl -fs -o /dev/null "http://127.0.0.1:$entry/.rollguard/checkout" && break || sleep 0.1; done
configure "{kind: nginx, include: /etc/nginx/rollguard/checkout.conf, state_url: \"http://127.0.0.1:$entry/.rollguard/checkout\",
      split: {choices: [{variable: \$checkout_version, key: \$request_id}], baseline: old, canary: new}}"
writable=$work/state,/etc/nginx/rollguard,/run,/var/log/nginx
finds error "$user" "" "" "$writable"
finds error root "" ",+kill,+dac_read_search" "$work/state"
finds ok root "" ",+kill,+dac_read_search" "$writable"
rolls_back root "" ",+kill,+dac_read_search" "$writable"
[ "$(curl -s "http://127.0.0.1:$entry/.rollguard/checkout" | grep -c '"canary_basis_points":0')" = 1 ] ||
    fail "nginx still gives the canary a share"
echo "    nginx by an include: refused without rights and without the folders, proven as root with them"
