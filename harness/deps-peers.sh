#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the servers and load generators that `make bench-peers` and
# `make bench-generators` compare with. Packages of servers start a service:
# here they are kept from it (policy-rc.d, as Debian Policy 9.3.3 has it), and
# those that we install are not started at the next boot either.
set -eu

packages="nginx-light haproxy lighttpd apache2 wrk nghttp2-client apache2-utils"
policy=/usr/sbin/policy-rc.d

die() {
    printf 'deps-peers: %s\n' "$*" >&2
    exit 1
}

installed() {
    dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'install ok installed'
}

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    printf 'deps-peers: no apt here; please install the equivalents of: %s\n' "$packages" >&2
    exit 0
fi
missing=
for package in $packages; do
    installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "installing needs root, and there is no sudo; as root run: $0"
    exec sudo sh "$0"
fi

printf 'deps-peers: installing%s\n' "$missing"
mkdir -p build
made=
cleanup() { [ -z "$made" ] || rm -f "$policy"; }
trap cleanup EXIT
trap 'exit 1' INT TERM
if [ ! -e "$policy" ]; then
    made=yes
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
fi
apt-get update -q >build/apt-peers.log 2>&1 || die "apt-get update failed: $(tail -n 1 build/apt-peers.log)"
# shellcheck disable=SC2086 # a list of words
env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing \
    >>build/apt-peers.log 2>&1 || die "apt-get install failed: $(tail -n 1 build/apt-peers.log)"
for service in $missing; do
    service=${service%-light}
    [ ! -e "/etc/init.d/$service" ] || update-rc.d "$service" disable >>build/apt-peers.log 2>&1 || :
done
