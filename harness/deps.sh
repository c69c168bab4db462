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

# Sets `root` to what makes root of us: nothing for root, else sudo, which may
# ask for a password. Where there is no way, says what somebody else may do.
become_root() {
    root=
    [ "$(id -u)" != 0 ] || return 0
    root=sudo
    if ! command -v sudo >/dev/null; then
        why='there is no sudo'
    elif sudo true; then
        return 0
    else
        why='sudo refused'
    fi
    die "$1: that needs root, and $why. Have root run this, then call make again:
    $2"
}

installed() {
    dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'install ok installed'
}

update_once() {
    [ -n "${updated:-}" ] && return
    updated=yes
    $root apt-get update -q >build/apt.log 2>&1 ||
        die "apt-get update failed (build/apt.log): $(tail -n 1 build/apt.log)"
}

install_missing() {
    missing=
    for package in $required; do
        installed "$package" || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    become_root "installing$missing" \
        "apt-get update && apt-get install -y --no-install-recommends$missing"
    printf 'deps: installing%s\n' "$missing"
    update_once
    # shellcheck disable=SC2086 # a list of words
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
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
        become_root 'looking for the package node-llhttp, which is unpacked below build/' 'apt-get update'
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
