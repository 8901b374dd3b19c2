#!/usr/bin/env bash
# Tests what `make dist` made, on a Debian that has nothing else: a root file system that debootstrap makes once
# (.cache/debian-root.tar) and that each run unpacks.
#
#   scripts/test-dist.sh            everything, about two minutes
#
# Checked: lintian, checksums, the bill of materials, manual pages, completions in real shells, the unit, installation,
# the demo, `init` and a first rollback beside a real HAProxy, upgrade, removal and purge of the package, the tarball, and the
# container's root file system: read-only, as a user without rights. Needs root, because it mounts and changes roots.
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$(id -u)" -eq 0 ] || { echo "test-dist: root is needed for chroot" >&2; exit 1; }
# Mounts of this test are seen by nothing else, and end with it.
if [ -z "${ROLLGUARD_TEST_DIST_ISOLATED:-}" ]; then
    ROLLGUARD_TEST_DIST_ISOLATED=1 exec unshare --mount --propagation private -- "$0" "$@"
fi

package=$(ls dist/rollguard_*.deb)
work=$(mktemp -d)
children=()
clean() {
    for child in "${children[@]}"; do kill "$child" 2>/dev/null || true; done
    # The bind mount of the container's root hides what is mounted below it.
    for mounted in "$work"/container/var/lib/rollguard "$work"/container/proc "$work"/container "$work"/*/proc; do
        umount -l "$mounted" 2>/dev/null || true
    done
    rm -rf --one-file-system "$work"
}
trap clean EXIT

step() { echo "test-dist: $*"; }
fail() { echo "test-dist: failed: $*" >&2; exit 1; }
# expect TEXT COMMAND...: the command succeeds, and its output has the text.
expect() {
    local text=$1 output
    shift
    output=$("$@" 2>&1) || fail "$* ended with status $?: $output"
    [[ $output == *"$text"* ]] || fail "$*: '$text' is not in: $output"
}

base() {
    [ -f .cache/debian-root.tar ] && return
    step "making .cache/debian-root.tar (once)"
    mkdir -p .cache
    debootstrap --variant=minbase --include=libcurl4,libsqlite3-0,zlib1g,adduser,ca-certificates bookworm \
        "$work/base" >"$work/debootstrap.log" 2>&1 || fail "debootstrap: $(tail -3 "$work/debootstrap.log")"
    tar -C "$work/base" --exclude=./var/cache/apt --exclude=./var/lib/apt/lists --exclude=./usr/share/locale \
        --exclude=./proc/* -cf .cache/debian-root.tar.new .
    mv .cache/debian-root.tar.new .cache/debian-root.tar
    rm -rf "$work/base"
}

# unpack NAME: a fresh root file system in $work/NAME.
unpack() {
    mkdir "$work/$1"
    tar -C "$work/$1" -xf .cache/debian-root.tar
    mkdir -p "$work/$1/proc" "$work/$1/var/lib/apt/lists" "$work/$1/var/cache/apt"
    mount -t proc proc "$work/$1/proc"
}

inside() { chroot "$work/system" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 "$@"; }

base
step "checksums, lintian, bill of materials"
(cd dist && sha256sum --quiet -c SHA256SUMS)
lintian --fail-on error --tag-display-limit 0 "$package" || fail "lintian"
python3 scripts/dist/check_sbom.py dist/*.spdx.json

step "install"
unpack system
cp "$package" "$work/system/tmp/new.deb"
inside dpkg -i /tmp/new.deb >"$work/install.log" 2>&1 || fail "install: $(cat "$work/install.log")"
grep -q "rollguard init" "$work/install.log" || fail "the installation does not name the next step"
expect "commit" inside rollguard --version
expect "valid: 1 release" inside rollguard check /etc/rollguard/example.yaml
expect "rollguard" inside stat -c %U /var/lib/rollguard
expect "700" inside stat -c %a /var/lib/rollguard
expect "750 rollguard" inside stat -c "%a %G" /etc/rollguard
libraries=$(inside ldd /usr/bin/rollguard)
! grep -q "not found" <<<"$libraries" || fail "libraries are missing: $libraries"
! grep -qi "swift\|Foundation" <<<"$libraries" || fail "the Swift runtime is not linked statically: $libraries"

step "the demo, beside what follows"
inside rollguard demo --fault-after 5 >"$work/demo.log" 2>&1 &
demo=$!
children+=("$demo")

step "manual pages and completions"
scripts/dist/check-shells.sh "$work/system/usr"

step "the unit"
sed "s|/usr/bin/rollguard|$work/system&|" packaging/rollguard.service >"$work/rollguard.service"
systemd-analyze verify --man=no "$work/rollguard.service" >"$work/verify.log" 2>&1 || fail "$(cat "$work/verify.log")"
! grep -q "rollguard" "$work/verify.log" || fail "systemd-analyze verify: $(cat "$work/verify.log")"
systemd-analyze security --offline=true --threshold=15 "$work/system/lib/systemd/system/rollguard.service" \
    >"$work/security.log" 2>&1 || fail "exposure: $(tail -1 "$work/security.log")"
tail -1 "$work/security.log" | sed 's/^/    /'

wait "$demo" || fail "the demo: $(tail -20 "$work/demo.log")"
grep -q "proven" "$work/demo.log" || fail "the demo proves nothing: $(tail -20 "$work/demo.log")"

step "from init to a proven rollback"
scripts/first-rollback.sh --root "$work/system" >"$work/first.log" 2>&1 || fail "$(tail -30 "$work/first.log")"
grep -E "^(init|watching|memory|proven)" "$work/first.log" | sed 's/^/    /'

step "permissions"
scripts/dist/check-permissions.sh "$work/system/usr/bin/rollguard" 2>"$work/permissions.log" ||
    fail "$(tail -20 "$work/permissions.log")"

step "upgrade"
echo "# mine" >>"$work/system/etc/rollguard/example.yaml"
inside touch /var/lib/rollguard/journal.sqlite
dpkg-deb -R "$package" "$work/newer"
sed -i 's/^Version: .*/&.1/' "$work/newer/DEBIAN/control"
echo "# changed by the package" >>"$work/newer/etc/rollguard/example.yaml"
dpkg-deb --root-owner-group -Zgzip -z1 --build "$work/newer" "$work/system/tmp/newer.deb" >/dev/null
inside dpkg --force-confold -i /tmp/newer.deb >"$work/upgrade.log" 2>&1 || fail "upgrade: $(cat "$work/upgrade.log")"
! grep -q "rollguard init" "$work/upgrade.log" || fail "an upgrade greets as a new installation"
grep -q "# mine" "$work/system/etc/rollguard/example.yaml" || fail "an upgrade overwrote a changed configuration"
[ -f "$work/system/etc/rollguard/example.yaml.dpkg-dist" ] || fail "the new example was not put beside the changed one"
[ -f "$work/system/var/lib/rollguard/journal.sqlite" ] || fail "an upgrade lost the state"

step "remove, purge"
inside dpkg -r rollguard >/dev/null 2>&1 || fail "remove"
[ ! -e "$work/system/usr/bin/rollguard" ] || fail "the program is there after the removal"
[ -f "$work/system/var/lib/rollguard/journal.sqlite" ] || fail "the removal took the state"
[ -f "$work/system/etc/rollguard/example.yaml" ] || fail "the removal took the configuration"
inside dpkg --purge rollguard >"$work/purge.log" 2>&1 || fail "purge: $(cat "$work/purge.log")"
[ ! -e "$work/system/var/lib/rollguard" ] || fail "the state is there after the purge"
[ ! -e "$work/system/etc/rollguard" ] || fail "the configuration is there after the purge"
left=$(cd "$work/system" && find usr etc lib var/lib/systemd -path '*rollguard*' 2>/dev/null || true)
[ -z "$left" ] || fail "the purge left: $left"

step "tarball"
mkdir "$work/system/opt/rollguard"
tar -C "$work/system/opt/rollguard" --strip-components=1 -xzf dist/rollguard-*.tar.gz
expect "commit" inside /opt/rollguard/bin/rollguard --version

step "container: read-only, without rights"
unpack container
cp "$package" "$work/container/tmp/new.deb"
chroot "$work/container" dpkg -i /tmp/new.deb >/dev/null 2>&1
cat >"$work/container/etc/rollguard/rollguard.yaml" <<'YAML'
state: /var/lib/rollguard
listen: 127.0.0.1:19411
releases:
  - name: checkout
    pools:
      baseline: {version: v1, targets: ["127.0.0.1:1"]}
      canary: {version: v2, targets: ["127.0.0.1:2"]}
    indicators: {requests: requests_total, errors: "requests_total{code=~\"5..\"}"}
    router: {kind: gray, instances: ["http://127.0.0.1:3"]}
    rules: [/usr/share/rollguard/rules/error-rate.yaml]
YAML
python3 scripts/dist/containerfile.py packaging/Containerfile >"$work/container.env"
# shellcheck source=/dev/null
. "$work/container.env"
mount --bind "$work/container" "$work/container"
mount -o remount,ro,bind "$work/container"
mount -t proc proc "$work/container/proc"
mount -t tmpfs -o mode=0700,uid="$(chroot "$work/container" id -u "$container_user")" tmpfs \
    "$work/container/var/lib/rollguard"
contained() { chroot --userspec="$container_user:$container_user" "$work/container" env -i PATH=/usr/bin:/bin "$@"; }
first=$(python3 scripts/dist/first_scrape.py 1 chroot --userspec="$container_user:$container_user" "$work/container" \
    env -i PATH=/usr/bin:/bin "${container_command[@]}") || fail "no first scrape"
echo "    the first scrape: $first ms after the start"
! contained touch /tmp/x 2>/dev/null || fail "the container's root file system can be written"
contained "${container_command[@]}" >"$work/container.log" 2>&1 &
children+=("$!")
for _ in $(seq 100); do
    contained "${container_health[@]}" >"$work/health.log" 2>&1 && healthy=1 && break
    sleep 0.1
done
[ -n "${healthy:-}" ] || fail "the container's health check: $(cat "$work/health.log" "$work/container.log")"
grep -q "checkout" "$work/health.log" || fail "the health check shows no release: $(cat "$work/health.log")"

step "passed: $(du -h "$package" | cut -f1) package, $(stat -c %s "$work/newer/usr/bin/rollguard") bytes of program"
