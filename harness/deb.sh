#!/bin/sh
# SPDX-License-Identifier: MIT
# deb.sh OUT VERSION: makes build/troika_VERSION_ARCH.deb of what `make install`
# copies. dpkg-shlibdeps says which libraries the programs need. DEBFULLNAME and
# DEBEMAIL name who made it (debchange(1)).
set -eu

out=$1
# A Debian version begins with a digit: 0 and the commit.
version=0.$(date -u -d "@$(git log -1 --format=%ct 2>/dev/null || date +%s)" +%Y%m%d)+git$(printf '%s' "$2" | tr -c 'A-Za-z0-9.\n' .)
arch=$(dpkg --print-architecture)
root=build/deb/root
maintainer="${DEBFULLNAME:-The Troika authors} <${DEBEMAIL:-troika@troika.invalid}>"
readme=README.md
doc=$root/usr/share/doc/troika

command -v dpkg-shlibdeps >/dev/null || {
    echo "deb: dpkg-dev is missing: make deps-install" >&2
    exit 1
}
rm -rf build/deb
mkdir -p build/deb/debian "$root/DEBIAN"
sh harness/install.sh "$out" "$root" /usr >/dev/null
mv "$root/usr/lib/troika/$readme" "build/deb/$readme"
rm -f "$root/usr/lib/troika/LICENSE"
# Debian's zsh looks for what packages bring in this folder (zsh's README.Debian).
mv "$root/usr/share/zsh/site-functions" "$root/usr/share/zsh/vendor-completions"
find "$root/usr/lib/troika/build" -type f -perm -u+x -exec sh -c '
    for program; do
        head -c 4 "$program" | grep -q ELF && strip --strip-unneeded --remove-section=.comment "$program"
    done; true' sh {} +
gzip -9n "$root"/usr/share/man/man1/*.1

install -D -m 644 "build/deb/$readme" "$doc/$readme"
{
    echo "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/"
    echo "Upstream-Name: Troika"
    echo
    echo "Files: *"
    echo "Copyright: $(sed -n 's/^Copyright (c) //p' LICENSE)"
    echo "License: Expat"
    sed -n '/^Permission/,$p' LICENSE | sed 's/^$/./; s/^/ /'
} >"$doc/copyright"
{
    echo "troika ($version) unstable; urgency=medium"
    echo
    echo "  * Built from commit $2."
    echo
    echo " -- $maintainer  $(date -u -R)"
} | gzip -9n >"$doc/changelog.gz"
chmod 644 "$doc"/*

printf 'Source: troika\n\nPackage: troika\nArchitecture: any\nDescription: x\n' >build/deb/debian/control
programs=$(cd build/deb && find root/usr/lib/troika/build -type f -perm -u+x -exec sh -c \
    'for p; do head -c 4 "$p" | grep -q ELF && echo "$p"; done; true' sh {} +)
# shellcheck disable=SC2086 # a list of words
libraries=$(cd build/deb && dpkg-shlibdeps -O $programs 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
cat >"$root/DEBIAN/control" <<CONTROL
Package: troika
Version: $version
Architecture: $arch
Maintainer: $maintainer
Section: utils
Priority: optional
Installed-Size: $(du -sk --exclude=DEBIAN "$root" | cut -f1)
Depends: $libraries, python3, python3-jinja2, gnuplot-nox | gnuplot
Suggests: nodejs, postgresql, redis-server
Description: which concurrency model should serve your requests
 Troika runs one handler under threads, event loops and processes, behind one
 HTTP server and under one load, and measures throughput, latency, memory and
 CPU of the whole server. It forecasts services, sizes pools, and ends in
 charts, a report and a decision record.
CONTROL
(cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
find "$root" -type d -exec chmod 755 {} +
dpkg-deb --root-owner-group --build "$root" "build/troika_${version}_$arch.deb"
