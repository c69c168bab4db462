#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what is missing with the system's package manager; where there is
# none that we know, prints the list. Quick when nothing is missing.
set -eu

required="gcc make pkg-config libc6-dev libuv1-dev libjansson-dev libinih-dev libssl-dev \
gnuplot-nox python3 python3-jinja2 libcmocka-dev curl wrk"

die() {
    printf 'deps: %s\n' "$*" >&2
    exit 1
}

# Root as it is, else through sudo.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "installing needs root, and there is no sudo; as root run: $*"
    fi
}

installed() {
    dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'install ok installed'
}

update_once() {
    [ -n "${updated:-}" ] && return
    updated=yes
    as_root apt-get update -q >build/apt.log 2>&1 ||
        die "apt-get update failed: $(tail -n 1 build/apt.log)"
}

install_missing() {
    missing=
    for package in $required; do
        installed "$package" || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    printf 'deps: installing%s\n' "$missing"
    update_once
    # shellcheck disable=SC2086 # a list of words
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
        $missing >>build/apt.log 2>&1 ||
        die "apt-get install failed (build/apt.log): $(tail -n 1 build/apt.log)"
}

# llhttp as a library where the distribution has it; else the C sources inside
# Debian 12's node-llhttp, fetched and unpacked (installing it would bring all
# of Node.js).
fetch_llhttp() {
    [ -f build/llhttp/include/llhttp.h ] || [ -f /usr/include/llhttp.h ] && return
    mkdir -p build/llhttp/include
    if ! (cd build/llhttp && apt-get download -q node-llhttp >>../apt.log 2>&1); then
        update_once
        (cd build/llhttp && apt-get download -q node-llhttp >>../apt.log 2>&1) ||
            die "node-llhttp cannot be downloaded (build/apt.log): $(tail -n 1 build/apt.log)"
    fi
    dpkg-deb -x build/llhttp/node-llhttp_*.deb build/llhttp/package
    share=build/llhttp/package/usr/share
    cp "$share"/llhttp/*.c build/llhttp/
    cp "$share"/include/llhttp/llhttp.h build/llhttp/include/
    rm -rf build/llhttp/package build/llhttp/*.deb
}

mkdir -p build
if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    printf 'deps: no apt here; please install the equivalents of: %s, and llhttp\n' "$required" >&2
    exit 0
fi
install_missing
fetch_llhttp
