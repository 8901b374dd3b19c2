#!/usr/bin/env bash
# Installs what rollguard needs on Debian or Ubuntu; does nothing where it is there already.
#
#   scripts/setup.sh build    what the build needs: libcurl, SQLite
#   scripts/setup.sh test     that, and the real programs that the tests talk to
set -euo pipefail

build_packages=(libcurl4-openssl-dev pkg-config libsqlite3-dev)
test_packages=(curl openssl ca-certificates haproxy nginx-light prometheus prometheus-alertmanager
    prometheus-node-exporter)

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

# The programs are started by the tests on ports of their own: the packages must not start services.
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

command -v swift >/dev/null || { echo "setup: Swift 6.2 or newer is needed: https://swift.org/install" >&2; exit 1; }
case "${1:-build}" in
build) install_missing "${build_packages[@]}" ;;
test) install_missing "${build_packages[@]}" "${test_packages[@]}" ;;
*) echo "usage: scripts/setup.sh build|test" >&2; exit 2 ;;
esac
