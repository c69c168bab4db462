#!/bin/sh
# SPDX-License-Identifier: MIT
# deps-servers.sh PURPOSE PACKAGE...: installs servers, for what only some
# experiments need. Packages of servers start a service: here they are kept
# from it (policy-rc.d, as Debian Policy 9.3.3 has it), and those that we
# install are not started at the next boot either. Troika starts servers of its
# own, whether such a service runs or not.
set -eu

purpose=$1
shift
packages=$*
log=build/apt-$purpose.log
policy=/usr/sbin/policy-rc.d

die() {
    printf 'deps-%s: %s\n' "$purpose" "$*" >&2
    exit 1
}

installed() {
    dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'install ok installed'
}

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    printf 'deps-%s: no apt here; please install the equivalents of: %s\n' "$purpose" "$packages" >&2
    exit 0
fi
missing=
for package in $packages; do
    installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "installing needs root, and there is no sudo; as root run: $0 $purpose $packages"
    # shellcheck disable=SC2086 # a list of words
    exec sudo sh "$0" "$purpose" $packages
fi

printf 'deps-%s: installing%s\n' "$purpose" "$missing"
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
apt-get update -q >"$log" 2>&1 || die "apt-get update failed: $(tail -n 1 "$log")"
# shellcheck disable=SC2086 # a list of words
env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing \
    >>"$log" 2>&1 || die "apt-get install failed: $(tail -n 1 "$log")"
for service in $missing; do
    service=${service%-light}
    [ ! -e "/etc/init.d/$service" ] || update-rc.d "$service" disable >>"$log" 2>&1 || :
done
